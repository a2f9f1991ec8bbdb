/** Project of an organization: owns API keys, end users and vault rows. */
import { Entity, Filter, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, text } from './columns.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { DateTimeScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('Project', {
  simpleResolvers: true,
  implements: Node,
  description: 'Project. Groups the API keys, end users and MCP servers of an organization. Listing needs `project:read`.',
})
@Entity()
@Unique({ properties: ['organizationId', 'slug'] })
@Filter(tenant('Project', 'projects'))
export class Project extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @Field(() => String, { description: 'Name of the project.' })
  @Property(text())
  name!: string

  @Field(() => String, { description: 'Short name, unique in the organization: matches `^[a-z][a-z0-9-]{0,62}$`. Never changes.' })
  @Property(text())
  slug!: string

  @Field(() => DateTimeScalar, { description: 'Creation time of the project.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, { description: 'Time of the last change of the project. Equal to `createdAt` when never changed.' })
  @Property(timestamp())
  updatedAt!: Date
}
