/** A tenant: everything else belongs to exactly one. */
import { Entity, Filter, Index, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, text } from './columns.js'
import { Node } from './node.js'
import { DateTimeScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('Organization', { implements: Node, description: 'A tenant of this server. Nothing of one is visible to another.' })
@Entity()
// The version of the deployment's revocation list is the sum of all.
@Index({ properties: ['revocationVersion'], where: 'revocation_version > 0' })
@Filter(tenant('Organization', 'self'))
export class Organization extends Node {
  @Field(() => String, { description: 'What its people call it.' })
  @Property(text())
  name!: string

  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  @Property(timestamp())
  createdAt!: Date

  /** Null: not suspended. While suspended, every credential of the organization is refused. */
  @Property(timestamp({ nullable: true }))
  suspendedAt: Date | null = null

  /** Changed by triggers with every suspension, and every revocation of a key or token, so that the revocation lists are computed only after one. */
  @Property({ type: 'bigint', default: 0, lazy: true })
  revocationVersion!: string
}
