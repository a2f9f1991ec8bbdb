/** Finds the end user that a request acts for. */
import type { Actor } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { EndUser } from '../entities/end-user.js'

/** Null if the actor acts for none. An end user that is not recorded yet was first and last seen by this request. */
export async function findActingEndUser(ctx: Context, actor: Actor): Promise<EndUser | null> {
  const { endUser, environment, organizationId } = actor
  const projectId = actor.projectIds?.[0]
  if (!endUser || !environment || projectId === undefined) return null
  const now = ctx.now()
  const unrecorded = { ...endUser, organizationId, projectId, environment, firstSeenAt: now, lastSeenAt: now }
  return (await ctx.load(EndUser, endUser.id)) ?? Object.assign(new EndUser(), unrecorded)
}
