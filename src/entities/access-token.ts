/** The record of an exchanged token. The token itself is not stored. Append-only but for its revocation. */
import { Entity, Filter, Index, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import type { ApiKey } from './api-key.js'
import { boolean, timestamp, json, text } from './columns.js'
import { type CredentialStatus, Environment } from './enums.js'
import { Node } from './node.js'
import { DateTimeScalar, PermissionScalar, UrlScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('AccessToken', {
  implements: Node,
  description: 'The record of an exchanged token, under its `jti` claim. The token itself is not stored.',
})
@Entity()
@Index({ properties: ['organizationId', 'id'] })
@Index({ properties: ['apiKeyId', 'expiresAt'] })
// When the last token of a signing key has expired.
@Index({ properties: ['signingKeyId', 'expiresAt'] })
// The revocation lists: the deployment's, and one for each organization and environment. Partial, so that an exchange does not pay for them.
@Index({ properties: ['expiresAt', 'id'], where: 'revoked_at is not null' })
@Index({ properties: ['organizationId', 'environment', 'expiresAt', 'id'], where: 'revoked_at is not null' })
@Filter(tenant('AccessToken', 'environment'))
export class AccessToken extends Node {
  // Plain columns: rows are appended a group at a time, without the unit of work and without a look-up per foreign key.
  @Property(text())
  organizationId!: string

  @Property(text())
  projectId!: string

  @Field(() => Environment, { description: 'The environment of the key that was exchanged.' })
  @Property(text())
  environment!: Environment

  @Property(text())
  apiKeyId!: string

  /** Stays when the end user is forgotten: only this derived id remains then. */
  @Property(text())
  endUserId!: string

  @Field(() => UrlScalar, { description: 'Whom it is for, exactly as asked.' })
  @Property(text())
  audience!: string

  @Field(() => [PermissionScalar], { description: 'What it carries.' })
  @Property(json())
  permissions!: string[]

  /** The `kid` that signed it. */
  @Property(text())
  signingKeyId!: string

  /** Whether its `iss` is the issuer of its organization and environment. False for tokens of versions that had one issuer for all. */
  @Property({ ...boolean(), default: false })
  hasTenantIssuer!: boolean

  @Field(() => DateTimeScalar, { description: 'When it was issued.' })
  @Property(timestamp())
  issuedAt!: Date

  @Field(() => DateTimeScalar, { description: 'When it ends.' })
  @Property(timestamp())
  expiresAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was revoked by itself.' })
  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null

  /** Revoked with its key, by a sandbox reset, and with the signing key when that was withdrawn before the token expired. */
  status(now: Date, key: Pick<ApiKey, 'revokedAt' | 'sandboxResetAt'> | null, signingKeyRetiredAt: Date | null): CredentialStatus {
    if (this.revokedAt ?? key?.revokedAt) return 'REVOKED'
    if (key?.sandboxResetAt && this.issuedAt <= key.sandboxResetAt) return 'REVOKED'
    if (signingKeyRetiredAt && signingKeyRetiredAt < this.expiresAt) return 'REVOKED'
    return this.expiresAt <= now ? 'EXPIRED' : 'ACTIVE'
  }
}

/** Seconds: 5 minutes, 30 days, and an hour when nothing is said. */
export const minTokenTtlSeconds = 300

export const maxTokenTtlSeconds = 2_592_000
