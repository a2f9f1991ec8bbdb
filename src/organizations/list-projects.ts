/** Lists the projects that the caller can read, oldest first. */
import type { Context } from '../context/context.js'
import { Project } from '../entities/project.js'
import { listById } from '../pagination/paginate.js'

export const listProjects = (ctx: Context): Promise<Project[]> => listById(ctx, Project)
