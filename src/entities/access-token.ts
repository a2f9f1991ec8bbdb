/** Record of an access token that was exchanged from an API key. Append-only except for its revocation. */
import { Entity, Filter, Index, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import type { ApiKey } from './api-key.js'
import { boolean, timestamp, json, text } from './columns.js'
import { accessTokenRefusal, isSignatureWithdrawn } from './credential-status.js'
import { type CredentialStatus, Environment } from './enums.js'
import { formatNumber } from './format-number.js'
import { Node } from './node.js'
import { DateTimeScalar, PermissionScalar, UrlScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

/** Lifetime in seconds that an exchange may ask for: 5 minutes to 30 days. */
export const minTokenTtlSeconds = 300
export const maxTokenTtlSeconds = 2_592_000

@ObjectType('AccessToken', {
  simpleResolvers: true,
  implements: Node,
  description:
    'Access token record. Describes a JWT exchanged from an API key; its id is the `jti` claim. The JWT itself is not stored. Reading needs `access_token:read`.',
})
@Entity()
@Index({ properties: ['organizationId', 'id'] })
@Index({ properties: ['apiKeyId', 'expiresAt'] })
// Tokens of one grant, which its revocation ends.
@Index({ properties: ['grantId'], where: 'grant_id is not null' })
// Tokens that were narrowed from one token, which its revocation ends too.
@Index({ properties: ['subjectTokenId'], where: 'subject_token_id is not null' })
// Finds out if a signing key has unexpired tokens left.
@Index({ properties: ['signingKeyId', 'expiresAt'] })
// Revocation lists: one for the deployment, and one for each organization and environment. Partial, so that an exchange does not
// write to them.
@Index({ properties: ['expiresAt', 'id'], where: 'revoked_at is not null' })
@Index({ properties: ['organizationId', 'environment', 'expiresAt', 'id'], where: 'revoked_at is not null' })
@Filter(tenant('AccessToken', 'environment'))
export class AccessToken extends Node {
  // Plain columns instead of references: a group commit appends these rows without the unit of work and without foreign keys.
  @Property(text())
  organizationId!: string

  @Property(text())
  projectId!: string

  @Field(() => Environment, { description: 'Environment of the API key that was exchanged: the `env` claim.' })
  @Property(text())
  environment!: Environment

  @Property(text())
  apiKeyId!: string

  /** Derived id. It stays here when the end user is forgotten. Empty: the token acts for no end user. */
  @Property(text())
  endUserId!: string

  /** OAuth grant that the token was issued under. Null: it was exchanged from the API key. */
  @Property(text({ nullable: true }))
  grantId!: string | null

  /** Access token that this one was narrowed from (RFC 8693). Null: none. */
  @Property(text({ nullable: true }))
  subjectTokenId!: string | null

  @Field(() => UrlScalar, { description: 'Audience of the token (`aud`), exactly as requested.' })
  @Property(text())
  audience!: string

  @Field(() => [PermissionScalar], {
    description:
      'Permissions in the token, as written in the exchange. Keyhouse honours those that the API key still holds. Empty: the token carries none.',
  })
  @Property(json())
  permissions!: string[]

  /** `kid` of the signing key. */
  @Property(text())
  signingKeyId!: string

  /** True when `iss` names the organization and environment; false when issued before tenant issuers existed. */
  @Property({ ...boolean(), default: false })
  hasTenantIssuer!: boolean

  @Field(() => DateTimeScalar, { description: 'Issue time of the token (`iat`).' })
  @Property(timestamp())
  issuedAt!: Date

  @Field(() => DateTimeScalar, {
    description: `Expiry time of the token (\`exp\`): at most ${formatNumber(maxTokenTtlSeconds)} seconds after \`issuedAt\`.`,
  })
  @Property(timestamp())
  expiresAt!: Date

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Revocation time of this token alone. Null when it was not revoked, or only with its API key; `status` covers both.',
  })
  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null

  /** REVOKED also by revoking its API key, resetting its sandbox, or retiring its signing key before the token expires. */
  status(
    now: Date,
    key: Pick<ApiKey, 'revokedAt' | 'sandboxResetAt' | 'suspendedAt'> | null,
    signingKeyRetiredAt: Date | null,
  ): CredentialStatus {
    if (key?.revokedAt || isSignatureWithdrawn(this, signingKeyRetiredAt)) return 'REVOKED'
    const refusal = accessTokenRefusal(this, key, now)
    // Resuming the key does not bring back an expired token.
    if (refusal === null) return key?.suspendedAt ? 'SUSPENDED' : 'ACTIVE'
    return refusal === 'EXPIRED' ? 'EXPIRED' : 'REVOKED'
  }
}
