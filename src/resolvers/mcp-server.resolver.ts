/** GraphQL queries, mutations and field resolvers of MCP servers. */
import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'

import type { Context } from '../context/context.js'
import { EndUser } from '../entities/end-user.js'
import type { McpCredential } from '../entities/mcp-credential.js'
import { McpServer } from '../entities/mcp-server.js'
import { Project } from '../entities/project.js'
import { listMcpCredentials } from '../mcp/credentials/list-mcp-credentials.js'
import { createMcpServer } from '../mcp/servers/create-mcp-server.js'
import { deleteMcpServer } from '../mcp/servers/delete-mcp-server.js'
import { listMcpServers } from '../mcp/servers/list-mcp-servers.js'
import { updateMcpServer } from '../mcp/servers/update-mcp-server.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { findByIdOrForbid } from './find-by-id-or-forbid.js'
import { McpCredentialFilter, McpCredentials } from './mcp-credential-list.resolver.js'
import {
  CreateMcpServerInput,
  UpdateMcpServerInput,
  DeleteMcpServerInput,
  McpServerFilter,
  CreateMcpServerPayload,
  UpdateMcpServerPayload,
  DeleteMcpServerPayload,
} from './mcp-server-types.js'
import { visibleEndUser } from './visible-end-user.js'

const McpServers = createConnectionType('McpServer', () => McpServer)

@Resolver(() => McpServer)
export class McpServerResolver {
  @Query(() => McpServer, {
    nullable: true,
    description: 'MCP server by id. Null if no server with this id is visible to the caller. Needs `mcp_server:read`.',
  })
  mcpServer(@Ctx() ctx: Context, @Arg('id', () => ID, { description: 'Id of the MCP server.' }) id: string): Promise<McpServer | null> {
    return findByIdOrForbid(ctx, McpServer, id, 'mcp_server:read')
  }

  @Query(() => McpServers.type, {
    description:
      'MCP servers visible to the caller, newest first. Members see all. A backend sees its own, an end user its own and those of the backend. Needs `mcp_server:read`.',
  })
  async mcpServers(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => McpServerFilter, { nullable: true, description: 'Filters the MCP servers. Omitted: no filter.' })
    filter?: McpServerFilter | null,
  ): Promise<Connection<McpServer>> {
    return McpServers.from(await listMcpServers(ctx, page, filter ?? {}))
  }

  @Mutation(() => CreateMcpServerPayload, {
    nullable: true,
    description: 'Registers an MCP server. Its owner is the end user of the request, or else the backend. Needs `mcp_server:create`.',
  })
  createMcpServer(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateMcpServerInput, { description: 'Properties of the MCP server.' }) input: CreateMcpServerInput,
  ): Promise<CreateMcpServerPayload> {
    return createMcpServer(ctx, input)
  }

  @Mutation(() => UpdateMcpServerPayload, {
    nullable: true,
    description:
      'Updates an MCP server. Needs `mcp_server:update`. Relaxing its approval policy or tools, or sharing a credential, also needs `mcp_approval:decide`. It takes a LOGIN or FULL_ACCESS token, or an API key without expiry that never called the server under approval.',
  })
  updateMcpServer(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateMcpServerInput, { description: 'Changes to the MCP server.' }) input: UpdateMcpServerInput,
  ): Promise<UpdateMcpServerPayload> {
    return updateMcpServer(ctx, input)
  }

  @Mutation(() => DeleteMcpServerPayload, {
    nullable: true,
    description:
      'Deletes an MCP server. Revokes and wipes its credentials of all owners, and expires its open approvals. Needs `mcp_server:delete`.',
  })
  deleteMcpServer(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteMcpServerInput, { description: 'MCP server to delete.' }) input: DeleteMcpServerInput,
  ): Promise<DeleteMcpServerPayload> {
    return deleteMcpServer(ctx, input)
  }

  @FieldResolver(() => Project, { description: 'Project of the server. Needs no permission of its own.' })
  project(@Root() server: McpServer, @Ctx() ctx: Context): Promise<Project | null> {
    return ctx.loadInOrganization(server, Project, server.projectId)
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description:
      'End user that owns the server. Null if the backend owns it. Needs `end_user:read`, else null, unless the caller is this end user.',
  })
  endUser(@Root() server: McpServer, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, server)
  }

  @FieldResolver(() => McpCredentials.type, {
    description: 'Metadata of the credentials of this server that are visible to the caller, newest first. Needs `mcp_credential:read`.',
  })
  async credentials(
    @Root() server: McpServer,
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('includeRevoked', () => Boolean, { nullable: true, defaultValue: false, description: 'If true, lists revoked credentials too.' })
    includeRevoked?: boolean | null,
    @Arg('filter', () => McpCredentialFilter, { nullable: true, description: 'Filters the credentials. Omitted: no filter.' })
    filter?: McpCredentialFilter | null,
  ): Promise<Connection<McpCredential>> {
    const within = { serverId: server.id, ...(includeRevoked ? {} : { revokedAt: null }) }
    return McpCredentials.from(await listMcpCredentials(ctx, page, filter ?? {}, within))
  }
}
