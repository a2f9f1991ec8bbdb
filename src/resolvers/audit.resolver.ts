/** The audit trail in GraphQL's words. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Query, Resolver, Root } from 'type-graphql'

import { listAuditEvents, type AuditQuery } from '../audit/list-audit-events.js'
import type { Context } from '../context/context.js'
import { AuditEvent } from '../entities/audit-event.js'
import { EndUser } from '../entities/end-user.js'
import { AuditOutcome, Environment } from '../entities/enums.js'
import { DateTimeScalar } from '../entities/scalars.js'
import { ActorUnion, findActor, type ActorRow } from './actor-union.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { visibleEndUser } from './visible-end-user.js'

const AuditEvents = createConnectionType('AuditEvent', () => AuditEvent, { hasTotalCount: false })

@InputType('AuditEventFilter', { description: 'Which events; what is left out does not narrow.' })
class AuditEventFilter implements AuditQuery {
  @Field(() => Environment, { nullable: true, description: 'Those of one environment.' })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: 'Those of one project.' })
  projectId?: string | null

  @Field(() => [String], { nullable: true, description: 'Those of any of these actions, such as `api_key:create`: at most 100.' })
  actions?: string[] | null

  @Field(() => ID, { nullable: true, description: 'What one user, key or end user did.' })
  actorId?: string | null

  @Field(() => String, { nullable: true, description: 'What was done for one end user, by the id that your product gave it.' })
  externalUserId?: string | null

  @Field(() => ID, { nullable: true, description: 'What was done to one thing.' })
  subjectId?: string | null

  @Field(() => AuditOutcome, { nullable: true, description: 'Only what went through, or only what was refused.' })
  outcome?: AuditOutcome | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'From this moment on.' })
  from?: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Up to this moment, exclusively.' })
  to?: Date | null
}

@Resolver(() => AuditEvent)
export class AuditResolver {
  @Query(() => AuditEvents.type, {
    description:
      'Who did what, and who was refused, newest first; a key sees what belongs to its project and environment. Needs `audit_event:read`.',
  })
  async auditEvents(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => AuditEventFilter, { nullable: true, description: 'Which events.' }) filter?: AuditEventFilter | null,
  ): Promise<Connection<AuditEvent>> {
    return AuditEvents.from(await listAuditEvents(ctx, page, filter ?? {}))
  }

  @FieldResolver(() => ActorUnion, {
    nullable: true,
    description: 'Who did it; null when that is not yours to see, or nobody (the command line, sweepers).',
  })
  actor(@Root() event: AuditEvent, @Ctx() ctx: Context): Promise<ActorRow | null> {
    return findActor(ctx, event.actorId)
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description: 'For whom it was done; null for nobody, without `end_user:read`, or when the end user was forgotten.',
  })
  endUser(@Root() row: AuditEvent, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, row)
  }
}
