/** A part of an organization that keys and vault rows belong to. */
import { Entity, Filter, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, text } from './columns.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { DateTimeScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('Project', { implements: Node, description: 'A part of an organization, with keys, end users and MCP servers of its own.' })
@Entity()
@Unique({ properties: ['organizationId', 'slug'] })
@Filter(tenant('Project', 'projects'))
export class Project extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @Field(() => String, { description: 'What its people call it.' })
  @Property(text())
  name!: string

  @Field(() => String, { description: 'Its short name, unique in the organization: `^[a-z][a-z0-9-]{0,62}$`. Never changes.' })
  @Property(text())
  slug!: string

  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, { description: 'When it was last changed.' })
  @Property(timestamp())
  updatedAt!: Date
}
