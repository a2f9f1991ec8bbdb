/** MCP servers in GraphQL's words. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import type { Context } from '../context/context.js'
import { EndUser } from '../entities/end-user.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { McpServer } from '../entities/mcp-server.js'
import { Project } from '../entities/project.js'
import { createMcpServer } from '../mcp/servers/create-mcp-server.js'
import { deleteMcpServer } from '../mcp/servers/delete-mcp-server.js'
import { listMcpCredentials, listMcpServers } from '../mcp/servers/list-mcp-servers.js'
import { updateMcpServer } from '../mcp/servers/update-mcp-server.js'
import { connectionOf, PageArgs, type Connection } from './connection.js'
import { CreateMcpServerInput, DeleteMcpServerInput, McpServerFilter, UpdateMcpServerInput } from './mcp-server-inputs.js'
import { readById } from './node.resolver.js'
import { Payload } from './user-error.js'
import { visibleEndUser } from './visible-end-user.js'

const McpServers = connectionOf('McpServer', () => McpServer)
const McpCredentials = connectionOf('McpCredential', () => McpCredential)

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
    return readById(ctx, McpServer, id, 'mcp_server:read')
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
    return ctx.loadBeside(server, Project, server.projectId)
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
