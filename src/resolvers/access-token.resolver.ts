/** Exchanged tokens in GraphQL's words. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import { listAccessTokens, type AccessTokenQuery } from '../access-tokens/list-access-tokens.js'
import { revokeAccessToken } from '../access-tokens/revoke-access-token.js'
import { can } from '../access/actor.js'
import { exchangeApiKey, type ExchangeApiKeyArgs } from '../api-keys/exchange-api-key.js'
import type { Context } from '../context/context.js'
import { AccessToken } from '../entities/access-token.js'
import { ApiKey } from '../entities/api-key.js'
import { EndUser } from '../entities/end-user.js'
import { CredentialStatus, Environment } from '../entities/enums.js'
import { JwtScalar, PermissionScalar, UrlScalar } from '../entities/scalars.js'
import { SigningKey } from '../entities/signing-key.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { Payload } from './user-error.js'
import { visibleEndUser } from './visible-end-user.js'

const AccessTokens = createConnectionType('AccessToken', () => AccessToken)

@InputType('ExchangeApiKeyInput', { description: 'What the token is to be good for.' })
class ExchangeApiKeyInput implements ExchangeApiKeyArgs {
  @Field(() => UrlScalar, {
    description:
      'Whom it is for: an absolute http or https URL without a fragment, at most 2,048 characters. Becomes `aud`, exactly as written.',
  })
  audience!: string

  @Field(() => String, {
    nullable: true,
    description:
      'Which of your users it speaks for: 1 to 150 printable ASCII characters. Becomes `sub`. May be left out when X-On-Behalf-Of names one.',
  })
  externalUserId?: string | null

  @Field(() => Int, { nullable: true, description: 'For how many seconds: 300 to 2,592,000. Left out: 3,600, or what the key has left.' })
  expiresIn?: number | null

  @Field(() => [PermissionScalar], {
    nullable: true,
    description: 'What it carries, at most what the key holds. Left out: all of that. Empty: nothing.',
  })
  permissions?: string[] | null
}

@ObjectType('ExchangeApiKeyPayload', { description: 'The token, and its record.' })
class ExchangeApiKeyPayload extends Payload {
  @Field(() => JwtScalar, {
    nullable: true,
    description: 'The token. A service verifies it offline, by the issuer, the audience and the keys at {issuer}/.well-known/jwks.json.',
  })
  token?: string | null

  @Field(() => UrlScalar, {
    nullable: true,
    description:
      'The issuer of the token: its `iss`, an absolute URL that names the organization and the environment. Null when no token was issued.',
  })
  issuer?: string | null

  @Field(() => AccessToken, { nullable: true, description: 'Its record.' })
  accessToken?: AccessToken | null
}

@InputType('AccessTokenFilter', { description: 'Which tokens; what is left out does not narrow.' })
class AccessTokenFilter implements AccessTokenQuery {
  @Field(() => Environment, { nullable: true, description: 'Those of one environment.' })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: 'Those of one project.' })
  projectId?: string | null

  @Field(() => ID, { nullable: true, description: 'Those that were exchanged from one key.' })
  apiKeyId?: string | null

  @Field(() => String, { nullable: true, description: 'Those that speak for this user of yours.' })
  externalUserId?: string | null

  @Field(() => CredentialStatus, { nullable: true, description: 'Those that are in this state now.' })
  status?: CredentialStatus | null
}

@InputType('RevokeAccessTokenInput', { description: 'Which token ends now.' })
class RevokeAccessTokenInput {
  @Field(() => ID, { description: 'Which token: its `jti`.' })
  id!: string
}

@ObjectType('RevokeAccessTokenPayload', { description: 'The revoked token; the same when it was revoked before.' })
class RevokeAccessTokenPayload extends Payload {
  @Field(() => AccessToken, { nullable: true, description: 'Its record.' })
  accessToken?: AccessToken | null
}

@Resolver(() => AccessToken)
export class AccessTokenResolver {
  @Query(() => AccessTokens.type, { description: 'The tokens that were exchanged, newest first. Needs `access_token:read`.' })
  async accessTokens(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => AccessTokenFilter, { nullable: true, description: 'Which tokens.' }) filter?: AccessTokenFilter | null,
  ): Promise<Connection<AccessToken>> {
    return AccessTokens.from(await listAccessTokens(ctx, page, filter ?? {}))
  }

  @Mutation(() => RevokeAccessTokenPayload, {
    nullable: true,
    description:
      'Ends one exchanged token at once and for good. It appears at /.well-known/revoked.json until its time is over. Needs `access_token:revoke`.',
  })
  revokeAccessToken(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeAccessTokenInput, { description: 'Which token.' }) input: RevokeAccessTokenInput,
  ): Promise<object> {
    return revokeAccessToken(ctx, input)
  }

  @Mutation(() => ExchangeApiKeyPayload, {
    nullable: true,
    description: 'Exchanges the API key of the caller for a short-lived JWT. Needs no permission: it only narrows.',
  })
  exchangeApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => ExchangeApiKeyInput, { description: 'What the token is to be good for.' }) input: ExchangeApiKeyInput,
  ): Promise<object> {
    return exchangeApiKey(ctx, input)
  }

  @FieldResolver(() => ApiKey, { nullable: true, description: 'The key that was exchanged; null without `api_key:read`.' })
  async apiKey(@Root() token: AccessToken, @Ctx() ctx: Context): Promise<ApiKey | null> {
    return can(ctx.actor, 'api_key:read') ? ctx.load(ApiKey, token.apiKeyId) : null
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description: 'The end user that it acts for; null when forgotten. Others than the caller need `end_user:read`.',
  })
  endUser(@Root() row: AccessToken, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, row)
  }

  @FieldResolver(() => CredentialStatus, {
    description: 'Whether it works now. It is revoked with its key, and by a reset of its sandbox.',
  })
  async status(@Root() token: AccessToken, @Ctx() ctx: Context): Promise<CredentialStatus> {
    const [key, signingKey] = await Promise.all([
      ctx.loadInOrganization(token, ApiKey, token.apiKeyId),
      ctx.load(SigningKey, token.signingKeyId),
    ])
    return token.status(ctx.now(), key, signingKey?.retiredAt ?? null)
  }
}
