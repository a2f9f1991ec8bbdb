/** Issues a sign-in token: single use, valid for 15 minutes, for the API and the command line. */
import type { EntityManager } from '@mikro-orm/core'

import { capExpiry, type Actor } from '../access/actor.js'
import { SignInToken } from '../entities/sign-in-token.js'
import { addSeconds } from '../lib/clock.js'
import { sha256 } from '../lib/crypto/digest.js'
import { newId } from '../lib/id.js'
import { Secret } from '../lib/secret.js'
import { generateToken } from '../lib/token-format.js'

/** Seconds. */
export const signInTokenTtlSeconds = 900

/** Persists the row with the token's digest; only the returned `secret` holds the token. */
export function issueSignInToken(em: EntityManager, actor: Actor, userId: string, now: Date): { secret: Secret; expiresAt: Date } {
  const secret = generateToken('signin')
  const expiresAt = capExpiry(actor, addSeconds(now, signInTokenTtlSeconds))
  em.persist(
    Object.assign(new SignInToken(), {
      id: newId('sit', now),
      organizationId: actor.organizationId,
      userId,
      digest: sha256(secret),
      createdBy: actor.id,
      createdAt: now,
      expiresAt,
      usedAt: null,
    }),
  )
  return { secret: new Secret(secret), expiresAt }
}
