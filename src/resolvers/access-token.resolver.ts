/** GraphQL types and operations of access tokens: the exchange, the records and their revocation. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import { exchangeApiKey, type ExchangeApiKeyArgs } from '../access-tokens/exchange-api-key.js'
import { listAccessTokens, type AccessTokenFilterArgs } from '../access-tokens/list-access-tokens.js'
import { revokeAccessToken } from '../access-tokens/revoke-access-token.js'
import { can } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { AccessToken, maxTokenTtlSeconds, minTokenTtlSeconds } from '../entities/access-token.js'
import { ApiKey } from '../entities/api-key.js'
import { EndUser } from '../entities/end-user.js'
import { CredentialStatus, Environment } from '../entities/enums.js'
import { OAuthGrant } from '../entities/oauth-grant.js'
import { JwtScalar, PermissionScalar, UrlScalar } from '../entities/scalars.js'
import { SigningKey } from '../entities/signing-key.js'
import { maxUrlLength } from '../validation/validator.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { environmentFilter, externalUserFilter, formatCount, permissionCount, projectFilter } from './descriptions.js'
import { Payload } from './user-error.js'
import { visibleEndUser } from './visible-end-user.js'

const AccessTokens = createConnectionType('AccessToken', () => AccessToken)

@InputType('ExchangeApiKeyInput', { description: 'Claims of the access token to issue.' })
class ExchangeApiKeyInput implements ExchangeApiKeyArgs {
  @Field(() => UrlScalar, {
    description: `Audience of the token (\`aud\`), embedded exactly as written. An absolute http or https URL without a fragment: at most ${formatCount(maxUrlLength)} characters. For one MCP server at the gateway: KEYHOUSE_URL/mcp/{serverId}. If the key has \`allowedAudiences\`, they must contain it (URL_NOT_ALLOWED).`,
  })
  audience!: string

  @Field(() => String, {
    nullable: true,
    description:
      'External id of the end user, as assigned by your product (`sub`): 1 to 150 printable ASCII characters, no space at either end, not `*`. `endUsers` of the key must allow it (FORBIDDEN). Required unless X-On-Behalf-Of is sent, which it must then equal.',
  })
  externalUserId?: string | null

  @Field(() => Int, {
    nullable: true,
    description: `Lifetime of the token: ${minTokenTtlSeconds} to ${formatCount(maxTokenTtlSeconds)} seconds. Default: 3,600 seconds, or the remaining lifetime of the key if shorter, even under ${minTokenTtlSeconds} seconds. A longer lifetime than the key's is refused (INVALID).`,
  })
  expiresIn?: number | null

  @Field(() => [PermissionScalar], {
    nullable: true,
    description: `Permissions of the token: ${permissionCount}, all held by the key (PERMISSION_NOT_HELD). Omitted: all of the key's. An empty list grants none. Null is invalid.`,
  })
  permissions?: string[] | null
}

@ObjectType('ExchangeApiKeyPayload', { description: 'Result of `exchangeApiKey`. The only response that contains the token.' })
class ExchangeApiKeyPayload extends Payload {
  @Field(() => JwtScalar, {
    nullable: true,
    description:
      'Access token (RFC 9068, `typ: at+jwt`). Verify it offline by issuer, audience and the keys at {issuer}/.well-known/jwks.json. Null if `userErrors` is not empty.',
  })
  token?: string | null

  @Field(() => UrlScalar, {
    nullable: true,
    description:
      'Issuer of the token (`iss`): an absolute URL for the organization and environment, compared byte for byte. Null if `userErrors` is not empty.',
  })
  issuer?: string | null

  @Field(() => AccessToken, { nullable: true, description: 'Record of the token. Null if `userErrors` is not empty.' })
  accessToken?: AccessToken | null
}

@InputType('AccessTokenFilter', { description: 'Filters access tokens. Omitted fields do not filter.' })
class AccessTokenFilter implements AccessTokenFilterArgs {
  @Field(() => Environment, { nullable: true, description: environmentFilter })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectFilter })
  projectId?: string | null

  @Field(() => ID, { nullable: true, description: 'Matches tokens exchanged from this API key, by id.' })
  apiKeyId?: string | null

  @Field(() => String, { nullable: true, description: externalUserFilter })
  externalUserId?: string | null

  @Field(() => CredentialStatus, { nullable: true, description: 'Matches this status at the time of the request.' })
  status?: CredentialStatus | null
}

@InputType('RevokeAccessTokenInput', { description: 'Access token to revoke.' })
class RevokeAccessTokenInput {
  @Field(() => ID, { description: 'Id of the access token (`jti`).' })
  id!: string
}

@ObjectType('RevokeAccessTokenPayload', { description: 'Result of `revokeAccessToken`.' })
class RevokeAccessTokenPayload extends Payload {
  @Field(() => AccessToken, {
    nullable: true,
    description: 'Record of the revoked token. A token that was revoked before is returned unchanged. Null if `userErrors` is not empty.',
  })
  accessToken?: AccessToken | null
}

@Resolver(() => AccessToken)
export class AccessTokenResolver {
  @Query(() => AccessTokens.type, {
    description: 'Records of access tokens visible to the caller, newest first. Needs `access_token:read`.',
  })
  async accessTokens(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => AccessTokenFilter, { nullable: true, description: 'Filters the access tokens. Omitted: no filter.' })
    filter?: AccessTokenFilter | null,
  ): Promise<Connection<AccessToken>> {
    return AccessTokens.from(await listAccessTokens(ctx, page, filter ?? {}))
  }

  @Mutation(() => RevokeAccessTokenPayload, {
    nullable: true,
    description:
      'Revokes one access token and those that were narrowed from it, immediately and permanently. Their `jti` are listed at {issuer}/.well-known/revoked.json until they expire. Needs `access_token:revoke`.',
  })
  revokeAccessToken(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeAccessTokenInput, { description: 'Access token to revoke.' }) input: RevokeAccessTokenInput,
  ): Promise<RevokeAccessTokenPayload> {
    return revokeAccessToken(ctx, input)
  }

  @Mutation(() => ExchangeApiKeyPayload, {
    nullable: true,
    description:
      'Exchanges the API key of the request for a short-lived access token that acts for one end user. Needs no permission. Other credentials are refused (FORBIDDEN).',
  })
  exchangeApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => ExchangeApiKeyInput, { description: 'Claims of the access token.' }) input: ExchangeApiKeyInput,
  ): Promise<ExchangeApiKeyPayload> {
    return exchangeApiKey(ctx, input)
  }

  @FieldResolver(() => ApiKey, { nullable: true, description: 'API key that was exchanged. Null without `api_key:read`.' })
  async apiKey(@Root() token: AccessToken, @Ctx() ctx: Context): Promise<ApiKey | null> {
    return can(ctx.actor, 'api_key:read') ? ctx.load(ApiKey, token.apiKeyId) : null
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description:
      'End user that the token acts for. Null if it acts for none, or if the end user was forgotten or wiped by a sandbox reset. Needs `end_user:read`, else null, unless the caller is this end user.',
  })
  endUser(@Root() token: AccessToken, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, token)
  }

  @FieldResolver(() => OAuthGrant, {
    nullable: true,
    description: 'OAuth grant that the token was issued under. Null for a token of an API key, and without `oauth_grant:read`.',
  })
  async grant(@Root() { grantId }: AccessToken, @Ctx() ctx: Context): Promise<OAuthGrant | null> {
    return grantId !== null && can(ctx.actor, 'oauth_grant:read') ? ctx.load(OAuthGrant, grantId) : null
  }

  @FieldResolver(() => CredentialStatus, {
    description:
      'Status at the time of the request. REVOKED also if its API key was revoked, its sandbox was reset or its signing key was withdrawn; SUSPENDED if its API key is suspended. `endUsers` of the key does not change it.',
  })
  async status(@Root() token: AccessToken, @Ctx() ctx: Context): Promise<CredentialStatus> {
    const [key, signingKey] = await Promise.all([
      ctx.loadInOrganization(token, ApiKey, token.apiKeyId),
      ctx.load(SigningKey, token.signingKeyId),
    ])
    return token.status(ctx.now(), key, signingKey?.retiredAt ?? null)
  }
}
