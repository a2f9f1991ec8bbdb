/** A personal token: a JWT for Keyhouse alone, which carries the access of its user as it is now. */
import { Entity, Filter, Index, ManyToOne, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, json, text } from './columns.js'
import { type CredentialStatus, PersonalTokenType } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { DateTimeScalar, PermissionScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'
import { User } from './user.js'

@ObjectType('PersonalToken', {
  implements: Node,
  description: 'A credential of a person. It carries the access of its user as it is at each request.',
})
@Entity()
@Index({ properties: ['userId', 'id'] })
// The sweeper asks every second for the few rows whose window has closed.
@Index({ properties: ['visibleUntil'], where: 'sealed_text is not null' })
// When the last token of a signing key has expired.
@Index({ properties: ['signingKeyId', 'expiresAt'] })
// The revocation list.
@Index({ properties: ['expiresAt', 'id'], where: 'revoked_at is not null' })
@Filter(tenant('PersonalToken', 'organization'))
export class PersonalToken extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true, index: true })
  organizationId!: string

  @ManyToOne(() => User, { fieldName: 'user_id', mapToPk: true })
  userId!: string

  @Field(() => PersonalTokenType, { description: 'How much of its user it carries.' })
  @Property(text())
  type!: PersonalTokenType

  @Field(() => String, { nullable: true, description: 'What it is for, in the words of its maker.' })
  @Property(text({ nullable: true }))
  description!: string | null

  @Field(() => [PermissionScalar], {
    nullable: true,
    description: "What it is reduced to; null: the user's own permissions, as they are now.",
  })
  @Property(json({ nullable: true }))
  permissions!: string[] | null

  /** The `kid` that signed it. Nullable for the migration's sake alone, which filled the column. */
  @Property(text({ nullable: true }))
  signingKeyId!: string

  @Field(() => DateTimeScalar, { description: 'When it was issued.' })
  @Property(timestamp())
  issuedAt!: Date

  @Field(() => DateTimeScalar, { description: 'When it ends.' })
  @Property(timestamp())
  expiresAt!: Date

  /** Midnight UTC of the day of its last use. */
  @Property(timestamp({ nullable: true }))
  lastUsedOn!: Date | null

  @Field(() => DateTimeScalar, { description: 'Five minutes after issue: until then `revealPersonalToken` repeats it to its creator.' })
  @Property(timestamp())
  visibleUntil!: Date

  /** The sealed text while it may be revealed; wiped when the window closes or the token is revoked. */
  @Property(text({ nullable: true }))
  sealedText!: string | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was revoked.' })
  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null

  @Property(text({ nullable: true }))
  createdBy!: string | null

  @Property(text({ nullable: true }))
  revokedBy!: string | null

  status(now: Date): CredentialStatus {
    if (this.revokedAt) return 'REVOKED'
    return this.expiresAt <= now ? 'EXPIRED' : 'ACTIVE'
  }

  /** The sealed text while the window is open; at `visibleUntil` it is closed, swept or not. */
  visibleText(now: Date): string | null {
    return now < this.visibleUntil ? this.sealedText : null
  }

  revoke(by: string | null, now: Date): void {
    this.revokedAt = now
    this.revokedBy = by
    this.sealedText = null
  }
}

/** Who opens a sealed text must be on this row: organization, user and token are bound. */
export const personalTokenAad = ({ organizationId, userId, id }: Pick<PersonalToken, 'organizationId' | 'userId' | 'id'>): string[] => [
  'personal_token',
  organizationId,
  userId,
  id,
]
