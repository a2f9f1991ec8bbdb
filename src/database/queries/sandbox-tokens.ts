/**
 * Queries of a sandbox's API keys and tokens, by the query builder. It does not apply the tenant filter, so the project must have
 * been read through it.
 */
import { LockMode, raw, type EntityManager } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'

import { AccessToken } from '../../entities/access-token.js'
import { ApiKey } from '../../entities/api-key.js'
import { toDate } from '../dialect.js'
import { unrevokedTokens } from './live-credentials.js'

export interface Sandbox {
  readonly projectId: string
  readonly environment: 'SANDBOX'
}

/** New value of `ApiKey.authVersion`. */
export const incrementVersion = (): number => raw<number>('standing + 1')

/** Locks the keys by id, the order in which last-used times are written: another order could deadlock on PostgreSQL. */
export async function lockKeysAndFindLastReset(em: EntityManager, sandbox: Sandbox): Promise<Date> {
  const keys = await (em as SqlEntityManager)
    .createQueryBuilder(ApiKey)
    .select('sandboxResetAt')
    .where({ ...sandbox })
    .orderBy({ id: 'ASC' })
    .setLockMode(LockMode.PESSIMISTIC_WRITE)
    .execute<{ sandbox_reset_at: number | string | null }[]>('all', false)
  return keys.reduce((latest, { sandbox_reset_at: at }) => (at !== null && toDate(at) > latest ? toDate(at) : latest), new Date(0))
}

/** Selects by API key, because the index by key covers live tokens only. */
const inSandbox = 'api_key_id in (select id from api_key where project_id = ? and environment = ? and revoked_at is null)'

/** Count of live tokens, with their latest issue and expiry times. */
export async function aggregateLiveTokens(
  em: EntityManager,
  { projectId, environment }: Sandbox,
  issuedAfter: Date,
  now: Date,
): Promise<{ count: number; issuedAt: Date; expiresAt: Date }> {
  const row = await (em as SqlEntityManager)
    .createQueryBuilder(AccessToken)
    .select([raw('count(*) as count'), raw('max(issued_at) as issued_at'), raw('max(expires_at) as expires_at')])
    .where({ [raw(inSandbox, [projectId, environment])]: [], ...unrevokedTokens(now), issuedAt: { $gt: issuedAfter } })
    .execute<{ count: number | string; issued_at: number | string; expires_at: number | string }>('get', false)
  return { count: Number(row.count), issuedAt: toDate(row.issued_at), expiresAt: toDate(row.expires_at) }
}
