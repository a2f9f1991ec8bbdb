/**
 * A user of the caller's own product, known by the id that the caller gave it.
 * Its own id is derived from the other columns (lib/digest.ts), so that it can be recorded without a read.
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
  implements: Node,
  description: "A user of the caller's own product, named by X-On-Behalf-Of or by a token's subject.",
})
@Entity()
@Index({ properties: ['organizationId', 'firstSeenAt', 'id'] })
@Filter(tenant('EndUser', 'environment'))
export class EndUser extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Field(() => Environment, { description: 'Where it was seen.' })
  @Property(text())
  environment!: Environment

  @Field(() => String, { description: 'The id that your product gave it: 1 to 150 printable ASCII characters.' })
  @Property(text())
  externalId!: string

  @Field(() => DateTimeScalar, { description: 'When something was first recorded for it.' })
  @Property(timestamp())
  firstSeenAt!: Date

  @Field(() => DateTimeScalar, { description: 'When it was last heard of, to about a second.' })
  @Property(timestamp())
  lastSeenAt!: Date
}
