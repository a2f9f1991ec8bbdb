/** Lists the OAuth grants that the caller can read, newest first. */
import { requirePermission } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import type { Condition } from '../../database/queries/lists.js'
import type { Environment } from '../../entities/enums.js'
import { OAuthGrant } from '../../entities/oauth-grant.js'
import type { PageArguments } from '../../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../../pagination/paginate.js'
import { deriveEndUserIds } from '../../tenancy/end-user.js'
import { environmentFilter } from '../../tenancy/environment.js'

export interface OAuthGrantFilterArgs {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
  readonly serverId?: string | null | undefined
  readonly apiKeyId?: string | null | undefined
  readonly clientId?: string | null | undefined
  readonly externalUserId?: string | null | undefined
  readonly isRevoked?: boolean | null | undefined
}

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listOAuthGrants(ctx: Context, page: PageArguments, filter: OAuthGrantFilterArgs): Promise<Page<OAuthGrant>> {
  const { projectId, serverId, apiKeyId, clientId, externalUserId, isRevoked } = filter
  const conditions: Condition[] = [environmentFilter(ctx.actor, filter.environment)]
  if (projectId != null) conditions.push({ projectId })
  if (serverId != null) conditions.push({ serverId })
  if (apiKeyId != null) conditions.push({ apiKeyId })
  if (clientId != null) conditions.push({ clientId })
  if (isRevoked != null) conditions.push({ revokedAt: isRevoked ? { $ne: null } : null })
  parsePageArgs(ctx.em, OAuthGrant, page)
  requirePermission(ctx.actor, 'oauth_grant:read')
  if (externalUserId != null) conditions.push({ endUserId: { $in: await deriveEndUserIds(ctx, [externalUserId], filter) } })
  return paginate(ctx, OAuthGrant, page, { $and: conditions })
}
