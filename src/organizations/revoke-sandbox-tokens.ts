/** Revokes all access tokens of a sandbox by a timestamp on its keys. The number of writes does not grow with the tokens. */
import { LockMode, raw, type EntityManager } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'

import { AccessToken } from '../entities/access-token.js'
import { ApiKey } from '../entities/api-key.js'
import { epochSeconds } from '../lib/clock.js'

/** The project must have been read through the tenant filter: the query builder does not apply it. */
interface Sandbox {
  readonly projectId: string
  readonly environment: 'SANDBOX'
}

/** Returns the number of tokens that were live. Changes no key when there are none. */
export async function revokeSandboxTokens(em: EntityManager, sandbox: Sandbox, now: Date): Promise<number> {
  const live = await aggregateLiveTokens(em, sandbox, await lockKeysAndFindLastReset(em, sandbox), now)
  if (live.count === 0) return 0
  // Cover tokens issued by a replica whose clock is ahead.
  const sandboxResetAt = new Date(Math.max(epochSeconds(now) * 1000, live.issuedAt.getTime()))
  // A new version makes concurrent exchanges check the key again.
  await em.nativeUpdate(ApiKey, sandbox, { sandboxResetAt, resetTokensExpireAt: live.expiresAt, authVersion: raw<number>('standing + 1') })
  return live.count
}

/** Locks the keys by id, the order in which last-used times are written: another order could deadlock on PostgreSQL. */
async function lockKeysAndFindLastReset(em: EntityManager, sandbox: Sandbox): Promise<Date> {
  const keys = await (em as SqlEntityManager)
    .createQueryBuilder(ApiKey)
    .select('sandboxResetAt')
    .where({ ...sandbox })
    .orderBy({ id: 'ASC' })
    .setLockMode(LockMode.PESSIMISTIC_WRITE)
    .execute<{ sandbox_reset_at: number | string | null }[]>('all', false)
  return keys.reduce((latest, { sandbox_reset_at: at }) => (at !== null && new Date(at) > latest ? new Date(at) : latest), new Date(0))
}

/** Selects by API key, because the index by key covers live tokens only. */
const inSandbox = 'api_key_id in (select id from api_key where project_id = ? and environment = ? and revoked_at is null)'

/** Count of live tokens, with their latest issue and expiry times. */
async function aggregateLiveTokens(
  em: EntityManager,
  { projectId, environment }: Sandbox,
  issuedAfter: Date,
  now: Date,
): Promise<{ count: number; issuedAt: Date; expiresAt: Date }> {
  const row = await (em as SqlEntityManager)
    .createQueryBuilder(AccessToken)
    .select([raw('count(*) as count'), raw('max(issued_at) as issued_at'), raw('max(expires_at) as expires_at')])
    .where({ [raw(inSandbox, [projectId, environment])]: [], revokedAt: null, expiresAt: { $gt: now }, issuedAt: { $gt: issuedAfter } })
    .execute<{ count: number | string; issued_at: number | string; expires_at: number | string }>('get', false)
  return { count: Number(row.count), issuedAt: new Date(row.issued_at), expiresAt: new Date(row.expires_at) }
}
