/** GraphQL operations and field resolvers of MCP credentials. */
import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql'

import { can } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { EndUser } from '../entities/end-user.js'
import { CredentialStatus } from '../entities/enums.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { McpServer } from '../entities/mcp-server.js'
import { createMcpCredential } from '../mcp/credentials/create-mcp-credential.js'
import { revokeMcpCredential } from '../mcp/credentials/revoke-mcp-credential.js'
import { updateMcpCredential } from '../mcp/credentials/update-mcp-credential.js'
import {
  CreateMcpCredentialInput,
  CreateMcpCredentialPayload,
  McpCredentialHealth,
  RevokeMcpCredentialInput,
  RevokeMcpCredentialPayload,
  UpdateMcpCredentialInput,
  UpdateMcpCredentialPayload,
} from './mcp-credential-types.js'
import { visibleEndUser } from './visible-end-user.js'

@Resolver(() => McpCredential)
export class McpCredentialResolver {
  @Mutation(() => CreateMcpCredentialPayload, {
    nullable: true,
    description:
      'Stores a credential for an MCP server. Its owner is the end user of the request, or else the backend. Needs `mcp_credential:create`.',
  })
  createMcpCredential(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateMcpCredentialInput, { description: 'Credential to store.' }) input: CreateMcpCredentialInput,
  ): Promise<CreateMcpCredentialPayload> {
    return createMcpCredential(ctx, input)
  }

  @Mutation(() => UpdateMcpCredentialPayload, {
    nullable: true,
    description:
      'Replaces the value, name or expiry of an MCP credential in place. INVALID_STATE if it is revoked. Needs `mcp_credential:create`, and for a shared credential the rights that relax the rules of its server.',
  })
  updateMcpCredential(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateMcpCredentialInput, { description: 'Changes to the credential.' }) input: UpdateMcpCredentialInput,
  ): Promise<UpdateMcpCredentialPayload> {
    return updateMcpCredential(ctx, input)
  }

  @Mutation(() => RevokeMcpCredentialPayload, {
    nullable: true,
    description:
      'Revokes an MCP credential permanently. Its value is wiped immediately and its metadata stays. Needs `mcp_credential:revoke`.',
  })
  revokeMcpCredential(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeMcpCredentialInput, { description: 'Credential to revoke.' }) input: RevokeMcpCredentialInput,
  ): Promise<RevokeMcpCredentialPayload> {
    return revokeMcpCredential(ctx, input)
  }

  @FieldResolver(() => McpServer, {
    nullable: true,
    description: 'MCP server that the credential is sent to. Null if it was deleted, and without `mcp_server:read`.',
  })
  async server(@Root() { serverId }: McpCredential, @Ctx() ctx: Context): Promise<McpServer | null> {
    return can(ctx.actor, 'mcp_server:read') ? ctx.load(McpServer, serverId) : null
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description:
      'End user that owns the credential. Null if the backend owns it. Needs `end_user:read`, else null, unless the caller is this end user.',
  })
  endUser(@Root() credential: McpCredential, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, credential)
  }

  @FieldResolver(() => CredentialStatus, { description: 'Status at the time of the request. Only an ACTIVE credential is sent.' })
  status(@Root() credential: McpCredential, @Ctx() ctx: Context): CredentialStatus {
    return credential.status(ctx.now())
  }

  @FieldResolver(() => McpCredentialHealth, {
    description: 'Health of the credential, by its last use at the gateway or in `testMcpServer`. Written about one second late.',
  })
  health(@Root() { healthStatus, healthChangedAt, healthHttpStatus }: McpCredential): McpCredentialHealth {
    return { status: healthStatus, changedAt: healthChangedAt, lastStatus: healthHttpStatus }
  }
}
