/** Session of an end user in a browser: who signed in, and within which configuration. */
import type { Actor } from '../access/actor.js'
import { endUserActor } from '../access/credential-actors.js'
import { allowsEndUser } from '../access/end-user-scope.js'
import type { Services } from '../context/services.js'
import { toDate } from '../database/dialect.js'
import type { KeyRow } from '../database/queries/credentials.js'
import { browserSessionByDigest } from '../database/queries/secrets.js'
import { sha256 } from '../lib/crypto/digest.js'
import { findActiveConfiguration, type ActiveConfiguration, type Place } from './active-configuration.js'

/** Lifetime of a session, in seconds. */
export const sessionTtlSeconds = 12 * 3600

export interface EndUserSession extends ActiveConfiguration {
  readonly id: string
  readonly endUser: { readonly id: string; readonly externalId: string }
  readonly signedInAt: Date
  readonly expiresAt: Date
}

/**
 * Fails closed: null for an unknown, expired or revoked session, one of another place, a forgotten end user or one that the key
 * may no longer act for, and without an active configuration.
 * @param text value of the cookie
 */
export async function findEndUserSession(services: Services, text: string, place: Place): Promise<EndUserSession | null> {
  const row = await services.queryRunner.read(browserSessionByDigest, [sha256(text)])
  if (!row || row['organization_id'] !== place.organizationId) return null
  if (row['project_id'] !== place.projectId || row['environment'] !== place.environment) return null
  const expiresAt = toDate(row['expires_at'])
  if (expiresAt <= services.clock()) return null
  const active = await findActiveConfiguration(services, place)
  const externalId = String(row['external_id'])
  if (!active || !allowsEndUser(active.key.endUsers, externalId)) return null
  const endUser = { id: String(row['end_user_id']), externalId }
  return { ...active, id: String(row['id']), endUser, signedInAt: toDate(row['signed_in_at']), expiresAt }
}

/** The end user in the browser, with what the key holds. */
export const sessionActor = (
  { key, endUser, id, expiresAt }: { readonly key: KeyRow } & Pick<EndUserSession, 'endUser' | 'id' | 'expiresAt'>,
  now: Date,
): Actor => endUserActor(key, endUser, { kind: 'BROWSER_SESSION', id, expiresAt, permissions: ['*'] }, now)
