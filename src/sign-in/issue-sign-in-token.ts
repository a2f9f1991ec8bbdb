/** The row of a sign-in token, whoever makes it, and its text: 15 minutes, once. */
import type { EntityManager } from '@mikro-orm/core'

import { capExpiry, type Actor } from '../access/actor.js'
import { SignInToken } from '../entities/sign-in-token.js'
import { addSeconds } from '../lib/clock.js'
import { sha256 } from '../lib/digest.js'
import { newId } from '../lib/id.js'
import { Secret } from '../lib/secret.js'
import { generateToken } from '../lib/token-format.js'

/** Seconds. */
export const signInTokenLasts = 900

export function addSignInToken(em: EntityManager, actor: Actor, userId: string, now: Date): { secret: Secret; expiresAt: Date } {
  const text = generateToken('signin')
  const expiresAt = capExpiry(actor, addSeconds(now, signInTokenLasts))
  const { organizationId } = actor
  const createdBy = actor.id
  em.persist(
    Object.assign(new SignInToken(), {
      id: newId('sit', now),
      organizationId,
      userId,
      digest: sha256(text),
      createdBy,
      createdAt: now,
      expiresAt,
      usedAt: null,
    }),
  )
  return { secret: new Secret(text), expiresAt }
}
