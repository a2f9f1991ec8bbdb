/** Lists the organization's members, newest first, regardless of their projects. */
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { Member } from '../entities/member.js'
import type { PageArguments } from '../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../pagination/paginate.js'

const newestFirst = { field: 'joinedAt', direction: 'DESC' } as const

export async function listMembers(ctx: Context, page: PageArguments): Promise<Page<Member>> {
  parsePageArgs(ctx.em, Member, page, newestFirst)
  requirePermission(ctx.actor, 'member:read')
  return paginate(ctx, Member, page, {}, newestFirst)
}
