/** The projects that the caller sees, oldest first. */
import { listById } from '../access/list.js'
import type { Context } from '../context.js'
import { Project } from '../entities/project.js'

export const listProjects = (ctx: Context): Promise<Project[]> => listById(ctx, Project)
