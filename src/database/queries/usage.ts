/**
 * Adds up usage in the database. Its one statement groups, which the entity manager cannot, so it names the tenant itself:
 * organization, projects and environment of the caller stand in every query.
 */
import type { UsageInterval } from '../../entities/enums.js'
import type { Scope } from '../../entities/tenant-filter.js'
import { everyEndUser } from '../../entities/usage-count.js'
import type { TenantQuery } from './credentials.js'

export const dimensionColumns = { API_KEY: 'api_key_id', END_USER: 'end_user_id', OPERATION: 'operation' } as const
export type UsageDimension = keyof typeof dimensionColumns

/** Column → the values that it may have. */
export type Wanted = Readonly<
  Partial<Record<'project_id' | 'environment' | 'api_key_id' | 'end_user_id' | 'operation', readonly string[] | null | undefined>>
>

export interface Question {
  readonly interval: UsageInterval
  readonly from: Date
  readonly to: Date
  readonly groupBy: readonly UsageDimension[]
  readonly wanted: Wanted
  readonly limit: number
}

/** The statement and its parameters; the `explain` of the tests asks for the same. */
export function usageQuery(scope: Scope, question: Question, isPostgres: boolean): TenantQuery {
  const { interval, from, to, groupBy, wanted, limit } = question
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
    parameters: [scope.organizationId, interval, everyEndUser, time(from), time(to), ...conditions.flatMap(({ values }) => [...values])],
    isIndexed: false,
  }
}
