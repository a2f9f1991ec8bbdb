/** The records of exchanged tokens that the caller sees, newest first. */
import { raw } from '@mikro-orm/core'

import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { isRevoked } from '../database/queries/live-credentials.js'
import { AccessToken } from '../entities/access-token.js'
import type { CredentialStatus, Environment } from '../entities/enums.js'
import type { PageArguments } from '../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../pagination/paginate.js'
import { deriveEndUserIds } from '../tenancy/end-user.js'
import { environmentFilter } from '../tenancy/environment.js'

export interface AccessTokenQuery {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
  readonly apiKeyId?: string | null | undefined
  readonly externalUserId?: string | null | undefined
  readonly status?: CredentialStatus | null | undefined
}

type Where = Record<PropertyKey, unknown>

/** Ids rise with the time of issue, and issue is recorded in whole seconds only. */
const latestIssued = { field: 'id', direction: 'DESC' } as const

function withStatus(status: CredentialStatus, now: Date): Where {
  if (status === 'REVOKED') return { [raw(isRevoked)]: [] }
  return { [raw(`not ${isRevoked}`)]: [], expiresAt: status === 'EXPIRED' ? { $lte: now } : { $gt: now } }
}

export async function listAccessTokens(ctx: Context, page: PageArguments, filter: AccessTokenQuery): Promise<Page<AccessToken>> {
  const conditions: Where[] = [environmentFilter(ctx.actor, filter.environment)]
  parsePageArgs(ctx.em, AccessToken, page, latestIssued)
  requirePermission(ctx.actor, 'access_token:read')
  if (filter.projectId != null) conditions.push({ projectId: filter.projectId })
  if (filter.apiKeyId != null) conditions.push({ apiKeyId: filter.apiKeyId })
  if (filter.externalUserId != null) conditions.push({ endUserId: { $in: await deriveEndUserIds(ctx, [filter.externalUserId], filter) } })
  if (filter.status) conditions.push(withStatus(filter.status, ctx.now()))
  return paginate(ctx, AccessToken, page, { $and: conditions }, latestIssued)
}
