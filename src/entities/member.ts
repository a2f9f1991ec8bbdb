/** A user's standing in the organization: role and projects, asked for at every request. */
import { Entity, Filter, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, integer, json, text } from './columns.js'
import { MemberRole } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { DateTimeScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'
import { User } from './user.js'

@ObjectType('Member', { implements: Node, description: 'A user of the organization with a role and projects.' })
@Entity()
@Unique({ properties: ['userId'] })
@Filter(tenant('Member', 'organization'))
export class Member extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true, index: true })
  organizationId!: string

  @ManyToOne(() => User, { fieldName: 'user_id', mapToPk: true })
  userId!: string

  @Field(() => MemberRole, { description: 'What they may do.' })
  @Property(text())
  role!: MemberRole

  /** Null: every project. */
  @Property(json({ nullable: true }))
  projectIds!: string[] | null

  /** Raised by every change of role or projects; a change under way asks for it again under the lock. */
  @Property(integer())
  standing!: number

  @Field(() => DateTimeScalar, { description: 'When they became a member.' })
  @Property(timestamp())
  joinedAt!: Date

  /** Every token of the user feels it at the next request, and changes under way are asked again. */
  change(role: MemberRole, projectIds: readonly string[] | null): void {
    this.role = role
    this.projectIds = projectIds && [...projectIds]
    this.standing++
  }
}
