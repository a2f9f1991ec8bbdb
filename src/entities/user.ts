/** Person of one organization. The same e-mail address in another organization is another user. */
import { Entity, Filter, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, text } from './columns.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { DateTimeScalar, EmailScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('User', {
  simpleResolvers: true,
  implements: Node,
  description: 'User. A person who is or was a member of the organization. Reading needs `member:read`.',
})
@Entity()
@Unique({ properties: ['organizationId', 'emailKey'] })
@Filter(tenant('User', 'organization'))
export class User extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @Field(() => EmailScalar, { description: 'E-mail address, as written in the latest accepted invitation or on the command line.' })
  @Property(text())
  email!: string

  /** E-mail address in lower case, for the unique index. */
  @Property(text())
  emailKey!: string

  @Field(() => String, {
    description: 'Name that the user gave on accepting the invitation or with `updateViewer`, or that was given on the command line.',
  })
  @Property(text())
  name!: string

  @Field(() => DateTimeScalar, { description: 'Time at which the user first joined. It remains when a former member returns.' })
  @Property(timestamp())
  createdAt!: Date
}
