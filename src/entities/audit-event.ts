/** Audit event: one action or a group of like refusals. Append-only, and chained by hash within its organization. */
import { Entity, Filter, Index, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ID, ObjectType } from 'type-graphql'

import { timestamp, integer, json, text } from './columns.js'
import { AuditOutcome, type Environment } from './enums.js'
import { Node } from './node.js'
import { DateTimeScalar, JsonObjectScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('AuditEvent', {
  simpleResolvers: true,
  implements: Node,
  description:
    'Audit event. Records one action, allowed or refused. After 10 like refusals of one actor within 60 seconds, further ones are grouped into one event. Events are never changed or deleted. Reading needs `audit_event:read`.',
})
@Entity()
@Unique({ properties: ['organizationId', 'seq'] })
// One index for each filter of the trail (docs/decisions/0052). Exchanges are most of the trail, so few indexes include them.
@Index({ properties: ['organizationId', 'at', 'id'] })
@Index({ properties: ['organizationId', 'action', 'at', 'id'], where: "action <> 'api_key:exchange'" })
@Index({ properties: ['actorId', 'at', 'id'] })
// Latest events of a key by action (docs/decisions/0204).
@Index({ properties: ['actorId', 'action', 'outcome', 'at'], where: "action <> 'api_key:exchange'" })
@Index({ properties: ['subjectId', 'at', 'id'] })
@Index({ properties: ['requestId', 'at', 'id'] })
@Index({ properties: ['endUserId', 'at', 'id'], where: 'end_user_id is not null' })
@Filter(tenant('AuditEvent', 'environment'))
export class AuditEvent extends Node {
  @Property(text())
  organizationId!: string

  /** Position in the organization's chain, from 1. */
  @Property(integer())
  seq!: number

  @Property(text({ nullable: true }))
  projectId!: string | null

  @Property(text({ nullable: true }))
  environment!: Environment | null

  @Field(() => String, { description: 'Action in the form `resource:action`, such as `api_key:create`.' })
  @Property(text())
  action!: string

  @Field(() => AuditOutcome, { description: 'Outcome of the action.' })
  @Property(text())
  outcome!: AuditOutcome

  @Field(() => ID, {
    nullable: true,
    description:
      'Id of the actor: a user, API key or end user. Null for the command line, background jobs, and grouped refusals of several actors (`details.actorIds`).',
  })
  @Property(text({ nullable: true }))
  actorId!: string | null

  @Field(() => ID, {
    nullable: true,
    description:
      'Id of the end user that the action was performed for. It remains after `forgetEndUser`. Null when the request named no end user, or grouped refusals named several.',
  })
  @Property(text({ nullable: true }))
  endUserId!: string | null

  @Field(() => ID, {
    nullable: true,
    description:
      'Id of the object that the action created, changed or used. Null when there is none, or when a refused caller cannot see it.',
  })
  @Property(text({ nullable: true }))
  subjectId!: string | null

  @Field(() => JsonObjectScalar, {
    description:
      'Details of the action; never a secret. DENIED events have `code`, the error code. Grouped refusals add `count`, `first` and `last` (RFC 3339), and at most 20 ids in `targetIds`.',
  })
  @Property(json())
  details!: Record<string, unknown>

  @Field(() => String, { description: 'Id of the request: the `X-Request-Id` response header. Grouped refusals have the id of the first.' })
  @Property(text())
  requestId!: string

  @Field(() => String, {
    nullable: true,
    description: 'IP address of the client. Null for the command line, background jobs, and grouped refusals from several addresses.',
  })
  @Property(text({ nullable: true }))
  ipAddress!: string | null

  @Field(() => DateTimeScalar, { description: 'Time of the event. Grouped refusals have the time at which the group was written.' })
  @Property(timestamp())
  at!: Date

  /** Hash of the preceding event in hex; 64 zeros for the first. */
  @Property(text())
  previousHash!: string

  @Property(text())
  hash!: string
}
