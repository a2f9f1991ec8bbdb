/** Lists the projects that the caller can read, oldest first. */
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { Project } from '../entities/project.js'
import { listById } from '../pagination/paginate.js'

/** @throws DomainError FORBIDDEN */
export async function listProjects(ctx: Context): Promise<Project[]> {
  requirePermission(ctx.actor, 'project:read')
  return listById(ctx, Project)
}
