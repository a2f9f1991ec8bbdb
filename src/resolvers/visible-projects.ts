/** The projects of a membership, as far as the viewer sees them. */
import { effectiveProjectIds, type Membership } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { Project } from '../entities/project.js'

/** Null: every project. One that the viewer does not have does not exist for them, here either. */
export async function visibleProjects(ctx: Context, membership: Membership): Promise<Project[] | null> {
  const ids = effectiveProjectIds(membership)
  if (!ids) return null
  const projects = await Promise.all(ids.map((id) => ctx.load(Project, id)))
  return projects.filter((project) => project !== null)
}
