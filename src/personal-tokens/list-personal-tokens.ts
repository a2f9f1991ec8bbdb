/** Lists of personal tokens: one's own, and for those who may the whole organization's. Expired ones are hidden. */
import { requireUser } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { PersonalToken } from '../entities/personal-token.js'
import type { PageArguments } from '../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../pagination/paginate.js'

export const newestFirst = { field: 'issuedAt', direction: 'DESC' } as const

/** @throws DomainError FORBIDDEN for a caller who is no person. */
export async function listOwnTokens(ctx: Context, page: PageArguments): Promise<Page<PersonalToken>> {
  parsePageArgs(ctx.em, PersonalToken, page, newestFirst)
  const { userId } = requireUser(ctx.actor)
  return paginate(ctx, PersonalToken, page, { userId, expiresAt: { $gt: ctx.now() } }, newestFirst)
}
