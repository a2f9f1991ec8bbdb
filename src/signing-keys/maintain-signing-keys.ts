/** Rotates signing keys on schedule, and retires keys whose tokens have all expired. */
import { liveAccessToken, livePersonalToken } from '../database/unscoped-queries.js'
import { SigningKey } from '../entities/signing-key.js'
import { addSeconds } from '../lib/clock.js'
import type { SigningKeyDeps } from './create-signing-key.js'
import { jwksMaxAgeSeconds } from './jwks.js'
import { retireSigningKey } from './retire-signing-key.js'
import { findActiveSigningKeys, rotateSigningKeys, type ActiveSigningKeys } from './rotate-signing-keys.js'

const day = 86_400

/**
 * By schedule, or because another algorithm was set and its key has been published for as long as key sets are kept.
 * A new default alone waits for the schedule: verifiers of this deployment may accept the current algorithm only.
 */
export function isRotationDue(app: Pick<SigningKeyDeps, 'config'>, { current, next }: ActiveSigningKeys, now: Date): boolean {
  const { signingKeyDays, jwtAlgorithm, isJwtAlgorithmSet } = app.config
  if (addSeconds(next.createdAt, jwksMaxAgeSeconds) > now) return false
  if (addSeconds(current.activatedAt ?? current.createdAt, signingKeyDays * day) <= now) return true
  return isJwtAlgorithmSet && current.algorithm !== jwtAlgorithm && next.algorithm === jwtAlgorithm
}

export async function maintainSigningKeys(app: SigningKeyDeps): Promise<void> {
  const em = app.orm.em.fork()
  const isDue = (keys: ActiveSigningKeys, now: Date): boolean => isRotationDue(app, keys, now)
  if (isDue(await findActiveSigningKeys(em), app.clock())) await rotateSigningKeys(app, isDue)
  for (const key of await em.find(SigningKey, { state: 'PREVIOUS' })) {
    if (await isUnused(app, key)) await retireUnused(app, key.id)
  }
}

/** The last token that it signed has expired. What it signed a moment ago may still be on its way to the disk. */
async function isUnused({ queryRunner, clock }: SigningKeyDeps, { id, supersededAt, createdAt }: SigningKey): Promise<boolean> {
  const now = clock()
  if (addSeconds(supersededAt ?? createdAt, jwksMaxAgeSeconds) > now) return false
  const live = await Promise.all([liveAccessToken, livePersonalToken].map((query) => queryRunner.read(query, [id, now])))
  return live.every((row) => row === undefined)
}

async function retireUnused(app: SigningKeyDeps, id: string): Promise<void> {
  const retiredAt = app.clock()
  const retired = await app.journal.exclusive(app.orm.em.fork(), (em) =>
    em.nativeUpdate(SigningKey, { id, state: 'PREVIOUS' }, { state: 'RETIRED', retiredAt }),
  )
  if (retired === 1) app.log.info({ kid: id }, 'signing key removed from the JWKS: its last token has expired')
}

/** With another algorithm configured, the key that comes next must be of that one. It has signed nothing, so nobody misses it. */
export async function ensureNextKeyAlgorithm(app: SigningKeyDeps): Promise<void> {
  const { next } = await findActiveSigningKeys(app.orm.em.fork())
  if (next.algorithm !== app.config.jwtAlgorithm) await retireSigningKey(app, next.id)
}
