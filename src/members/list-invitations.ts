/** Lists all invitations, newest first, including accepted, revoked and expired ones. */
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { Invitation } from '../entities/invitation.js'
import type { PageArguments } from '../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../pagination/paginate.js'

export async function listInvitations(ctx: Context, page: PageArguments): Promise<Page<Invitation>> {
  parsePageArgs(ctx.em, Invitation, page)
  requirePermission(ctx.actor, 'member:read')
  return paginate(ctx, Invitation, page)
}
