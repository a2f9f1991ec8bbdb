/** One attempt to change something, allowed or refused, or several refusals. Append-only, and chained by hash within its organization. */
import { Entity, Filter, Index, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ID, ObjectType } from 'type-graphql'

import { timestamp, integer, json, text } from './columns.js'
import { AuditOutcome, type Environment } from './enums.js'
import { Node } from './node.js'
import { DateTimeScalar, JsonObjectScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('AuditEvent', {
  implements: Node,
  description:
    'One attempt to change something, allowed or refused; or several refusals of one minute, actor, action and code. Never changed, never deleted.',
})
@Entity()
@Unique({ properties: ['organizationId', 'seq'] })
// One for each way in which the trail is read (docs/decisions/0052); exchanges, which are most of it, stand in few of them.
@Index({ properties: ['organizationId', 'at', 'id'] })
@Index({ properties: ['organizationId', 'action', 'at', 'id'], where: "action <> 'api_key:exchange'" })
@Index({ properties: ['actorId', 'at', 'id'] })
@Index({ properties: ['subjectId', 'at', 'id'] })
@Index({ properties: ['endUserId', 'at', 'id'], where: 'end_user_id is not null' })
@Filter(tenant('AuditEvent', 'environment'))
export class AuditEvent extends Node {
  @Property(text())
  organizationId!: string

  /** The place in the chain, from 1. */
  @Property(integer())
  seq!: number

  @Property(text({ nullable: true }))
  projectId!: string | null

  @Property(text({ nullable: true }))
  environment!: Environment | null

  @Field(() => String, { description: 'What was attempted: `api_key:create`.' })
  @Property(text())
  action!: string

  @Field(() => AuditOutcome, { description: 'Whether it went through.' })
  @Property(text())
  outcome!: AuditOutcome

  @Field(() => ID, {
    nullable: true,
    description: 'The id of who did it: a user, a key or an end user; null for the command line and sweepers.',
  })
  @Property(text({ nullable: true }))
  actorId!: string | null

  @Field(() => ID, { nullable: true, description: 'The id of the end user for whom it was done; it stays when the end user is forgotten.' })
  @Property(text({ nullable: true }))
  endUserId!: string | null

  @Field(() => ID, {
    nullable: true,
    description: 'The row that it was about. Null when nothing was made or found, or when a refused caller may not see it.',
  })
  @Property(text({ nullable: true }))
  subjectId!: string | null

  @Field(() => JsonObjectScalar, {
    description:
      'What else matters. Refused: `code`. Several refusals in one event: `count`, `first` and `last` in RFC 3339, at most 20 `targetIds`. Never a secret.',
  })
  @Property(json())
  details!: Record<string, unknown>

  @Field(() => String, { description: 'The `X-Request-Id` of the answer; of several refusals, that of the first.' })
  @Property(text())
  requestId!: string

  @Field(() => String, { nullable: true, description: 'Where the request came from; null for the command line and for sweepers.' })
  @Property(text({ nullable: true }))
  ipAddress!: string | null

  @Field(() => DateTimeScalar, { description: 'When it was.' })
  @Property(timestamp())
  at!: Date

  /** The hash of the event before it, in hex; 64 zeros for the first. */
  @Property(text())
  previousHash!: string

  @Property(text())
  hash!: string
}
