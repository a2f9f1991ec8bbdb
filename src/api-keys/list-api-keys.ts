/** Lists the API keys that the caller can read, filtered and sorted. */
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { containsFilter } from '../database/dialect.js'
import type { Condition } from '../database/queries/lists.js'
import { apiKeysWithStatus } from '../database/queries/live-credentials.js'
import { ApiKey } from '../entities/api-key.js'
import type { CredentialStatus, Environment } from '../entities/enums.js'
import type { PageArguments } from '../pagination/page.js'
import { parsePageArgs, paginate, newestFirst, type Page } from '../pagination/paginate.js'
import { environmentFilter } from '../tenancy/environment.js'
import { validateFilter } from '../validation/filters.js'

export interface ApiKeyFilterArgs {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
  readonly statuses?: readonly CredentialStatus[] | null | undefined
  readonly search?: string | null | undefined
  readonly expiresBefore?: Date | null | undefined
  readonly unusedSince?: Date | null | undefined
}

export const apiKeyOrderFields = { CREATED_AT: 'createdAt', LABEL: 'label', LAST_USED_AT: 'lastUsedAt' } as const

export interface ApiKeyOrderArgs {
  readonly field: keyof typeof apiKeyOrderFields
  readonly direction: 'ASC' | 'DESC'
}

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listApiKeys(
  ctx: Context,
  page: PageArguments,
  filter: ApiKeyFilterArgs,
  sorting?: ApiKeyOrderArgs | null,
): Promise<Page<ApiKey>> {
  const { actor } = ctx
  validateFilter({ ...filter })
  const conditions: Condition[] = [environmentFilter(actor, filter.environment)]
  if (filter.projectId != null) conditions.push({ projectId: filter.projectId })
  if (filter.statuses) conditions.push({ $or: [...filter.statuses.map((status) => apiKeysWithStatus(status, ctx.now())), { id: '' }] })
  if (filter.search) conditions.push(containsFilter(ctx, 'label', filter.search))
  if (filter.expiresBefore) conditions.push({ expiresAt: { $lt: filter.expiresBefore } })
  if (filter.unusedSince) conditions.push({ $or: [{ lastUsedAt: null }, { lastUsedAt: { $lt: filter.unusedSince } }] })
  const order = sorting
    ? { field: apiKeyOrderFields[sorting.field], direction: sorting.direction, hasNulls: sorting.field !== 'CREATED_AT' }
    : newestFirst
  parsePageArgs(ctx.em, ApiKey, page, order)
  requirePermission(actor, 'api_key:read')
  return paginate(ctx, ApiKey, page, { $and: conditions }, order)
}
