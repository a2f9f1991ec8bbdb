/** Lists of personal tokens: one's own, and for those who may the whole organization's. Expired ones are hidden. */
import { personBehind } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { PersonalToken } from '../entities/personal-token.js'
import type { PageArguments } from '../pagination/page.js'
import { checkPage, list, type Page } from '../pagination/paginate.js'

export const newestFirst = { field: 'issuedAt', direction: 'DESC' } as const

/** @throws DomainError FORBIDDEN for a caller who is no person. */
export async function listOwnTokens(ctx: Context, page: PageArguments): Promise<Page<PersonalToken>> {
  checkPage(ctx.em, PersonalToken, page, newestFirst)
  const { userId } = personBehind(ctx.actor)
  return list(ctx, PersonalToken, page, { userId, expiresAt: { $gt: ctx.now() } }, newestFirst)
}
