/** Lists the caller's own unexpired personal tokens, newest first. */
import { requireUser } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { PersonalToken } from '../entities/personal-token.js'
import type { PageArguments } from '../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../pagination/paginate.js'

export const newestFirst = { field: 'issuedAt', direction: 'DESC' } as const

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN when the caller is not a user */
export async function listOwnTokens(ctx: Context, page: PageArguments): Promise<Page<PersonalToken>> {
  parsePageArgs(ctx.em, PersonalToken, page, newestFirst)
  const { userId } = requireUser(ctx.actor)
  return paginate(ctx, PersonalToken, page, { userId, expiresAt: { $gt: ctx.now() } }, newestFirst)
}
