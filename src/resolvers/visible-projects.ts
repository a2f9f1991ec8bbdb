/** Loads the projects of a membership that are visible to the caller. */
import { effectiveProjectIds, type Membership } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { Project } from '../entities/project.js'

/** Null means every project. Projects that the caller does not see are left out. */
export async function visibleProjects(ctx: Context, membership: Membership): Promise<Project[] | null> {
  const ids = effectiveProjectIds(membership)
  if (!ids) return null
  const projects = await Promise.all(ids.map((id) => ctx.load(Project, id)))
  return projects.filter((project) => project !== null)
}
