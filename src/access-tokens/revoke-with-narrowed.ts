/** Revokes an access token and those that were narrowed from it, since each may do no more than the one before. */
import type { EntityManager } from '@mikro-orm/core'

import { narrowedFrom } from '../database/queries/narrowed-tokens.js'
import { AccessToken } from '../entities/access-token.js'

/** Returns details for the audit event. */
export async function revokeWithNarrowed(em: EntityManager, accessToken: AccessToken, now: Date): Promise<{ narrowedTokens?: number }> {
  if (accessToken.revokedAt) return {}
  accessToken.revokedAt = now
  const narrowedTokens = await em.nativeUpdate(AccessToken, { ...narrowedFrom(accessToken), revokedAt: null }, { revokedAt: now })
  return narrowedTokens > 0 ? { narrowedTokens } : {}
}
