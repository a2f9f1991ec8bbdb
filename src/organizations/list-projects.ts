/** The projects that the caller sees, oldest first. */
import type { Context } from '../context.js'
import { Project } from '../entities/project.js'

export const listProjects = (ctx: Context): Promise<Project[]> => ctx.em.findAll(Project, { orderBy: { id: 'ASC' } })
