/** Lists the access tokens that the caller can read, newest first. */
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import type { Condition } from '../database/queries/lists.js'
import { accessTokensWithStatus } from '../database/queries/live-credentials.js'
import { AccessToken } from '../entities/access-token.js'
import type { CredentialStatus, Environment } from '../entities/enums.js'
import type { PageArguments } from '../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../pagination/paginate.js'
import { deriveEndUserIds } from '../tenancy/end-user.js'
import { environmentFilter } from '../tenancy/environment.js'

export interface AccessTokenFilterArgs {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
  readonly apiKeyId?: string | null | undefined
  readonly externalUserId?: string | null | undefined
  readonly status?: CredentialStatus | null | undefined
}

/** Sort by id, which is time-ordered: `issuedAt` has whole seconds only. */
const newestFirst = { field: 'id', direction: 'DESC' } as const

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listAccessTokens(ctx: Context, page: PageArguments, filter: AccessTokenFilterArgs): Promise<Page<AccessToken>> {
  const conditions: Condition[] = [environmentFilter(ctx.actor, filter.environment)]
  parsePageArgs(ctx.em, AccessToken, page, newestFirst)
  requirePermission(ctx.actor, 'access_token:read')
  if (filter.projectId != null) conditions.push({ projectId: filter.projectId })
  if (filter.apiKeyId != null) conditions.push({ apiKeyId: filter.apiKeyId })
  if (filter.externalUserId != null) conditions.push({ endUserId: { $in: await deriveEndUserIds(ctx, [filter.externalUserId], filter) } })
  if (filter.status) conditions.push(accessTokensWithStatus(filter.status, ctx.now()))
  return paginate(ctx, AccessToken, page, { $and: conditions }, newestFirst)
}
