/** A way back in for a member who lost their token: 15 minutes, once. */
import type { EntityManager } from '@mikro-orm/core'

import { SignInToken } from '../entities/sign-in-token.js'
import { addSeconds } from '../lib/clock.js'
import { sha256 } from '../lib/digest.js'
import { newId } from '../lib/id.js'
import { Secret } from '../lib/secret.js'
import { newTokenText } from '../lib/token-text.js'

/** Seconds. */
export const signInTokenLasts = 900

export function addSignInToken(
  em: EntityManager,
  owner: { organizationId: string; userId: string },
  now: Date,
): { secret: Secret; expiresAt: Date } {
  const text = newTokenText('signin')
  const expiresAt = addSeconds(now, signInTokenLasts)
  em.persist(
    Object.assign(new SignInToken(), { ...owner, id: newId('sit', now), digest: sha256(text), createdAt: now, expiresAt, usedAt: null }),
  )
  return { secret: new Secret(text), expiresAt }
}
