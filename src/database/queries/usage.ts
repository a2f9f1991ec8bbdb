/**
 * Aggregation and recording of usage counts.
 * The entity manager cannot group, so the aggregate query contains the caller's organization, projects and environment.
 */
import type { StoredInterval } from '../../entities/enums.js'
import type { Scope } from '../../entities/tenant-filter.js'
import { ALL_END_USERS, dimensionColumns, type UsageDimension } from '../../entities/usage-count.js'
import type { TenantQuery } from '../query-runner.js'
import type { OnConflict } from './inserts.js'

/** Allowed values by column. */
export type UsageCondition = Readonly<
  Partial<Record<'project_id' | 'environment' | 'api_key_id' | 'end_user_id' | 'operation', readonly string[] | null | undefined>>
>

/** Arguments of a usage aggregation; `from` is inclusive and `to` is exclusive. */
export interface AggregateQuery {
  readonly interval: StoredInterval
  /** Sums all intervals of the range. */
  readonly isTotal: boolean
  readonly from: Date
  readonly to: Date
  readonly groupBy: readonly UsageDimension[]
  readonly wanted: UsageCondition
  /** True: requests with personal tokens only. False: all others. Null: both. */
  readonly byPeople: boolean | null | undefined
  readonly limit: number
}

/** Builds the aggregate query; tests run `explain` on the same statement. */
export function usageQuery(scope: Scope, query: AggregateQuery): TenantQuery {
  const { interval, isTotal, from, to, groupBy, wanted, byPeople, limit } = query
  const columns = groupBy.map((dimension) => dimensionColumns[dimension])
  const isByEndUser = columns.includes('end_user_id') || wanted.end_user_id != null
  const lists: [string, readonly string[] | null | undefined][] = [
    ['project_id', scope.projectIds],
    ['environment', scope.environment && [scope.environment]],
    ...Object.entries(wanted),
  ]
  const conditions = lists.flatMap(([column, values]) =>
    values ? [{ sql: `${column} in (${values.map(() => '?').join(', ')})`, values }] : [],
  )
  const selected = isTotal ? columns : ['start', ...columns]
  const isPeople = byPeople == null ? '' : `and api_key_id ${byPeople ? '=' : '<>'} ''`
  // Without a group the sum of no rows is a row of nulls.
  const group = selected.length > 0 ? `group by ${selected.join(', ')} order by ${selected.join(', ')}` : 'having count(*) > 0'
  return {
    sql: `select ${selected.map((column) => `${column}, `).join('')}sum(requests) as requests, sum(denied) as denied from usage_count
      where organization_id = ? and length = ? and end_user_id ${isByEndUser ? '<>' : '='} ? and start >= ? and start < ?
      ${isPeople} ${conditions.map(({ sql }) => `and ${sql}`).join(' ')}
      ${group} limit ${limit}`,
    parameters: [scope.organizationId, interval, ALL_END_USERS, from, to, ...conditions.flatMap(({ values }) => [...values])],
    isIndexed: false,
  }
}

/** Maximum of the database column and of GraphQL's Int. */
export const maxInt32 = 2_147_483_647

const add = (column: string): string =>
  `${column} = case when usage_count.${column} > ${maxInt32} - excluded.${column} then ${maxInt32} else usage_count.${column} + excluded.${column} end`

/** Adds the counts of an inserted row to those of the existing one, up to the maximum. */
export const addCounts: OnConflict = {
  name: 'add counts',
  sql: `on conflict (organization_id, length, end_user_id, start, project_id, environment, api_key_id, operation)
    do update set ${add('requests')}, ${add('denied')}`,
}

// The condition on the organization lets the index on organization, length and start apply.
export const deleteExpired = 'delete from usage_count where organization_id in (select id from organization) and length = ? and start < ?'
