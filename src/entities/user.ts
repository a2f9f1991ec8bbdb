/** A person of one organization. The same e-mail address elsewhere is another user. */
import { Entity, Filter, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, text } from './columns.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { DateTimeScalar, EmailScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('User', { implements: Node, description: 'A person of this organization.' })
@Entity()
@Unique({ properties: ['organizationId', 'emailKey'] })
@Filter(tenant('User', 'organization'))
export class User extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @Field(() => EmailScalar, { description: 'As it was written when the user was invited.' })
  @Property(text())
  email!: string

  /** The address in lower case: addresses compare without case, and the database must be able to. */
  @Property(text())
  emailKey!: string

  @Field(() => String, { description: 'What they call themselves.' })
  @Property(text())
  name!: string

  @Field(() => DateTimeScalar, { description: 'When they first came.' })
  @Property(timestamp())
  createdAt!: Date
}
