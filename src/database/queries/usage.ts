/**
 * Aggregation and recording of usage counts.
 * The entity manager cannot group, so the aggregate query contains the caller's organization, projects and environment.
 */
import type { UsageInterval } from '../../entities/enums.js'
import type { Scope } from '../../entities/tenant-filter.js'
import { ALL_END_USERS, dimensionColumns, type UsageDimension } from '../../entities/usage-count.js'
import type { TenantQuery } from '../query-runner.js'

/** Allowed values by column. */
export type UsageCondition = Readonly<
  Partial<Record<'project_id' | 'environment' | 'api_key_id' | 'end_user_id' | 'operation', readonly string[] | null | undefined>>
>

/** Arguments of a usage aggregation; `from` is inclusive and `to` is exclusive. */
export interface AggregateQuery {
  readonly interval: UsageInterval
  readonly from: Date
  readonly to: Date
  readonly groupBy: readonly UsageDimension[]
  readonly wanted: UsageCondition
  readonly limit: number
}

/** Builds the aggregate query; tests run `explain` on the same statement. */
export function usageQuery(scope: Scope, query: AggregateQuery, isPostgres: boolean): TenantQuery {
  const { interval, from, to, groupBy, wanted, limit } = query
  const columns = groupBy.map((dimension) => dimensionColumns[dimension])
  const isByEndUser = columns.includes('end_user_id') || wanted.end_user_id != null
  const time = (at: Date): unknown => (isPostgres ? at : at.getTime())
  const lists: [string, readonly string[] | null | undefined][] = [
    ['project_id', scope.projectIds],
    ['environment', scope.environment && [scope.environment]],
    ...Object.entries(wanted),
  ]
  const conditions = lists.flatMap(([column, values]) =>
    values ? [{ sql: `${column} in (${values.map(() => '?').join(', ')})`, values }] : [],
  )
  const selected = ['start', ...columns].join(', ')
  return {
    sql: `select ${selected}, sum(requests) as requests, sum(denied) as denied from usage_count
      where organization_id = ? and length = ? and end_user_id ${isByEndUser ? '<>' : '='} ? and start >= ? and start < ?
      ${conditions.map(({ sql }) => `and ${sql}`).join(' ')}
      group by ${selected} order by ${selected} limit ${limit}`,
    parameters: [scope.organizationId, interval, ALL_END_USERS, time(from), time(to), ...conditions.flatMap(({ values }) => [...values])],
    isIndexed: false,
  }
}

/** Maximum of the database column and of GraphQL's Int. */
export const maxInt32 = 2_147_483_647

const columns = ['organization_id', 'length', 'end_user_id', 'start', 'project_id', 'environment', 'api_key_id', 'operation'] as const

export const usageColumns = [...columns, 'requests', 'denied'].join(', ')

const onConflict = (least: string, cast: string): string => `on conflict (${columns.join(', ')}) do update set
  requests = ${least}(usage_count.requests${cast} + excluded.requests, ${maxInt32}),
  denied = ${least}(usage_count.denied${cast} + excluded.denied, ${maxInt32})`

/** Adds a row of counts on SQLite. */
export const upsertUsage = `insert into usage_count (${usageColumns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ${onConflict('min', '')}`

/** Adds rows of counts on PostgreSQL, from a JSON array. */
export const upsertUsageBatch = `insert into usage_count (${usageColumns}) select ${usageColumns} from json_populate_recordset(null::usage_count, ?) ${onConflict('least', '::bigint')}`

// The condition on the organization lets the index on organization, length and start apply.
export const deleteExpired = 'delete from usage_count where organization_id in (select id from organization) and length = ? and start < ?'
