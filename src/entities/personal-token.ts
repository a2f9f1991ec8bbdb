/** Personal token: a JWT accepted by Keyhouse alone, with the current access of its user. */
import { Entity, Filter, Index, ManyToOne, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, json, text } from './columns.js'
import { credentialStatus } from './credential-status.js'
import { type CredentialStatus, PersonalTokenType } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { DateTimeScalar, PermissionScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'
import { User } from './user.js'

@ObjectType('PersonalToken', {
  simpleResolvers: true,
  implements: Node,
  description:
    'Personal token. Identifies a member to Keyhouse, with the role and projects that the member has at each request. Own tokens need no permission; others need `personal_token:read`.',
})
@Entity()
@Index({ properties: ['userId', 'id'] })
// A job looks every second for rows whose reveal window has closed.
@Index({ properties: ['visibleUntil'], where: 'sealed_text is not null' })
// Finds out if a signing key has unexpired tokens left.
@Index({ properties: ['signingKeyId', 'expiresAt'] })
// Revocation list.
@Index({ properties: ['expiresAt', 'id'], where: 'revoked_at is not null' })
@Filter(tenant('PersonalToken', 'organization'))
export class PersonalToken extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true, index: true })
  organizationId!: string

  @ManyToOne(() => User, { fieldName: 'user_id', mapToPk: true })
  userId!: string

  @Field(() => PersonalTokenType, { description: 'Type of the token: sets its permissions and maximum lifetime.' })
  @Property(text())
  type!: PersonalTokenType

  @Field(() => String, {
    nullable: true,
    description:
      'Description given by its creator; `Console` for the session of a browser. Null when none was given, and for other LOGIN tokens.',
  })
  @Property(text({ nullable: true }))
  description!: string | null

  @Field(() => [PermissionScalar], {
    nullable: true,
    description:
      "Permissions that a RESTRICTED or EPHEMERAL token is limited to. Null for LOGIN and FULL_ACCESS: every permission of the user's current role.",
  })
  @Property(json({ nullable: true }))
  permissions!: string[] | null

  /** `kid` of the signing key. The column is nullable because a migration added it; every row has a value. */
  @Property(text({ nullable: true }))
  signingKeyId!: string

  @Field(() => DateTimeScalar, { description: 'Issue time of the token (`iat`).' })
  @Property(timestamp())
  issuedAt!: Date

  @Field(() => DateTimeScalar, { description: 'Expiry time of the token (`exp`).' })
  @Property(timestamp())
  expiresAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'Day of the last use, as midnight UTC. Null if never used.' })
  @Property(timestamp({ nullable: true }))
  lastUsedOn!: Date | null

  @Field(() => DateTimeScalar, {
    description:
      'End of the reveal window, 5 minutes after issue. `revealPersonalToken` returns the token to its creator before this time. Equal to `issuedAt` for a console session, which is never revealed.',
  })
  @Property(timestamp())
  visibleUntil!: Date

  /** Sealed JWT during the reveal window. Wiped when the window closes or the token is revoked. */
  @Property(text({ nullable: true }))
  sealedText!: string | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Revocation time. Final. Null: not revoked.' })
  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null

  @Property(text({ nullable: true }))
  createdBy!: string | null

  @Property(text({ nullable: true }))
  revokedBy!: string | null

  status(now: Date): CredentialStatus {
    return credentialStatus(this, now)
  }

  /** Sealed JWT before `visibleUntil`. Null from then on, even if the cleanup has not wiped the column yet. */
  visibleText(now: Date): string | null {
    return now < this.visibleUntil ? this.sealedText : null
  }

  revoke(by: string | null, now: Date): void {
    this.revokedAt = now
    this.revokedBy = by
    this.sealedText = null
  }
}

/** Associated data of the sealed JWT: it does not open on another row. */
export const personalTokenAad = ({ organizationId, userId, id }: Pick<PersonalToken, 'organizationId' | 'userId' | 'id'>): string[] => [
  'personal_token',
  organizationId,
  userId,
  id,
]
