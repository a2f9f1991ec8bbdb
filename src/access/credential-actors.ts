/** Actors of API keys and access tokens, and whether their rows are accepted: pure functions of the rows and the time. */
import { versionQueries } from '../database/queries/credential-versions.js'
import type { AccessTokenRow, KeyRow } from '../database/queries/credentials.js'
import { credentialStatus } from '../entities/credential-status.js'
import type { CredentialStatus } from '../entities/enums.js'
import { deriveEndUserId } from '../lib/external-id.js'
import type { Actor } from './actor.js'
import { expandKeyWildcard, intersection, type PermissionSet } from './permissions.js'

export type KeyRefusal = Exclude<CredentialStatus, 'ACTIVE'> | 'ORGANIZATION_SUSPENDED'

/** Reason that a key, and every token exchanged from it, is refused; null: it is accepted. The order is part of the contract. */
export function keyRefusal(key: KeyRow, now: Date): KeyRefusal | null {
  const status = credentialStatus(key, now)
  if (status === 'REVOKED') return status
  if (key.isOrganizationSuspended) return 'ORGANIZATION_SUSPENDED'
  return status === 'ACTIVE' ? null : status
}

/** Actor of a backend, or of the end user that it names. */
export const keyActor = (key: KeyRow, externalId: string | undefined, now: Date): Actor => ({
  kind: 'API_KEY',
  id: key.id,
  organizationId: key.organizationId,
  projectIds: [key.projectId],
  environment: key.environment,
  permissions: key.permissions,
  endUser:
    externalId === undefined ? null : { id: deriveEndUserId(key.organizationId, key.projectId, key.environment, externalId), externalId },
  expiresAt: key.expiresAt,
  authVersion: { query: versionQueries.apiKey, id: key.id, version: key.authVersion, expiresAt: effectiveExpiry(key) },
  apiKey: toActorApiKey(key, now),
  personalToken: null,
})

/**
 * Actor of an access token. Its permissions are those of the token that its API key still holds.
 * @param externalId null: the token acts for no end user
 */
export function accessTokenActor(token: AccessTokenRow, externalId: string | null, now: Date): Actor {
  const { key } = token
  const expiresAt = key.expiresAt && key.expiresAt < token.expiresAt ? key.expiresAt : token.expiresAt
  return {
    kind: 'ACCESS_TOKEN',
    id: externalId === null ? key.id : token.endUserId,
    organizationId: key.organizationId,
    projectIds: [key.projectId],
    environment: key.environment,
    permissions: intersection(token.permissions, key.permissions),
    endUser: externalId === null ? null : { id: token.endUserId, externalId },
    expiresAt,
    authVersion: { query: versionQueries.accessToken, id: token.id, version: key.authVersion, expiresAt },
    apiKey: { ...toActorApiKey(key, now), endsOverlap: false },
    personalToken: null,
    ...(token.grantId === null ? {} : { grant: { keyPermissions: key.permissions } }),
  }
}

/** Credential of an end user that acts within the key of an OAuth configuration. */
interface EndUserCredential {
  readonly kind: 'BROWSER_SESSION' | 'OAUTH_GRANT'
  readonly id: string
  /** Null: no expiry of its own. */
  readonly expiresAt: Date | null
  readonly permissions: PermissionSet
}

const endUserQueries = { BROWSER_SESSION: versionQueries.browserSession, OAUTH_GRANT: versionQueries.oauthGrant } as const

/** Actor of an end user in a browser, or of a client with its grant: never more than the key. */
export function endUserActor(
  key: KeyRow,
  endUser: NonNullable<Actor['endUser']>,
  { kind, id, expiresAt: ownExpiry, permissions }: EndUserCredential,
  now: Date,
): Actor {
  const expiresAt = ownExpiry && key.expiresAt ? (ownExpiry < key.expiresAt ? ownExpiry : key.expiresAt) : (ownExpiry ?? key.expiresAt)
  return {
    kind,
    id: endUser.id,
    organizationId: key.organizationId,
    projectIds: [key.projectId],
    environment: key.environment,
    permissions: intersection(permissions, expandKeyWildcard(key.permissions)),
    endUser,
    expiresAt,
    authVersion: { query: endUserQueries[kind], id, version: key.authVersion, expiresAt },
    apiKey: { ...toActorApiKey(key, now), endsOverlap: false },
    personalToken: null,
  }
}

/** Expiry of the presented secret: a superseded one expires with its overlap, if that is sooner than the key's expiry. */
const effectiveExpiry = ({ expiresAt, isSuperseded, previousSecretExpiresAt }: KeyRow): Date | null =>
  isSuperseded && previousSecretExpiresAt && !(expiresAt && expiresAt < previousSecretExpiresAt) ? previousSecretExpiresAt : expiresAt

const toActorApiKey = (key: KeyRow, now: Date): NonNullable<Actor['apiKey']> => ({
  id: key.id,
  isSuperseded: key.isSuperseded,
  rateLimits: key.rateLimits,
  isLimited: key.rateLimits.length > 0 || key.allowedAudiences !== null || key.endUsers !== null || key.allowedIps !== null,
  allowedAudiences: key.allowedAudiences,
  endUsers: key.endUsers,
  sandboxResetAt: key.sandboxResetAt,
  endsOverlap: !key.isSuperseded && key.endOverlapAtFirstUse && key.previousSecretExpiresAt !== null && key.previousSecretExpiresAt > now,
})
