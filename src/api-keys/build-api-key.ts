/** Builds the row of a new API key, for creation and import. */
import type { Actor } from '../access/actor.js'
import { ApiKey } from '../entities/api-key.js'

/** Columns of a new key that differ between keys. */
type NewApiKey = Pick<
  ApiKey,
  | 'id'
  | 'projectId'
  | 'environment'
  | 'label'
  | 'digest'
  | 'importedDigest'
  | 'preview'
  | 'permissions'
  | 'rateLimits'
  | 'allowedAudiences'
  | 'metadata'
  | 'endUserScope'
  | 'allowedIps'
  | 'expiresAt'
  | 'rootKeyIds'
>

export const buildApiKey = (actor: Actor, key: NewApiKey, now: Date): ApiKey =>
  Object.assign(new ApiKey(), {
    ...key,
    organizationId: actor.organizationId,
    previousDigest: null,
    authVersion: 0,
    createdAt: now,
    updatedAt: now,
    lastUsedAt: null,
    rotatedAt: null,
    previousSecretExpiresAt: null,
    endOverlapAtFirstUse: false,
    suspendedAt: null,
    revokedAt: null,
    sandboxResetAt: null,
    resetTokensExpireAt: null,
    createdBy: actor.id,
    revokedBy: null,
  })
