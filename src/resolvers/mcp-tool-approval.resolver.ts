/** Tool calls that wait for a person, in GraphQL's words. */
import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Mutation,
  ObjectType,
  Query,
  registerEnumType,
  Resolver,
  Root,
} from 'type-graphql'

import { can } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { EndUser } from '../entities/end-user.js'
import { Environment, McpToolApprovalStatus } from '../entities/enums.js'
import { McpServer } from '../entities/mcp-server.js'
import { McpToolApproval } from '../entities/mcp-tool-approval.js'
import { JsonObjectScalar } from '../entities/scalars.js'
import { decideMcpToolCall, type Decision } from '../mcp/approvals/decide-mcp-tool-call.js'
import { listToolApprovals, type ApprovalQuery } from '../mcp/approvals/list-mcp-tool-approvals.js'
import { ActorUnion, findActor, type ActorRow } from './actor-union.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { Payload } from './user-error.js'
import { visibleEndUser } from './visible-end-user.js'

const McpToolApprovals = createConnectionType('McpToolApproval', () => McpToolApproval)

const McpToolDecision = { APPROVE: 'APPROVE', DENY: 'DENY' } as const
registerEnumType(McpToolDecision, {
  name: 'McpToolDecision',
  description: 'What becomes of a tool call that waits.',
  valuesConfig: {
    APPROVE: { description: 'The same call passes once, within ten minutes.' },
    DENY: { description: 'The same call is refused for ten minutes.' },
  },
})

@InputType('McpToolApprovalFilter', { description: 'Which approvals; what is left out does not narrow.' })
class McpToolApprovalFilter implements ApprovalQuery {
  @Field(() => Environment, { nullable: true, description: 'Those of one environment.' })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: 'Those of one project.' })
  projectId?: string | null

  @Field(() => String, { nullable: true, description: 'Those of one end user, by the id that your product gave it.' })
  externalUserId?: string | null

  @Field(() => ID, { nullable: true, description: 'Those for one server.' })
  serverId?: string | null

  @Field(() => McpToolApprovalStatus, { nullable: true, description: 'Those that stand so now.' })
  status?: McpToolApprovalStatus | null
}

@InputType('DecideMcpToolCallInput', { description: 'A decision on one tool call.' })
class DecideMcpToolCallInput implements Decision {
  @Field(() => ID, { description: 'Which approval.' })
  id!: string

  @Field(() => McpToolDecision, { description: 'What becomes of it.' })
  decision!: Decision['decision']

  @Field(() => String, { nullable: true, description: 'Why, for the agent and the audit trail: at most 500 characters.' })
  reason?: string | null
}

@ObjectType('DecideMcpToolCallPayload', { description: 'The approval as it was decided.' })
class DecideMcpToolCallPayload extends Payload {
  @Field(() => McpToolApproval, { nullable: true, description: 'The approval as it is now.' })
  approval?: McpToolApproval | null
}

@Resolver(() => McpToolApproval)
export class McpToolApprovalResolver {
  @Query(() => McpToolApprovals.type, {
    description: 'Tool calls that wait for a person, or waited for one, newest first. Needs `mcp_approval:read`.',
  })
  async mcpToolApprovals(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => McpToolApprovalFilter, { nullable: true, description: 'Which approvals.' }) filter?: McpToolApprovalFilter | null,
  ): Promise<Connection<McpToolApproval>> {
    return McpToolApprovals.from(await listToolApprovals(ctx, page, filter ?? {}))
  }

  @Mutation(() => DecideMcpToolCallPayload, {
    nullable: true,
    description:
      'Approves or denies a tool call that waits. Needs `mcp_approval:decide`; the key that made the call, and keys of its family, cannot decide it.',
  })
  decideMcpToolCall(
    @Ctx() ctx: Context,
    @Arg('input', () => DecideMcpToolCallInput, { description: 'The decision.' }) input: DecideMcpToolCallInput,
  ): Promise<object> {
    return decideMcpToolCall(ctx, input)
  }

  @FieldResolver(() => McpToolApprovalStatus, { description: 'Where it stands now.' })
  status(@Root() approval: McpToolApproval, @Ctx() ctx: Context): McpToolApprovalStatus {
    return approval.status(ctx.now())
  }

  @FieldResolver(() => JsonObjectScalar, {
    nullable: true,
    description: 'What it is to be called with; null once the approval has closed.',
  })
  arguments(@Root() approval: McpToolApproval, @Ctx() ctx: Context): Record<string, unknown> | null {
    return approval.isOpenAt(ctx.now()) ? approval.arguments : null
  }

  @FieldResolver(() => McpServer, {
    nullable: true,
    description: 'The server that the tool belongs to; null without `mcp_server:read`, or when it was deleted.',
  })
  async server(@Root() approval: McpToolApproval, @Ctx() ctx: Context): Promise<McpServer | null> {
    return can(ctx.actor, 'mcp_server:read') ? ctx.load(McpServer, approval.serverId) : null
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description: "The end user that the call is for; null for the backend's own. Others than the caller need `end_user:read`.",
  })
  endUser(@Root() row: McpToolApproval, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, row)
  }

  @FieldResolver(() => ActorUnion, { nullable: true, description: 'Who decided it.' })
  decidedBy(@Root() approval: McpToolApproval, @Ctx() ctx: Context): Promise<ActorRow | null> {
    return findActor(ctx, approval.decidedBy)
  }
}
