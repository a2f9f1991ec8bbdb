/** Scheduled maintenance of signing keys: rotation by age, and retirement when their tokens have expired. */
import { liveAccessToken, livePersonalToken } from '../database/unscoped-queries.js'
import { SigningKey } from '../entities/signing-key.js'
import { addSeconds } from '../lib/clock.js'
import type { SigningKeyDeps } from './create-signing-key.js'
import { jwksMaxAge } from './jwks.js'
import { retireSigningKey } from './retire-signing-key.js'
import { findActiveSigningKeys, rotateSigningKeys, type ActiveSigningKeys } from './rotate-signing-keys.js'

/** Interval between runs. Due times count from activation in the database, so restarts do not delay a rotation. */
const intervalMs = 60_000
const secondsPerDay = 86_400

/**
 * Whether the current key has reached its age, or another algorithm is configured and its key was published for
 * {@link jwksMaxAge}. A new default algorithm waits for the schedule: verifiers may accept the current one only.
 */
export function isRotationDue(deps: Pick<SigningKeyDeps, 'config'>, { current, next }: ActiveSigningKeys, now: Date): boolean {
  const { signingKeyDays, jwtAlgorithm, isJwtAlgorithmSet } = deps.config
  if (addSeconds(next.createdAt, jwksMaxAge) > now) return false
  if (addSeconds(current.activatedAt ?? current.createdAt, signingKeyDays * secondsPerDay) <= now) return true
  return isJwtAlgorithmSet && current.algorithm !== jwtAlgorithm && next.algorithm === jwtAlgorithm
}

/** Rotates the current key if due, and retires previous keys without unexpired tokens. */
export async function maintainSigningKeys(deps: SigningKeyDeps): Promise<void> {
  const em = deps.orm.em.fork()
  const isDue = (keys: ActiveSigningKeys, now: Date): boolean => isRotationDue(deps, keys, now)
  if (isDue(await findActiveSigningKeys(em), deps.clock())) await rotateSigningKeys(deps, isDue)
  for (const key of await em.find(SigningKey, { state: 'PREVIOUS' })) {
    if (await isUnused(deps, key)) await retireUnused(deps, key.id)
  }
}

/** Whether every token of the key has expired. Waits {@link jwksMaxAge}, since recent tokens may not be committed yet. */
async function isUnused({ queryRunner, clock }: SigningKeyDeps, { id, supersededAt, createdAt }: SigningKey): Promise<boolean> {
  const now = clock()
  if (addSeconds(supersededAt ?? createdAt, jwksMaxAge) > now) return false
  const live = await Promise.all([liveAccessToken, livePersonalToken].map((query) => queryRunner.read(query, [id, now])))
  return live.every((row) => row === undefined)
}

async function retireUnused(deps: SigningKeyDeps, id: string): Promise<void> {
  const retiredAt = deps.clock()
  const retired = await deps.journal.exclusive(deps.orm.em.fork(), (em) =>
    em.nativeUpdate(SigningKey, { id, state: 'PREVIOUS' }, { state: 'RETIRED', retiredAt }),
  )
  if (retired === 1) deps.log.info({ kid: id }, 'a signing key left the key set: all that it signed has expired')
}

/** Replaces the next key if its algorithm is not the configured one. It has signed nothing, so no token is lost. */
export async function ensureNextKeyAlgorithm(deps: SigningKeyDeps): Promise<void> {
  const { next } = await findActiveSigningKeys(deps.orm.em.fork())
  if (next.algorithm !== deps.config.jwtAlgorithm) await retireSigningKey(deps, next.id)
}

/** Starts periodic maintenance. Returns a function that stops it and waits for the run in progress. */
export function startMaintenance(deps: SigningKeyDeps): () => Promise<void> {
  let inFlight: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    inFlight = inFlight
      .then(() => maintainSigningKeys(deps))
      .catch((error: unknown) => deps.log.warn({ err: error }, 'signing keys could not be tended; trying again in a minute'))
  }, intervalMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await inFlight
  }
}
