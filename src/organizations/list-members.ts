/** The members of the organization, newest first, whatever projects they have. */
import { checkPage, list, type Page } from '../access/list.js'
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context.js'
import { Member } from '../entities/member.js'
import type { PageArguments } from '../lib/page.js'

const newestFirst = { field: 'joinedAt', direction: 'DESC' } as const

export async function listMembers(ctx: Context, page: PageArguments): Promise<Page<Member>> {
  checkPage(ctx.em, Member, page, newestFirst)
  requirePermission(ctx.actor, 'member:read')
  return list(ctx, Member, page, {}, newestFirst)
}
