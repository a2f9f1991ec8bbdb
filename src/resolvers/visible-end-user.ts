/** Loads the end user of a row, if it is visible to the caller. */
import { can } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { EndUser } from '../entities/end-user.js'

/** An end user sees itself without `end_user:read`, so that a page can distinguish its own servers from shared ones. */
export async function visibleEndUser(ctx: Context, { endUserId }: { endUserId: string | null }): Promise<EndUser | null> {
  if (endUserId === null) return null
  const isOwn = ctx.actor.endUser?.id === endUserId
  return isOwn || can(ctx.actor, 'end_user:read') ? ctx.load(EndUser, endUserId) : null
}
