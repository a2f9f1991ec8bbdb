/** Session of an end user in a browser: who signed in, and within which configuration. */
import type { Actor } from '../../access/actor.js'
import { endUserActor } from '../../access/credential-actors.js'
import { allowsEndUser } from '../../access/end-user-scope.js'
import type { Services } from '../../context/services.js'
import { toDate } from '../../database/dialect.js'
import type { KeyRow } from '../../database/queries/credentials.js'
import { browserSessionByDigest } from '../../database/queries/secrets.js'
import type { Environment } from '../../entities/enums.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { isRandomText } from '../../lib/crypto/random-text.js'
import { findActiveConfiguration, type ActiveConfiguration, type Place } from '../configurations/active-configuration.js'

/** Lifetime of a session, in seconds. */
export const sessionTtlSeconds = 12 * 3600

export interface EndUserSession extends ActiveConfiguration, Place {
  readonly id: string
  readonly endUser: { readonly id: string; readonly externalId: string }
  readonly signedInAt: Date
  readonly expiresAt: Date
}

/**
 * Fails closed: null for an unknown, expired or revoked session, a forgotten end user or one that the key
 * may no longer act for, and without an active configuration.
 * @param text value of the cookie
 */
export async function findEndUserSession(services: Services, text: string): Promise<EndUserSession | null> {
  const row = isRandomText(text) && (await services.queryRunner.read(browserSessionByDigest, [sha256(text)]))
  if (!row) return null
  const expiresAt = toDate(row['expires_at'])
  if (expiresAt <= services.clock()) return null
  const place = {
    organizationId: String(row['organization_id']),
    projectId: String(row['project_id']),
    environment: row['environment'] as Environment,
  }
  const active = await findActiveConfiguration(services, place)
  const externalId = String(row['external_id'])
  if (!active || !allowsEndUser(active.key.endUsers, externalId)) return null
  const endUser = { id: String(row['end_user_id']), externalId }
  return { ...place, ...active, id: String(row['id']), endUser, signedInAt: toDate(row['signed_in_at']), expiresAt }
}

/** The end user in the browser, with what the key holds. */
export const sessionActor = (
  { key, endUser, id, expiresAt }: { readonly key: KeyRow } & Pick<EndUserSession, 'endUser' | 'id' | 'expiresAt'>,
  now: Date,
): Actor => endUserActor(key, endUser, { kind: 'BROWSER_SESSION', id, expiresAt, permissions: ['*'] }, now)
