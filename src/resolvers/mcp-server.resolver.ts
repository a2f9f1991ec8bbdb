/** MCP servers in GraphQL's words. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, Int, Mutation, ObjectType, Query, Resolver, Root, InputType } from 'type-graphql'

import type { Context } from '../context/context.js'
import { EndUser } from '../entities/end-user.js'
import { Environment, McpApprovalPolicy } from '../entities/enums.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { McpServer } from '../entities/mcp-server.js'
import { Project } from '../entities/project.js'
import { JsonObjectScalar, UrlScalar } from '../entities/scalars.js'
import { listMcpCredentials } from '../mcp/credentials/list-mcp-credentials.js'
import { createMcpServer, type NewMcpServer } from '../mcp/servers/create-mcp-server.js'
import { deleteMcpServer } from '../mcp/servers/delete-mcp-server.js'
import { listMcpServers, type McpServerQuery } from '../mcp/servers/list-mcp-servers.js'
import type { McpServerFields } from '../mcp/servers/server-rules.js'
import { updateMcpServer } from '../mcp/servers/update-mcp-server.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { findByIdOrForbid } from './node.resolver.js'
import { Payload } from './user-error.js'
import { visibleEndUser } from './visible-end-user.js'

const McpServers = createConnectionType('McpServer', () => McpServer)
const McpCredentials = createConnectionType('McpCredential', () => McpCredential)

@ObjectType('CreateMcpServerPayload', { description: 'The new server.' })
class CreateMcpServerPayload extends Payload {
  @Field(() => McpServer, { nullable: true, description: 'The new server.' })
  server?: McpServer | null
}

@ObjectType('UpdateMcpServerPayload', { description: 'The server as it is now.' })
class UpdateMcpServerPayload extends Payload {
  @Field(() => McpServer, { nullable: true, description: 'The server as it is now.' })
  server?: McpServer | null
}

@ObjectType('DeleteMcpServerPayload', { description: 'What is gone.' })
class DeleteMcpServerPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'The server that is gone.' })
  deletedServerId?: string | null

  @Field(() => Int, { nullable: true, description: 'How many credentials, of whomever, were revoked and wiped with it.' })
  revokedCredentialCount?: number | null
}

@Resolver(() => McpServer)
export class McpServerResolver {
  @Query(() => McpServer, { nullable: true, description: 'One server; null when you see none with this id. Needs `mcp_server:read`.' })
  mcpServer(@Ctx() ctx: Context, @Arg('id', () => ID, { description: 'Which server.' }) id: string): Promise<McpServer | null> {
    return findByIdOrForbid(ctx, McpServer, id, 'mcp_server:read')
  }

  @Query(() => McpServers.type, { description: 'The servers that you see, newest first. Needs `mcp_server:read`.' })
  async mcpServers(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => McpServerFilter, { nullable: true, description: 'Which servers.' }) filter?: McpServerFilter | null,
  ): Promise<Connection<McpServer>> {
    return McpServers.from(await listMcpServers(ctx, page, filter ?? {}))
  }

  @Mutation(() => CreateMcpServerPayload, {
    nullable: true,
    description: 'Registers a server: for the backend, or for the end user whom the request is for. Needs `mcp_server:create`.',
  })
  createMcpServer(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateMcpServerInput, { description: 'The server.' }) input: CreateMcpServerInput,
  ): Promise<object> {
    return createMcpServer(ctx, input)
  }

  @Mutation(() => UpdateMcpServerPayload, {
    nullable: true,
    description:
      'Changes a server. Needs `mcp_server:update`; looser rules need `mcp_approval:decide`, with a LOGIN or FULL_ACCESS token or an API key without expiry.',
  })
  updateMcpServer(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateMcpServerInput, { description: 'What to change.' }) input: UpdateMcpServerInput,
  ): Promise<object> {
    return updateMcpServer(ctx, input)
  }

  @Mutation(() => DeleteMcpServerPayload, {
    nullable: true,
    description: "Removes a server, and revokes and wipes its credentials, every end user's. Needs `mcp_server:delete`.",
  })
  deleteMcpServer(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteMcpServerInput, { description: 'Which server.' }) input: DeleteMcpServerInput,
  ): Promise<object> {
    return deleteMcpServer(ctx, input)
  }

  @FieldResolver(() => Project, { description: 'The project that it belongs to.' })
  project(@Root() server: McpServer, @Ctx() ctx: Context): Promise<Project | null> {
    return ctx.loadInOrganization(server, Project, server.projectId)
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description: "The end user that owns it; null when it is the backend's own. Others than the caller need `end_user:read`.",
  })
  endUser(@Root() row: McpServer, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, row)
  }

  @FieldResolver(() => McpCredentials.type, {
    description: 'The credentials for it that you see, newest first; never a value. Needs `mcp_credential:read`.',
  })
  async credentials(
    @Root() server: McpServer,
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('includeRevoked', () => Boolean, { nullable: true, defaultValue: false, description: 'Whether to list revoked ones too.' })
    includeRevoked?: boolean | null,
  ): Promise<Connection<McpCredential>> {
    return McpCredentials.from(await listMcpCredentials(ctx, server, page, includeRevoked ?? false))
  }
}

@InputType('CreateMcpServerInput', { description: 'The server to register.' })
export class CreateMcpServerInput implements NewMcpServer {
  @Field(() => String, { description: 'What people call it: 1 to 255 characters.' })
  name!: string

  @Field(() => String, { description: 'What agents call it, unique for its owner: 1 to 255 of `A-Za-z0-9._-`.' })
  serverLabel!: string

  @Field(() => UrlScalar, {
    description:
      'Where it speaks MCP over streamable HTTP: https, at most 2,048 characters, without user name, password and fragment. http only to hosts that this server has been configured to allow.',
  })
  serverUrl!: string

  @Field(() => String, { nullable: true, description: 'What it is good for: at most 10,000 characters.' })
  serverDescription?: string | null

  @Field(() => [String], { nullable: true, description: 'The tools that may be used, at most 256. Left out or null: every tool.' })
  allowedTools?: string[] | null

  @Field(() => McpApprovalPolicy, {
    nullable: true,
    defaultValue: 'ALWAYS',
    description: 'Whether a person has to approve its tool calls.',
  })
  requireApproval?: McpApprovalPolicy | null

  @Field(() => JsonObjectScalar, {
    nullable: true,
    description: 'Whatever your product wants to remember with it: at most 16 KiB of JSON, 5 levels deep.',
  })
  metadata?: Record<string, unknown> | null

  @Field(() => ID, { nullable: true, description: 'Its project. For members their first one when left out; for a key its own.' })
  projectId?: string | null

  @Field(() => Environment, { nullable: true, description: 'Where it can be used. For members SANDBOX when left out; for a key its own.' })
  environment?: Environment | null

  @Field(() => String, {
    nullable: true,
    description: 'Makes it once, however often it is sent within 24 hours: 1 to 255 characters of your choice.',
  })
  idempotencyKey?: string | null
}

@InputType('UpdateMcpServerInput', { description: 'What to change; what is left out stays.' })
export class UpdateMcpServerInput implements McpServerFields {
  @Field(() => ID, { description: 'Which server.' })
  id!: string

  @Field(() => String, { nullable: true, description: 'What people call it: 1 to 255 characters.' })
  name?: string | null

  @Field(() => String, { nullable: true, description: 'What agents call it, unique for its owner: 1 to 255 of `A-Za-z0-9._-`.' })
  serverLabel?: string | null

  @Field(() => UrlScalar, {
    nullable: true,
    description: 'Where it speaks MCP. Another scheme, host or port revokes and wipes every credential of the server.',
  })
  serverUrl?: string | null

  @Field(() => String, { nullable: true, description: 'What it is good for: at most 10,000 characters; null for nothing.' })
  serverDescription?: string | null

  @Field(() => [String], {
    nullable: true,
    description:
      'The tools that may be used; null for every tool. Allowing more needs `mcp_approval:decide`, and is out of reach for an end user.',
  })
  allowedTools?: string[] | null

  @Field(() => McpApprovalPolicy, {
    nullable: true,
    description: 'Whether a person has to approve its tool calls. NEVER needs `mcp_approval:decide`, and is out of reach for an end user.',
  })
  requireApproval?: McpApprovalPolicy | null

  @Field(() => JsonObjectScalar, { nullable: true, description: 'All of what is remembered with it from now on.' })
  metadata?: Record<string, unknown> | null
}

@InputType('DeleteMcpServerInput', { description: 'Which server goes.' })
export class DeleteMcpServerInput {
  @Field(() => ID, { description: 'Which server.' })
  id!: string
}

@InputType('McpServerFilter', { description: 'Which servers; what is left out does not narrow.' })
export class McpServerFilter implements McpServerQuery {
  @Field(() => Environment, { nullable: true, description: 'Those of one environment.' })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: 'Those of one project.' })
  projectId?: string | null

  @Field(() => String, { nullable: true, description: 'Those of the end user whom your product calls this.' })
  externalUserId?: string | null

  @Field(() => String, {
    nullable: true,
    description: 'Those whose name or label contains this, without regard to case: at most 255 characters.',
  })
  search?: string | null
}
