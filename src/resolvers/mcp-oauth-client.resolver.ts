/** GraphQL operations of OAuth clients and of connecting accounts. */
import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql'

import type { Context } from '../context/context.js'
import { McpOAuthClient } from '../entities/mcp-oauth-client.js'
import { Project } from '../entities/project.js'
import { startMcpConnection } from '../mcp/connections/start-mcp-connection.js'
import { createMcpOAuthClient } from '../mcp/oauth-clients/create-mcp-oauth-client.js'
import { deleteMcpOAuthClient } from '../mcp/oauth-clients/delete-mcp-oauth-client.js'
import { listMcpOAuthClients } from '../mcp/oauth-clients/list-mcp-oauth-clients.js'
import { updateMcpOAuthClient } from '../mcp/oauth-clients/update-mcp-oauth-client.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import {
  CreateMcpOAuthClientInput,
  CreateMcpOAuthClientPayload,
  DeleteMcpOAuthClientInput,
  DeleteMcpOAuthClientPayload,
  McpOAuthClientFilter,
  StartMcpConnectionInput,
  StartMcpConnectionPayload,
  UpdateMcpOAuthClientInput,
  UpdateMcpOAuthClientPayload,
} from './mcp-oauth-client-types.js'

const McpOAuthClients = createConnectionType('McpOAuthClient', () => McpOAuthClient)

@Resolver(() => McpOAuthClient)
export class McpOAuthClientResolver {
  @Query(() => McpOAuthClients.type, {
    description: 'OAuth clients that Keyhouse is at authorization servers of MCP servers, newest first. Needs `mcp_oauth_client:read`.',
  })
  async mcpOAuthClients(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => McpOAuthClientFilter, { nullable: true, description: 'Filters the clients. Omitted: no filter.' })
    filter?: McpOAuthClientFilter | null,
  ): Promise<Connection<McpOAuthClient>> {
    return McpOAuthClients.from(await listMcpOAuthClients(ctx, page, filter ?? {}))
  }

  @Mutation(() => CreateMcpOAuthClientPayload, {
    nullable: true,
    description:
      'Stores an OAuth client for an authorization server that takes no registration by a program. Register its `redirectUri` there. Needs `mcp_oauth_client:create`.',
  })
  createMcpOAuthClient(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateMcpOAuthClientInput, { description: 'Client to store.' }) input: CreateMcpOAuthClientInput,
  ): Promise<CreateMcpOAuthClientPayload> {
    return createMcpOAuthClient(ctx, input)
  }

  @Mutation(() => UpdateMcpOAuthClientPayload, {
    nullable: true,
    description:
      'Replaces the secret of a stored OAuth client, after it was rotated at the authorization server. Accounts stay connected. Needs `mcp_oauth_client:create`.',
  })
  updateMcpOAuthClient(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateMcpOAuthClientInput, { description: 'New secret.' }) input: UpdateMcpOAuthClientInput,
  ): Promise<UpdateMcpOAuthClientPayload> {
    return updateMcpOAuthClient(ctx, input)
  }

  @Mutation(() => DeleteMcpOAuthClientPayload, {
    nullable: true,
    description:
      'Deletes an OAuth client. Accounts that were connected with it must be connected again, once their access tokens expire. Needs `mcp_oauth_client:delete`.',
  })
  deleteMcpOAuthClient(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteMcpOAuthClientInput, { description: 'Client to delete.' }) input: DeleteMcpOAuthClientInput,
  ): Promise<DeleteMcpOAuthClientPayload> {
    return deleteMcpOAuthClient(ctx, input)
  }

  @Mutation(() => StartMcpConnectionPayload, {
    nullable: true,
    description:
      'Starts to connect an account of the end user to an MCP server by OAuth. Returns a link that only the browser of this end user can use. Needs `mcp_credential:create` and an end user.',
  })
  startMcpConnection(
    @Ctx() ctx: Context,
    @Arg('input', () => StartMcpConnectionInput, { description: 'Server to connect.' }) input: StartMcpConnectionInput,
  ): Promise<StartMcpConnectionPayload> {
    return startMcpConnection(ctx, input)
  }

  @FieldResolver(() => Project, { description: 'Project of the client. Needs no permission of its own.' })
  project(@Root() client: McpOAuthClient, @Ctx() ctx: Context): Promise<Project | null> {
    return ctx.loadInOrganization(client, Project, client.projectId)
  }
}
