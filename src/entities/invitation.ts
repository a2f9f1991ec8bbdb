/** Invitation to become a member, accepted once within 14 days. Only the digest of its token is stored. */
import { Entity, Filter, Index, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, json, text } from './columns.js'
import { MemberRole } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { DateTimeScalar, EmailScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('Invitation', {
  simpleResolvers: true,
  implements: Node,
  description: 'Invitation. Lets a person become a member of the organization, once. Reading needs `member:read`.',
})
@Entity()
@Index({ properties: ['organizationId', 'emailKey'] })
@Filter(tenant('Invitation', 'organization'))
export class Invitation extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @Field(() => EmailScalar, { description: 'E-mail address of the invited person, as written by the inviter.' })
  @Property(text())
  email!: string

  /** E-mail address in lower case, for comparison. */
  @Property(text())
  emailKey!: string

  @Field(() => MemberRole, { description: 'Role that the person gets on acceptance.' })
  @Property(text())
  role!: MemberRole

  /** Null: every project. */
  @Property(json({ nullable: true }))
  projectIds!: string[] | null

  @Property(text())
  @Unique()
  digest!: string

  /** Id of the inviting user, authorized again at acceptance. */
  @Property(text())
  invitedBy!: string

  @Field(() => DateTimeScalar, { description: 'Creation time of the invitation.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, {
    description: 'Expiry time: 14 days after creation, or earlier with the FULL_ACCESS token that created it.',
  })
  @Property(timestamp())
  expiresAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'Acceptance time. Null: not accepted.' })
  @Property(timestamp({ nullable: true }))
  acceptedAt!: Date | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'Revocation time: by `revokeInvitation`, a newer invitation of the same address, or removal of the inviter. Null: not revoked.',
  })
  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null
}
