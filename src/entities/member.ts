/** Membership of a user in the organization: role and projects, read at every request. */
import { Entity, Filter, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, integer, json, text } from './columns.js'
import { MemberRole } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { DateTimeScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'
import { User } from './user.js'

@ObjectType('Member', {
  simpleResolvers: true,
  implements: Node,
  description: 'Member. Gives a user a role and projects in the organization. Reading needs `member:read`.',
})
@Entity()
@Unique({ properties: ['userId'] })
@Filter(tenant('Member', 'organization'))
export class Member extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true, index: true })
  organizationId!: string

  @ManyToOne(() => User, { fieldName: 'user_id', mapToPk: true })
  userId!: string

  @Field(() => MemberRole, { description: 'Role of the member.' })
  @Property(text())
  role!: MemberRole

  /** Null: every project. */
  @Property(json({ nullable: true }))
  projectIds!: string[] | null

  /** Version of the membership. Every change of role or projects raises it; `perform` compares it again under the organization's lock. */
  @Property({ ...integer(), fieldName: 'standing' })
  authVersion!: number

  @Field(() => DateTimeScalar, { description: 'Time at which the user became a member.' })
  @Property(timestamp())
  joinedAt!: Date

  /** Takes effect at the next request of every token; requests in flight are authorized again. */
  change(role: MemberRole, projectIds: readonly string[] | null): void {
    this.role = role
    this.projectIds = projectIds && [...projectIds]
    this.authVersion++
  }
}
