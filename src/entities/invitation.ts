/** An invitation to become a member: 14 days, accepted once. Only the digest of its token is kept. */
import { Entity, Filter, Index, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, json, text } from './columns.js'
import { MemberRole } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { DateTimeScalar, EmailScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('Invitation', { implements: Node, description: 'An offer to become a member: 14 days, accepted once.' })
@Entity()
@Index({ properties: ['organizationId', 'emailKey'] })
@Filter(tenant('Invitation', 'organization'))
export class Invitation extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @Field(() => EmailScalar, { description: 'Whom it is for, as it was written.' })
  @Property(text())
  email!: string

  /** The address in lower case: addresses compare without case. */
  @Property(text())
  emailKey!: string

  @Field(() => MemberRole, { description: 'What they will be able to do.' })
  @Property(text())
  role!: MemberRole

  /** Null: every project. */
  @Property(json({ nullable: true }))
  projectIds!: string[] | null

  @Property(text())
  @Unique()
  digest!: string

  /** The id of the user who may still say no by losing the right to invite. */
  @Property(text())
  invitedBy!: string

  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, { description: 'When it ends: 14 days after it was made, or with the token that made it.' })
  @Property(timestamp())
  expiresAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was accepted.' })
  @Property(timestamp({ nullable: true }))
  acceptedAt!: Date | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When it was withdrawn: by hand, by a newer one for the same address, or with the member who made it.',
  })
  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null
}
