/** Revokes every token of one sandbox by a mark on its keys, so that a million tokens cost what one does. */
import { LockMode, raw, type EntityManager } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'

import { AccessToken } from '../entities/access-token.js'
import { ApiKey } from '../entities/api-key.js'
import { epochSeconds } from '../lib/clock.js'

/** Of a project that was found through the tenant filter, which a query builder does not know. */
interface Sandbox {
  readonly projectId: string
  readonly environment: 'SANDBOX'
}

/** The number of tokens that worked until now. Without any, nothing is marked. */
export async function revokeSandboxTokens(em: EntityManager, sandbox: Sandbox, now: Date): Promise<number> {
  const live = await liveTokens(em, sandbox, await lastReset(em, sandbox), now)
  if (live.count === 0) return 0
  // A replica whose clock is ahead may have issued one later than now.
  const sandboxResetAt = new Date(Math.max(epochSeconds(now) * 1000, live.issuedAt.getTime()))
  // A new standing makes an exchange that is under way look at its key again.
  await em.nativeUpdate(ApiKey, sandbox, { sandboxResetAt, resetTokensExpireAt: live.expiresAt, standing: raw<number>('standing + 1') })
  return live.count
}

/** Locks the keys in the order in which times of last use are written: two orders would deadlock on PostgreSQL. */
async function lastReset(em: EntityManager, sandbox: Sandbox): Promise<Date> {
  const keys = await (em as SqlEntityManager)
    .createQueryBuilder(ApiKey)
    .select('sandboxResetAt')
    .where({ ...sandbox })
    .orderBy({ id: 'ASC' })
    .setLockMode(LockMode.PESSIMISTIC_WRITE)
    .execute<{ sandbox_reset_at: number | string | null }[]>('all', false)
  return keys.reduce((latest, { sandbox_reset_at: at }) => (at !== null && new Date(at) > latest ? new Date(at) : latest), new Date(0))
}

/** By its keys, whose index finds live tokens only. */
const ofSandbox = 'api_key_id in (select id from api_key where project_id = ? and environment = ? and revoked_at is null)'

async function liveTokens(
  em: EntityManager,
  { projectId, environment }: Sandbox,
  issuedAfter: Date,
  now: Date,
): Promise<{ count: number; issuedAt: Date; expiresAt: Date }> {
  const row = await (em as SqlEntityManager)
    .createQueryBuilder(AccessToken)
    .select([raw('count(*) as count'), raw('max(issued_at) as issued_at'), raw('max(expires_at) as expires_at')])
    .where({ [raw(ofSandbox, [projectId, environment])]: [], revokedAt: null, expiresAt: { $gt: now }, issuedAt: { $gt: issuedAfter } })
    .execute<{ count: number | string; issued_at: number | string; expires_at: number | string }>('get', false)
  return { count: Number(row.count), issuedAt: new Date(row.issued_at), expiresAt: new Date(row.expires_at) }
}
