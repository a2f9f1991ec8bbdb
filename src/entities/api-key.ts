/** API key of a backend. The row holds a digest of its secret, its grants and its expiry. */
import { Entity, Filter, Index, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { boolean, timestamp, integer, json, text } from './columns.js'
import { credentialStatus } from './credential-status.js'
import type { EndUserScope } from './end-user-scope.js'
import { type CredentialStatus, Environment } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { RateLimit } from './rate-limit.js'
import { DateTimeScalar, JsonObjectScalar, PermissionScalar, UrlScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('ApiKey', {
  simpleResolvers: true,
  implements: Node,
  description:
    'API key. Identifies a backend in one organization, project and environment. The secret is returned once, by `createApiKey` or `rotateApiKey`, or was issued elsewhere and imported; only its digest is stored. Reading needs `api_key:read`.',
})
@Entity()
@Index({ properties: ['organizationId', 'createdAt', 'id'] })
// List of keys in one project and environment, as an API key sees it.
@Index({ name: 'api_key_place_created_at_id_index', properties: ['organizationId', 'projectId', 'environment', 'createdAt', 'id'] })
// Revocation lists: one for the deployment, and one for each organization and environment.
@Index({ properties: ['revokedAt', 'id'], where: 'revoked_at is not null' })
@Index({ properties: ['organizationId', 'environment', 'revokedAt', 'id'], where: 'revoked_at is not null' })
@Index({ properties: ['suspendedAt', 'id'], where: 'suspended_at is not null' })
@Index({ properties: ['organizationId', 'environment', 'suspendedAt', 'id'], where: 'suspended_at is not null' })
@Index({ properties: ['resetTokensExpireAt', 'projectId'], where: 'reset_tokens_expire_at is not null' })
@Index({ properties: ['organizationId', 'resetTokensExpireAt', 'projectId'], where: 'reset_tokens_expire_at is not null' })
@Filter(tenant('ApiKey', 'environment'))
export class ApiKey extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Field(() => Environment, { description: 'Environment that the key belongs to. Never changes.' })
  @Property(text())
  environment!: Environment

  @Field(() => String, { nullable: true, description: 'Label given by its creator. Null when none was given.' })
  @Property(text({ nullable: true }))
  label!: string | null

  /** SHA-256 of the secret in hex. A slow hash is unnecessary: the secret has 190 random bits. */
  @Property(text())
  @Unique()
  digest!: string

  @Property(text({ nullable: true }))
  @Unique()
  previousDigest!: string | null

  /** Digest that the key was imported with. Kept through rotations, so that no second import revives a replaced secret. Null: not imported. */
  @Property(text({ nullable: true }))
  @Unique()
  importedDigest!: string | null

  @Field(() => String, {
    description: 'Masked secret for display: its prefix and last four characters, `kh_sand_****1234`. Of an imported key, as imported.',
  })
  @Property(text())
  preview!: string

  @Field(() => [PermissionScalar], {
    description:
      'Permissions granted to the key, as written in the grant. `*` means every permission that an API key can hold. Empty: the key can only be exchanged.',
  })
  @Property(json())
  permissions!: string[]

  @Field(() => [RateLimit], {
    description:
      'Rate limits of the key. A request must fit within all of them. Requests with tokens exchanged from the key count too. Empty: no limit.',
  })
  @Property(json())
  rateLimits!: RateLimit[]

  @Field(() => [UrlScalar], { nullable: true, description: 'Audiences that the key can be exchanged for. Null: any audience.' })
  @Property(json({ nullable: true }))
  allowedAudiences!: string[] | null

  /** Null: ANYONE. */
  @Property(json({ nullable: true }))
  endUserScope!: EndUserScope

  @Field(() => [String], {
    nullable: true,
    description:
      'CIDR blocks that requests with the key must come from, as network address and prefix length. Access tokens exchanged from the key are not bound to them. Null: any address.',
  })
  @Property(json({ nullable: true }))
  allowedIps!: string[] | null

  @Field(() => JsonObjectScalar, {
    description:
      'Metadata stored by your product, also in verdicts of `verifyApiKey`. Keyhouse does not interpret it. Default: empty object.',
  })
  @Property({ ...json(), default: '{}' })
  metadata!: Record<string, unknown>

  /** Version of the credential. Every change of its rights raises it; `perform` compares it again under the organization's lock. */
  @Property({ ...integer(), fieldName: 'standing' })
  authVersion!: number

  @Field(() => DateTimeScalar, { description: 'Creation time of the key.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, {
    description: 'Time of the last change, including rotation and revocation. Using the key does not change it.',
  })
  @Property(timestamp())
  updatedAt!: Date

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Expiry time. The key is refused from this time on. Null: the key does not expire.',
  })
  @Property(timestamp({ nullable: true }))
  expiresAt!: Date | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'Time of the last request with this key or of its last VALID verdict, written about one second late. Requests with exchanged tokens do not count. Null: never used.',
  })
  @Property(timestamp({ nullable: true }))
  lastUsedAt!: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Time of the last rotation. Null: never rotated.' })
  @Property(timestamp({ nullable: true }))
  rotatedAt!: Date | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Expiry time of the secret that the last rotation replaced. In the past when the overlap is over. Null: never rotated.',
  })
  @Property(timestamp({ nullable: true }))
  previousSecretExpiresAt!: Date | null

  @Property(boolean())
  endOverlapAtFirstUse!: boolean

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Time from which the key is suspended: it and its access tokens are refused. Null: not suspended.',
  })
  @Property(timestamp({ nullable: true }))
  suspendedAt!: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Revocation time. Final. Null: not revoked.' })
  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null

  /** Last sandbox reset, in whole seconds. Tokens exchanged from this key at or before it are revoked. */
  @Property(timestamp({ nullable: true }))
  sandboxResetAt!: Date | null

  /** Expiry of the last token that the reset revoked. The revocation list names the sandbox until then. */
  @Property(timestamp({ nullable: true }))
  resetTokensExpireAt!: Date | null

  /** Id of a user or API key, told apart by its prefix. Null: created by the command line. */
  @Property(text({ nullable: true }))
  createdBy!: string | null

  /**
   * Ids of the root keys whose holders may know a secret of this key: the roots of every key that created or rotated it.
   * Null: the key is its own root (docs/decisions/0163).
   */
  @Property(json({ nullable: true }))
  rootKeyIds!: string[] | null

  @Property(text({ nullable: true }))
  revokedBy!: string | null

  status(now: Date): CredentialStatus {
    return credentialStatus(this, now)
  }

  /** Whether this is the digest of the current secret, or of the one before it while their overlap lasts. */
  acceptsDigest(digest: string, now: Date): boolean {
    if (digest === this.digest) return true
    return digest === this.previousDigest && this.previousSecretExpiresAt !== null && this.previousSecretExpiresAt > now
  }

  /** Replaces the secret. The old one is accepted for `overlapSeconds`, and never after the key has expired. */
  rotate(replacement: { digest: string; preview: string }, overlapSeconds: number, endOverlapAtFirstUse: boolean, now: Date): void {
    this.previousDigest = this.digest
    this.previousSecretExpiresAt = new Date(now.getTime() + overlapSeconds * 1000)
    this.endOverlapAtFirstUse = endOverlapAtFirstUse && overlapSeconds > 0
    this.digest = replacement.digest
    this.preview = replacement.preview
    this.rotatedAt = now
    this.bumpVersion(now)
  }

  revoke(by: string | null, now: Date): void {
    this.revokedAt = now
    this.revokedBy = by
    this.bumpVersion(now)
  }

  suspend(now: Date): void {
    this.suspendedAt = now
    this.bumpVersion(now)
  }

  resume(now: Date): void {
    this.suspendedAt = null
    this.bumpVersion(now)
  }

  /** Marks a change of rights, so that requests in flight with this key are authorized again. */
  bumpVersion(now: Date): void {
    this.updatedAt = now
    this.authVersion++
  }
}
