/** Lists the unexpired personal tokens of every member, newest first. */
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { PersonalToken } from '../entities/personal-token.js'
import type { PageArguments } from '../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../pagination/paginate.js'
import { newestFirst } from './list-personal-tokens.js'

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listOrganizationTokens(ctx: Context, page: PageArguments): Promise<Page<PersonalToken>> {
  parsePageArgs(ctx.em, PersonalToken, page, newestFirst)
  requirePermission(ctx.actor, 'personal_token:read')
  return paginate(ctx, PersonalToken, page, { expiresAt: { $gt: ctx.now() } }, newestFirst)
}
