/** All invitations that were ever made, newest first. */
import { checkPage, list, type Page } from '../access/list.js'
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context.js'
import { Invitation } from '../entities/invitation.js'
import type { PageArguments } from '../lib/page.js'

export async function listInvitations(ctx: Context, page: PageArguments): Promise<Page<Invitation>> {
  checkPage(ctx.em, Invitation, page)
  requirePermission(ctx.actor, 'member:read')
  return list(ctx, Invitation, page)
}
