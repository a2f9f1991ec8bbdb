/** An API key: the digest of its text, what it may do, and until when. */
import { Entity, Filter, Index, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, Int, ObjectType } from 'type-graphql'

import { boolean, timestamp, integer, json, text } from './columns.js'
import { type CredentialStatus, Environment, RateLimitWindow } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { DateTimeScalar, PermissionScalar, UrlScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('RateLimit', { description: 'At most so many requests in a window.' })
export class RateLimit {
  @Field(() => RateLimitWindow, { description: 'How long the window is.' })
  window!: RateLimitWindow

  @Field(() => Int, { description: 'How many requests pass in one window: 1 to 1,000,000,000.' })
  max!: number
}

@ObjectType('ApiKey', {
  implements: Node,
  description: 'A credential of a backend. Its text is shown once, when it is made or rotated; only a digest is kept.',
})
@Entity()
@Index({ properties: ['organizationId', 'createdAt', 'id'] })
// The same list for an API key, and for one place.
@Index({ name: 'api_key_place_created_at_id_index', properties: ['organizationId', 'projectId', 'environment', 'createdAt', 'id'] })
// The revocation lists: the deployment's, and one for each organization and environment.
@Index({ properties: ['revokedAt', 'id'], where: 'revoked_at is not null' })
@Index({ properties: ['organizationId', 'environment', 'revokedAt', 'id'], where: 'revoked_at is not null' })
@Index({ properties: ['resetTokensExpireAt', 'projectId'], where: 'reset_tokens_expire_at is not null' })
@Index({ properties: ['organizationId', 'resetTokensExpireAt', 'projectId'], where: 'reset_tokens_expire_at is not null' })
@Filter(tenant('ApiKey', 'environment'))
export class ApiKey extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Field(() => Environment, { description: 'Where it works. Never changes.' })
  @Property(text())
  environment!: Environment

  @Field(() => String, { nullable: true, description: 'What its people call it.' })
  @Property(text({ nullable: true }))
  label!: string | null

  /** SHA-256 of the text; 190 random bits need no stretching. */
  @Property(text())
  @Unique()
  digest!: string

  @Property(text({ nullable: true }))
  @Unique()
  previousDigest!: string | null

  @Field(() => String, { description: 'Enough to recognise it by: `kh_sand_****1234`.' })
  @Property(text())
  preview!: string

  @Field(() => [PermissionScalar], { description: 'What it may do; `*` means all that a key may hold.' })
  @Property(json())
  permissions!: string[]

  @Field(() => [RateLimit], { description: 'All must pass. Requests with tokens exchanged from the key count too.' })
  @Property(json())
  rateLimits!: RateLimit[]

  @Field(() => [UrlScalar], { nullable: true, description: 'The audiences that it may be exchanged for; null: any.' })
  @Property(json({ nullable: true }))
  allowedAudiences!: string[] | null

  /** Raised by every change of what the key may do; a change under way asks for it again under the lock. */
  @Property(integer())
  standing!: number

  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, { description: 'When it was last changed; use does not count.' })
  @Property(timestamp())
  updatedAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it ends; null: never.' })
  @Property(timestamp({ nullable: true }))
  expiresAt!: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was last used, to about a second; null: never.' })
  @Property(timestamp({ nullable: true }))
  lastUsedAt!: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'When its text was last replaced.' })
  @Property(timestamp({ nullable: true }))
  rotatedAt!: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Until when the text before the last rotation works or worked.' })
  @Property(timestamp({ nullable: true }))
  previousSecretExpiresAt!: Date | null

  @Property(boolean())
  endOverlapAtFirstUse!: boolean

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was revoked.' })
  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null

  /** In whole seconds: every token that was exchanged from this key at or before it is revoked. */
  @Property(timestamp({ nullable: true }))
  sandboxResetAt!: Date | null

  /** When the last token expires that the reset revoked; the revocation list names the sandbox until then. */
  @Property(timestamp({ nullable: true }))
  resetTokensExpireAt!: Date | null

  /** The id of a user or key; its prefix tells which. */
  @Property(text({ nullable: true }))
  createdBy!: string | null

  /**
   * The keys whose holders may know a text of this one: the root of each key that made it or replaced its text.
   * Null: none but itself.
   */
  @Property(json({ nullable: true }))
  rootKeyIds!: string[] | null

  @Property(text({ nullable: true }))
  revokedBy!: string | null

  status(now: Date): CredentialStatus {
    if (this.revokedAt) return 'REVOKED'
    return this.expiresAt && this.expiresAt <= now ? 'EXPIRED' : 'ACTIVE'
  }

  /** A new text; the old one works for the seconds given, at most as long as the key. */
  rotate(fresh: { digest: string; preview: string }, overlapSeconds: number, endOverlapAtFirstUse: boolean, now: Date): void {
    this.previousDigest = this.digest
    this.previousSecretExpiresAt = new Date(now.getTime() + overlapSeconds * 1000)
    this.endOverlapAtFirstUse = endOverlapAtFirstUse && overlapSeconds > 0
    this.digest = fresh.digest
    this.preview = fresh.preview
    this.rotatedAt = now
    this.bumpVersion(now)
  }

  revoke(by: string | null, now: Date): void {
    this.revokedAt = now
    this.revokedBy = by
    this.bumpVersion(now)
  }

  /** Marks a change that callers under way must notice. */
  bumpVersion(now: Date): void {
    this.updatedAt = now
    this.standing++
  }
}
