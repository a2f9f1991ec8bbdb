import { ALL_END_USERS } from '../../entities/usage-count.js'
/**
 * Queries of an API key's activity. Each reads along an index and counts up to a limit, so its cost does not grow with the
 * number of events, tokens or requests. They contain the organization themselves; the key's row was visible to the caller.
 */
import { mcpResourcePattern } from '../../lib/audience.js'
import type { TenantQuery } from '../query-runner.js'
import { isRevokedToken } from './live-credentials.js'

/** Key of the activity. */
interface KeyRef {
  readonly id: string
  readonly organizationId: string
}

/** Events of one action and outcome that are counted. */
export const maxCountedEvents = 1000
/** Tool calls and tokens that are looked at. */
export const maxCountedRows = 10_000
/** Root fields and gateway messages are fewer. */
const maxOperations = 500

/** Requests by operation, from the usage of whole days. */
export const operationsOfKey = ({ id, organizationId }: KeyRef, since: Date): TenantQuery => ({
  sql: `select operation, sum(requests) as requests, sum(denied) as denied, max(start) as last_day from usage_count
    where organization_id = ? and api_key_id = ? and length = 'DAY' and end_user_id = '${ALL_END_USERS}' and start >= ?
    group by operation order by operation limit ${maxOperations}`,
  parameters: [organizationId, id, since],
  isIndexed: false,
})

/**
 * The latest events of the key by one action and outcome. The organization is compared after the limit: before it,
 * PostgreSQL prefers an index that leads with the organization, and reads the events of every key. Without the order it
 * prefers a sequential scan.
 * `action <> …` repeats the predicate of the partial index, which leaves out the most frequent action.
 */
const latestEvents = (actionAndOutcome: string, limit: number): string =>
  `(select organization_id, at, details from audit_event
    where actor_id = ? and at >= ? and action <> 'api_key:exchange' and ${actionAndOutcome}
    order by at desc limit ${limit}) as latest where organization_id = ?`

/** Latest event and number of events by action and outcome. One look along the index for each. @param actions of the catalogue */
export const actionsOfKey = ({ id, organizationId }: KeyRef, actions: readonly string[], since: Date): TenantQuery => {
  const one = 'action = known.action and outcome = known.outcome'
  const known = actions.flatMap((action) => [
    `select '${action}' as action, 'ALLOWED' as outcome`,
    `select '${action}' as action, 'DENIED' as outcome`,
  ])
  return {
    sql: `select action, outcome, last_at, count from (
        select known.action, known.outcome,
          (select max(at) from ${latestEvents(one, 1)}) as last_at,
          (select count(*) from ${latestEvents(one, maxCountedEvents)}) as count
        from (${known.join(' union all ')}) as known
      ) as actions where last_at is not null order by action, outcome`,
    parameters: [id, since, organizationId, id, since, organizationId],
    isIndexed: false,
  }
}

/** Tools of the latest calls, and the number of calls looked at in `count`. */
export const toolsOfKey = ({ id, organizationId }: KeyRef, since: Date): TenantQuery => ({
  sql: `select details ->> 'tool' as tool, count(*) as count
    from ${latestEvents("action = 'mcp_tool:call' and outcome = 'ALLOWED'", maxCountedRows + 1)} group by tool`,
  parameters: [id, since, organizationId],
  isIndexed: false,
})

/** Tokens of the key that expire after the time: their number, and that of tokens for these audiences. */
export const tokensOfKey = ({ id, organizationId }: KeyRef, urls: readonly string[], since: Date): TenantQuery => ({
  sql: `select count(*) as tokens, coalesce(sum(case when ${urls.map(() => 'audience = ? or audience like ?').join(' or ')} then 1 else 0 end), 0) as own from (
      select audience from access_token where organization_id = ? and api_key_id = ? and expires_at > ? limit ${maxCountedRows + 1}
    ) as tokens`,
  parameters: [...urls.flatMap((url) => [url, mcpResourcePattern(url)]), organizationId, id, since],
  isIndexed: false,
})

/** Number of live tokens of the key. */
export const liveTokensOfKey = ({ id, organizationId }: KeyRef, now: Date): TenantQuery => ({
  sql: `select count(*) as count from (
      select 1 from access_token where organization_id = ? and api_key_id = ? and expires_at > ? and not ${isRevokedToken}
      limit ${maxCountedRows}
    ) as live`,
  parameters: [organizationId, id, now],
  isIndexed: false,
})

/** Number of OAuth grants of the key that are not revoked. */
export const liveGrantsOfKey = ({ id, organizationId }: KeyRef): TenantQuery => ({
  sql: `select count(*) as count from (
      select 1 from oauth_grant where organization_id = ? and api_key_id = ? and revoked_at is null limit ${maxCountedRows}
    ) as live`,
  parameters: [organizationId, id],
  isIndexed: false,
})
