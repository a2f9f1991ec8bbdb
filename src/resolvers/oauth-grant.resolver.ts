/** GraphQL types and operations of OAuth grants: what end users allowed OAuth clients, and its revocation. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import { can } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { EndUser } from '../entities/end-user.js'
import { CredentialStatus, Environment } from '../entities/enums.js'
import { McpServer } from '../entities/mcp-server.js'
import { OAuthGrant } from '../entities/oauth-grant.js'
import { listOAuthGrants, type OAuthGrantFilterArgs } from '../oauth/grants/list-oauth-grants.js'
import { revokeOAuthGrant } from '../oauth/grants/revoke-oauth-grant.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { environmentFilter, externalUserFilter, projectFilter } from './descriptions.js'
import { Payload } from './user-error.js'
import { visibleEndUser } from './visible-end-user.js'

const OAuthGrants = createConnectionType('OAuthGrant', () => OAuthGrant)

@InputType('OAuthGrantFilter', { description: 'Filters OAuth grants. Omitted fields do not filter.' })
class OAuthGrantFilter implements OAuthGrantFilterArgs {
  @Field(() => Environment, { nullable: true, description: environmentFilter })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectFilter })
  projectId?: string | null

  @Field(() => ID, { nullable: true, description: 'Matches this MCP server, by id.' })
  serverId?: string | null

  @Field(() => ID, { nullable: true, description: 'Matches grants that this API key limits, by id.' })
  apiKeyId?: string | null

  @Field(() => String, { nullable: true, description: 'Matches this OAuth client, by its client id, compared byte for byte.' })
  clientId?: string | null

  @Field(() => String, { nullable: true, description: externalUserFilter })
  externalUserId?: string | null

  @Field(() => Boolean, { nullable: true, description: 'True matches revoked grants, false all others.' })
  isRevoked?: boolean | null
}

@InputType('RevokeOAuthGrantInput', { description: 'OAuth grant to revoke.' })
class RevokeOAuthGrantInput {
  @Field(() => ID, { description: 'Id of the OAuth grant.' })
  id!: string
}

@ObjectType('RevokeOAuthGrantPayload', { description: 'Result of `revokeOAuthGrant`.' })
class RevokeOAuthGrantPayload extends Payload {
  @Field(() => OAuthGrant, {
    nullable: true,
    description: 'Revoked grant. One that was revoked before is returned unchanged. Null if `userErrors` is not empty.',
  })
  grant?: OAuthGrant | null

  @Field(() => Int, {
    nullable: true,
    description: 'Number of active access tokens that were revoked with it. Null if `userErrors` is not empty.',
  })
  revokedTokens?: number | null
}

@Resolver(() => OAuthGrant)
export class OAuthGrantResolver {
  @Query(() => OAuthGrants.type, {
    description: 'OAuth grants visible to the caller, the newest first, revoked ones included. Needs `oauth_grant:read`.',
  })
  async oauthGrants(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => OAuthGrantFilter, { nullable: true, description: 'Filters the grants. Omitted: no filter.' })
    filter?: OAuthGrantFilter | null,
  ): Promise<Connection<OAuthGrant>> {
    return OAuthGrants.from(await listOAuthGrants(ctx, page, filter ?? {}))
  }

  @Mutation(() => RevokeOAuthGrantPayload, {
    nullable: true,
    description:
      'Revokes an OAuth grant with its access and refresh tokens, immediately and permanently. Open streams end within a second. Needs `oauth_grant:revoke`.',
  })
  revokeOAuthGrant(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeOAuthGrantInput, { description: 'OAuth grant to revoke.' }) input: RevokeOAuthGrantInput,
  ): Promise<RevokeOAuthGrantPayload> {
    return revokeOAuthGrant(ctx, input)
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description: 'End user who granted the access. Needs `end_user:read`, else null, unless the caller is this end user.',
  })
  endUser(@Root() grant: OAuthGrant, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, grant)
  }

  @FieldResolver(() => McpServer, {
    nullable: true,
    description: 'MCP server that the client may use. Null if it was deleted, and without `mcp_server:read`.',
  })
  async server(@Root() { serverId }: OAuthGrant, @Ctx() ctx: Context): Promise<McpServer | null> {
    return can(ctx.actor, 'mcp_server:read') ? ctx.load(McpServer, serverId) : null
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description: 'API key that limits the grant. Null without `api_key:read`.',
  })
  async apiKey(@Root() { apiKeyId }: OAuthGrant, @Ctx() ctx: Context): Promise<ApiKey | null> {
    return can(ctx.actor, 'api_key:read') ? ctx.load(ApiKey, apiKeyId) : null
  }

  @FieldResolver(() => CredentialStatus, {
    description: 'Status at the time of the request: that of the API key, or REVOKED for a revoked grant.',
  })
  async status(@Root() grant: OAuthGrant, @Ctx() ctx: Context): Promise<CredentialStatus> {
    const key = await ctx.loadInOrganization(grant, ApiKey, grant.apiKeyId)
    return grant.revokedAt || !key ? 'REVOKED' : key.status(ctx.now())
  }
}
