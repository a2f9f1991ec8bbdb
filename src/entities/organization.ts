/** Organization: the tenant that every other tenant row belongs to. */
import { Entity, Filter, Index, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, text } from './columns.js'
import { Node } from './node.js'
import { DateTimeScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('Organization', {
  simpleResolvers: true,
  implements: Node,
  description:
    'Organization. Tenant of this server: data of one organization is invisible to every other. Reading by id needs `organization:read`.',
})
@Entity()
// The version of the deployment's revocation list is the sum over all organizations.
@Index({ properties: ['revocationVersion'], where: 'revocation_version > 0' })
@Filter(tenant('Organization', 'self'))
export class Organization extends Node {
  @Field(() => String, { description: 'Name of the organization.' })
  @Property(text())
  name!: string

  @Field(() => DateTimeScalar, { description: 'Creation time of the organization.' })
  @Property(timestamp())
  createdAt!: Date

  /** Null: not suspended. Every credential of a suspended organization is refused. */
  @Property(timestamp({ nullable: true }))
  suspendedAt: Date | null = null

  /** Null: no deletion was requested. */
  @Property(timestamp({ nullable: true }))
  deletionRequestedAt: Date | null = null

  /** Set when the deletion of rows starts. Until then the database refuses to delete an audit event. */
  @Property(timestamp({ nullable: true }))
  trailArchivedAt: Date | null = null

  /** Raised by database triggers at every suspension and revocation, so that revocation lists are recomputed only then. */
  @Property({ type: 'bigint', default: 0, lazy: true })
  revocationVersion!: string
}
