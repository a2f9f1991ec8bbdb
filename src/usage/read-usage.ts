/** Reads usage: counts of requests and denied requests by interval, grouped by the requested dimensions. */
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { toDate } from '../database/dialect.js'
import { usageQuery, maxInt32 } from '../database/queries/usage.js'
import type { Environment, UsageInterval } from '../entities/enums.js'
import { dimensionColumns, type UsageDimension } from '../entities/usage-count.js'
import { badUserInput } from '../lib/errors.js'
import { deriveEndUserIds } from '../tenancy/end-user.js'
import { environmentFilter } from '../tenancy/environment.js'
import { validateFilter, queryableValues } from '../validation/filters.js'
import { intervalLengthMs, intervalStart, maxIntervals, storedInterval } from './intervals.js'

/** Maximum rows of one response. */
export const maxRows = 1000

export interface ReadUsageArgs {
  /** Inclusive; rounded down to the start of its interval. */
  readonly from: Date
  /** Exclusive. */
  readonly to: Date
  readonly interval: UsageInterval
  readonly groupBy?: readonly UsageDimension[] | null | undefined
  readonly filter?: UsageFilterArgs | null | undefined
}

export interface UsageFilterArgs {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
  readonly apiKeyIds?: readonly string[] | null | undefined
  readonly externalUserIds?: readonly string[] | null | undefined
  readonly operations?: readonly string[] | null | undefined
  readonly byPeople?: boolean | null | undefined
}

/** `apiKeyId`, `endUserId` and `operation` are null when not grouped by, or when the request had none. */
export interface UsageRow {
  readonly start: Date
  readonly apiKeyId: string | null
  readonly endUserId: string | null
  readonly operation: string | null
  readonly requests: number
  readonly denied: number
}

/** @throws RequestError BAD_USER_INPUT for an invalid range, too many intervals or too many rows; DomainError FORBIDDEN */
export async function readUsage(ctx: Context, query: ReadUsageArgs): Promise<UsageRow[]> {
  const { actor } = ctx
  const { to } = query
  const interval = storedInterval(query.interval, { from: query.from, to, now: ctx.now() })
  const isTotal = query.interval === 'TOTAL'
  const filter = query.filter ?? {}
  const from = intervalStart(query.from, interval)
  if (query.from >= to) throw badUserInput('"from" must be before "to".')
  if (to.getTime() - from.getTime() > maxIntervals * intervalLengthMs[interval]) {
    throw badUserInput(`"from" to "to" must span at most ${maxIntervals} intervals. Choose a shorter time or a longer interval.`)
  }
  validateFilter({ ...filter })
  const maxDimensions = Object.keys(dimensionColumns).length
  if (query.groupBy && query.groupBy.length > maxDimensions) throw badUserInput(`"groupBy" must have at most ${maxDimensions} entries.`)
  environmentFilter(actor, filter.environment)
  requirePermission(actor, 'usage:read')
  const { externalUserIds, projectId, environment } = filter
  const conditions = {
    project_id: projectId == null ? null : queryableValues([projectId]),
    environment: environment && [environment],
    api_key_id: filter.apiKeyIds && queryableValues(filter.apiKeyIds),
    operation: filter.operations && queryableValues(filter.operations),
    end_user_id: externalUserIds && (await deriveEndUserIds(ctx, externalUserIds, { projectId, environment })),
  }
  // An empty list matches nothing, and SQL has no empty `in ()`.
  if (Object.values(conditions).some((values) => values?.length === 0)) return []
  const groupBy = [...new Set(query.groupBy)]
  const { byPeople } = filter
  const aggregateQuery = { interval, isTotal, from, to, groupBy, wanted: conditions, byPeople, limit: maxRows + 1 }
  const rows = await ctx.query(usageQuery(actor, aggregateQuery))
  if (rows.length > maxRows)
    throw badUserInput(`The result would have more than ${maxRows} rows. Choose a shorter time, or fewer "groupBy" entries.`)
  return rows.map((row) => ({
    start: isTotal ? from : toDate(row['start']),
    apiKeyId: (row['api_key_id'] as string | undefined) || null,
    endUserId: (row['end_user_id'] as string | undefined) || null,
    operation: (row['operation'] as string | undefined) || null,
    requests: Math.min(Number(row['requests']), maxInt32),
    denied: Math.min(Number(row['denied']), maxInt32),
  }))
}
