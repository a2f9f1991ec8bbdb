/** Rotates signing keys: the next key becomes current, and a new next key is published ahead of its use. */
import type { EntityManager } from '@mikro-orm/core'

import { SigningKey } from '../entities/signing-key.js'
import { addSeconds } from '../lib/clock.js'
import { invalidState } from '../lib/errors.js'
import { createSigningKey, type SigningKeyDeps } from './create-signing-key.js'
import { jwksMaxAgeSeconds } from './jwks.js'

/** The key that signs, and the published key that will replace it. */
export interface ActiveSigningKeys {
  readonly current: SigningKey
  readonly next: SigningKey
}

/** @throws if the deployment has no current or no next key */
export const findActiveSigningKeys = async (em: EntityManager): Promise<ActiveSigningKeys> => ({
  current: await em.findOneOrFail(SigningKey, { state: 'CURRENT' }),
  next: await em.findOneOrFail(SigningKey, { state: 'NEXT' }),
})

/**
 * Makes NEXT current and the successor next; the caller has changed the state of the former CURRENT.
 * Each step is flushed, since unique indexes allow one current and one next key at a time.
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
 * Whether a verifier may have cached a JWKS without the next key. The two keys of the first start were published together,
 * so that no JWKS has one without the other.
 */
async function isNextTooRecent(em: EntityManager, { createdAt }: SigningKey, now: Date): Promise<boolean> {
  if (addSeconds(createdAt, jwksMaxAgeSeconds) <= now) return false
  return (await em.count(SigningKey)) > 2
}

/**
 * Rotates the keys. Returns undefined if the rotation is not due, for example because another process rotated first.
 * @throws DomainError INVALID_STATE within {@link jwksMaxAgeSeconds} seconds of the last rotation
 */
export async function rotateSigningKeys(
  deps: SigningKeyDeps,
  isDue: (keys: ActiveSigningKeys, now: Date) => boolean = () => true,
): Promise<(ActiveSigningKeys & { readonly previous: SigningKey }) | undefined> {
  const successor = await createSigningKey(deps, 'NEXT')
  const rotated = await deps.journal.exclusive(deps.orm.em.fork(), async (em) => {
    const now = deps.clock()
    const keys = await findActiveSigningKeys(em)
    if (!isDue(keys, now)) return undefined
    if (await isNextTooRecent(em, keys.next, now)) {
      throw invalidState(
        `The next key was published less than ${jwksMaxAgeSeconds} seconds ago, and verifiers may not know it yet. Retry later.`,
      )
    }
    keys.current.state = 'PREVIOUS'
    keys.current.supersededAt = now
    return { previous: keys.current, ...(await promoteNext(em, keys.next, successor, now)) }
  })
  if (rotated) {
    const { previous, current, next } = rotated
    deps.log.info({ previous: previous.id, current: current.id, next: next.id, algorithm: current.algorithm }, 'signing keys rotated')
  }
  return rotated
}
