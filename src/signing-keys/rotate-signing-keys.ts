/** The key that comes next begins to sign, and a new one comes after it: published before it is needed. */
import type { EntityManager } from '@mikro-orm/core'

import { SigningKey } from '../entities/signing-key.js'
import { addSeconds } from '../lib/clock.js'
import { invalidState } from '../lib/errors.js'
import { createSigningKey, type SigningKeyDeps } from './create-signing-key.js'
import { jwksMaxAge } from './jwks.js'

export interface ActiveSigningKeys {
  readonly current: SigningKey
  readonly next: SigningKey
}

export const findActiveSigningKeys = async (em: EntityManager): Promise<ActiveSigningKeys> => ({
  current: await em.findOneOrFail(SigningKey, { state: 'CURRENT' }),
  next: await em.findOneOrFail(SigningKey, { state: 'NEXT' }),
})

/**
 * NEXT takes the place that CURRENT has left, and a new key takes its own.
 * Flushed step by step: at no moment may two keys be current, or two be next.
 */
export async function promoteNext(em: EntityManager, next: SigningKey, successor: SigningKey, now: Date): Promise<ActiveSigningKeys> {
  await em.flush()
  next.state = 'CURRENT'
  next.activatedAt = now
  await em.flush()
  successor.createdAt = now
  await em.persist(successor).flush()
  return { current: next, next: successor }
}

/**
 * Whether a verifier may still hold a key set that lacks the key that comes next. The two keys of a first start were
 * published together, so nobody holds the one without the other.
 */
async function isNextTooYoung(em: EntityManager, { createdAt }: SigningKey, now: Date): Promise<boolean> {
  if (addSeconds(createdAt, jwksMaxAge) <= now) return false
  return (await em.count(SigningKey)) > 2
}

/**
 * Undefined when it was not due after all, another process having been first.
 * @throws DomainError INVALID_STATE within the key set's max-age of the last rotation.
 */
export async function rotateSigningKeys(
  app: SigningKeyDeps,
  isDue: (keys: ActiveSigningKeys, now: Date) => boolean = () => true,
): Promise<(ActiveSigningKeys & { readonly previous: SigningKey }) | undefined> {
  const successor = await createSigningKey(app, 'NEXT')
  const rotated = await app.journal.exclusive(app.orm.em.fork(), async (em) => {
    const now = app.clock()
    const keys = await findActiveSigningKeys(em)
    if (!isDue(keys, now)) return undefined
    if (await isNextTooYoung(em, keys.next, now)) {
      throw invalidState(`The next key was published less than ${jwksMaxAge} seconds ago, and verifiers may not know it yet.`)
    }
    keys.current.state = 'PREVIOUS'
    keys.current.supersededAt = now
    return { previous: keys.current, ...(await promoteNext(em, keys.next, successor, now)) }
  })
  if (rotated) {
    const { previous, current, next } = rotated
    app.log.info({ previous: previous.id, current: current.id, next: next.id, algorithm: current.algorithm }, 'signing keys rotated')
  }
  return rotated
}
