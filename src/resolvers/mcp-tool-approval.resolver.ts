/** GraphQL types and operations of MCP tool approvals. */
import {
  Arg,
  Args,
  Ctx,
  Extensions,
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
import { ApiKey } from '../entities/api-key.js'
import { EndUser } from '../entities/end-user.js'
import { Environment, McpToolApprovalStatus } from '../entities/enums.js'
import { McpServer } from '../entities/mcp-server.js'
import { McpToolApproval } from '../entities/mcp-tool-approval.js'
import { JsonObjectScalar } from '../entities/scalars.js'
import { approvalTtlSeconds } from '../mcp/approvals/approve-tool-call.js'
import { decideMcpToolCall, maxReasonLength, type DecideMcpToolCallArgs } from '../mcp/approvals/decide-mcp-tool-call.js'
import { listMcpToolApprovals, type ToolApprovalFilterArgs } from '../mcp/approvals/list-mcp-tool-approvals.js'
import { maxFilterValues } from '../validation/filters.js'
import { ActorUnion, findActor, type ActorRow } from './actor-union.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { environmentFilter, externalUserFilter, formatDuration, projectFilter } from './descriptions.js'
import { Payload } from './user-error.js'
import { visibleEndUser } from './visible-end-user.js'

const McpToolApprovals = createConnectionType('McpToolApproval', () => McpToolApproval)

/** Requesters that an approval lists. Their number is a factor of the cost of a page of approvals. */
const maxListedRequesters = 4

const McpToolDecision = { APPROVE: 'APPROVE', DENY: 'DENY' } as const
registerEnumType(McpToolDecision, {
  name: 'McpToolDecision',
  description: 'Decision on a pending tool call.',
  valuesConfig: {
    APPROVE: {
      description: `Allows the same call once, within ${formatDuration(approvalTtlSeconds)} and no longer than the deciding credential is valid.`,
    },
    DENY: { description: `Refuses the same call for ${formatDuration(approvalTtlSeconds)}.` },
  },
})

@InputType('McpToolApprovalFilter', { description: 'Filters MCP tool approvals. Omitted fields do not filter.' })
class McpToolApprovalFilter implements ToolApprovalFilterArgs {
  @Field(() => Environment, { nullable: true, description: environmentFilter })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectFilter })
  projectId?: string | null

  @Field(() => String, { nullable: true, description: externalUserFilter })
  externalUserId?: string | null

  @Field(() => ID, { nullable: true, description: 'Matches this MCP server, by id.' })
  serverId?: string | null

  @Field(() => McpToolApprovalStatus, { nullable: true, description: 'Matches this status at the time of the request.' })
  status?: McpToolApprovalStatus | null

  @Field(() => [McpToolApprovalStatus], {
    nullable: true,
    description: `Matches any of these statuses at the time of the request: at most ${maxFilterValues} entries. An empty list matches nothing.`,
  })
  statuses?: McpToolApprovalStatus[] | null
}

@InputType('DecideMcpToolCallInput', { description: 'Decision on one tool call.' })
class DecideMcpToolCallInput implements DecideMcpToolCallArgs {
  @Field(() => ID, { description: 'Id of the approval, as named in the error of the tool call.' })
  id!: string

  @Field(() => McpToolDecision, { description: 'Approves or denies the call.' })
  decision!: DecideMcpToolCallArgs['decision']

  @Field(() => String, {
    nullable: true,
    description: `Reason, stored with the approval and shown to the agent after a denial: at most ${maxReasonLength} characters. Default: null.`,
  })
  reason?: string | null
}

@ObjectType('DecideMcpToolCallPayload', { description: 'Result of `decideMcpToolCall`.' })
class DecideMcpToolCallPayload extends Payload {
  @Field(() => McpToolApproval, { nullable: true, description: 'The decided approval. Null if `userErrors` is not empty.' })
  approval?: McpToolApproval | null
}

@Resolver(() => McpToolApproval)
export class McpToolApprovalResolver {
  @Query(() => McpToolApprovals.type, {
    description:
      'Approvals of tool calls visible to the caller, the most recently requested first. Members see those of every owner. A backend sees its own, or with X-On-Behalf-Of those of that end user. Needs `mcp_approval:read`.',
  })
  async mcpToolApprovals(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => McpToolApprovalFilter, { nullable: true, description: 'Filters the approvals. Omitted: no filter.' })
    filter?: McpToolApprovalFilter | null,
  ): Promise<Connection<McpToolApproval>> {
    return McpToolApprovals.from(await listMcpToolApprovals(ctx, page, filter ?? {}))
  }

  @Mutation(() => DecideMcpToolCallPayload, {
    nullable: true,
    description:
      'Approves or denies a pending tool call. Needs `mcp_approval:decide`. A backend names the end user of the call in X-On-Behalf-Of (NOT_FOUND). The API key that made the call, keys related to it by creation or rotation, and their tokens are refused (FORBIDDEN). INVALID_STATE if it is not PENDING.',
  })
  decideMcpToolCall(
    @Ctx() ctx: Context,
    @Arg('input', () => DecideMcpToolCallInput, { description: 'Decision on the tool call.' }) input: DecideMcpToolCallInput,
  ): Promise<DecideMcpToolCallPayload> {
    return decideMcpToolCall(ctx, input)
  }

  @FieldResolver(() => McpToolApprovalStatus, { description: 'Status at the time of the request.' })
  status(@Root() approval: McpToolApproval, @Ctx() ctx: Context): McpToolApprovalStatus {
    return approval.status(ctx.now())
  }

  @FieldResolver(() => JsonObjectScalar, {
    nullable: true,
    description: 'Arguments of the tool call. Null unless the approval is PENDING or APPROVED: they are wiped as it closes.',
  })
  arguments(@Root() approval: McpToolApproval, @Ctx() ctx: Context): Record<string, unknown> | null {
    return approval.isOpenAt(ctx.now()) ? approval.arguments : null
  }

  @FieldResolver(() => McpServer, {
    nullable: true,
    description: 'MCP server of the tool. Null if it was deleted, and without `mcp_server:read`.',
  })
  async server(@Root() approval: McpToolApproval, @Ctx() ctx: Context): Promise<McpServer | null> {
    return can(ctx.actor, 'mcp_server:read') ? ctx.load(McpServer, approval.serverId) : null
  }

  @FieldResolver(() => [ApiKey], {
    nullable: true,
    description: `API keys that made the call, the first one first: at most ${maxListedRequesters} keys. Needs \`api_key:read\`, else null, as while acting for an end user.`,
  })
  @Extensions({ entries: maxListedRequesters })
  async requestedBy(@Root() approval: McpToolApproval, @Ctx() ctx: Context): Promise<ApiKey[] | null> {
    if (!can(ctx.actor, 'api_key:read')) return null
    const keys = await Promise.all(approval.requestedBy.slice(0, maxListedRequesters).map((id) => ctx.load(ApiKey, id)))
    return keys.filter((key) => key !== null)
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description:
      'End user that the call is made for. Null for calls of the backend itself. Needs `end_user:read`, else null, unless the caller is this end user.',
  })
  endUser(@Root() approval: McpToolApproval, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, approval)
  }

  @FieldResolver(() => ActorUnion, {
    nullable: true,
    description:
      'Principal that decided. Null before a decision. Needs `member:read`, `api_key:read` or `end_user:read`, by its type, else null.',
  })
  decidedBy(@Root() approval: McpToolApproval, @Ctx() ctx: Context): Promise<ActorRow | null> {
    return findActor(ctx, approval.decidedBy)
  }
}
