/** GraphQL types and operations of the audit trail. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, ObjectType, Query, Resolver, Root } from 'type-graphql'

import { actionTitle } from '../access/action-titles.js'
import { actions, type Action } from '../access/actions.js'
import { listAuditEvents, type AuditEventFilterArgs } from '../audit/list-audit-events.js'
import type { Context } from '../context/context.js'
import { AuditEvent } from '../entities/audit-event.js'
import { EndUser } from '../entities/end-user.js'
import { AuditOutcome, Environment } from '../entities/enums.js'
import { DateTimeScalar } from '../entities/scalars.js'
import { maxFilterValues } from '../validation/filters.js'
import { ActorUnion, findActor, type ActorRow } from './actor-union.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { environmentFilter, externalUserFilter, projectFilter } from './descriptions.js'
import { visibleEndUser } from './visible-end-user.js'

const AuditEvents = createConnectionType('AuditEvent', () => AuditEvent, { hasTotalCount: false })

@InputType('AuditEventFilter', { description: 'Filters audit events. Omitted fields do not filter.' })
class AuditEventFilter implements AuditEventFilterArgs {
  @Field(() => Environment, { nullable: true, description: environmentFilter })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectFilter })
  projectId?: string | null

  @Field(() => [String], {
    nullable: true,
    description: `Matches any of these actions, such as \`api_key:create\`: at most ${maxFilterValues} entries. An unknown action matches nothing.`,
  })
  actions?: string[] | null

  @Field(() => ID, { nullable: true, description: 'Matches actions of this user, API key or end user, by id.' })
  actorId?: string | null

  @Field(() => String, { nullable: true, description: `${externalUserFilter} The action was performed for this end user.` })
  externalUserId?: string | null

  @Field(() => ID, { nullable: true, description: 'Matches actions on this object, by id.' })
  subjectId?: string | null

  @Field(() => String, {
    nullable: true,
    description: 'Matches events of this request, by `X-Request-Id`. Grouped refusals have the id of the first.',
  })
  requestId?: string | null

  @Field(() => AuditOutcome, { nullable: true, description: 'Matches this outcome.' })
  outcome?: AuditOutcome | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Start of the time range, inclusive.' })
  from?: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'End of the time range, exclusive.' })
  to?: Date | null
}

@ObjectType('AuditAction', { simpleResolvers: true, description: 'Action that audit events record.' })
class AuditAction {
  @Field(() => String, { description: 'Action as in `AuditEvent.action`: `resource:action`.' })
  action!: string

  @Field(() => String, { description: 'Short English title for user interfaces.' })
  title!: string
}

const auditActions: readonly AuditAction[] = Object.keys(actions).map((action) => ({ action, title: actionTitle(action as Action) }))

@Resolver(() => AuditEvent)
export class AuditResolver {
  @Query(() => [AuditAction], { description: 'All actions that audit events record. Needs no credential.' })
  auditActions(): readonly AuditAction[] {
    return auditActions
  }

  @Query(() => AuditEvents.type, {
    description:
      'Audit events, newest first: allowed and denied changes. An API key sees the events of its project and environment. Needs `audit_event:read`.',
  })
  async auditEvents(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => AuditEventFilter, { nullable: true, description: 'Filters the audit events. Omitted: no filter.' })
    filter?: AuditEventFilter | null,
  ): Promise<Connection<AuditEvent>> {
    return AuditEvents.from(await listAuditEvents(ctx, page, filter ?? {}))
  }

  @FieldResolver(() => ActorUnion, {
    nullable: true,
    description:
      'Principal that performed the action. Null if `actorId` is null, and for a forgotten end user. Needs `member:read`, `api_key:read` or `end_user:read`, by its type, else null.',
  })
  actor(@Root() event: AuditEvent, @Ctx() ctx: Context): Promise<ActorRow | null> {
    return findActor(ctx, event.actorId)
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description: 'End user that the action was performed for. Null if there is none, if it was forgotten, or without `end_user:read`.',
  })
  endUser(@Root() event: AuditEvent, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, event)
  }
}
