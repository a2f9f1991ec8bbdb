/**
 * End user: a user of the caller's product, identified by an external id.
 * `id` is derived from the other columns (lib/external-id.ts), so that a row is recorded without a read.
 */
import { Entity, Filter, Index, ManyToOne, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, text } from './columns.js'
import { Environment } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { DateTimeScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('EndUser', {
  simpleResolvers: true,
  implements: Node,
  description:
    'End user. A user of your product, named by the `X-On-Behalf-Of` header or the `sub` claim of an access token. Recorded by its first exchange or change, not by reading. Reading needs `end_user:read`; an end user reads itself without it.',
})
@Entity()
@Index({ properties: ['organizationId', 'firstSeenAt', 'id'] })
@Filter(tenant('EndUser', 'environment'))
export class EndUser extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Field(() => Environment, { description: 'Environment in which the end user was recorded. Never changes.' })
  @Property(text())
  environment!: Environment

  @Field(() => String, { description: 'Id of the user in your product: 1 to 150 printable ASCII characters, compared byte for byte.' })
  @Property(text())
  externalId!: string

  @Field(() => DateTimeScalar, { description: 'Time of the first exchange or change for this end user.' })
  @Property(timestamp())
  firstSeenAt!: Date

  @Field(() => DateTimeScalar, { description: 'Time of the last request or exchange for this end user, written about one second late.' })
  @Property(timestamp())
  lastSeenAt!: Date
}
