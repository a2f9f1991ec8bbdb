/** GraphQL types and operation of token introspection (RFC 7662). */
import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'

import { introspectToken, type Introspection } from '../access-tokens/introspect-token.js'
import type { Context } from '../context/context.js'
import { DateTimeScalar, JsonObjectScalar, PermissionScalar, SecretScalar, UrlScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import { Payload } from './user-error.js'

@InputType('IntrospectTokenInput', { description: 'Access token to introspect.' })
class IntrospectTokenInput {
  @Field(() => SecretScalar, { description: 'Access token as presented to your service.' })
  token!: Secret

  @Field(() => UrlScalar, {
    nullable: true,
    description: 'Required audience, compared byte for byte. With another audience the token is inactive. Omitted: any audience.',
  })
  audience?: string | null
}

@ObjectType('TokenIntrospection', { description: 'Token introspection response (RFC 7662).' })
class TokenIntrospection {
  @Field(() => Boolean, {
    description:
      'True if the token is valid now. False for tokens that are unknown, expired, revoked, suspended, personal, invisible to the caller or for another audience.',
  })
  active!: boolean

  @Field(() => ID, { nullable: true, description: 'Token id (`jti`). Null if not active.' })
  tokenId?: string | null

  @Field(() => String, {
    nullable: true,
    description: 'External id of the end user (`sub`); the id of the API key if the token acts for no end user. Null if not active.',
  })
  subject?: string | null

  @Field(() => UrlScalar, { nullable: true, description: 'Issuer (`iss`). Null if not active.' })
  issuer?: string | null

  @Field(() => UrlScalar, { nullable: true, description: 'Audience (`aud`). Null if not active.' })
  audience?: string | null

  @Field(() => [PermissionScalar], {
    nullable: true,
    description: 'Permissions of the token that its API key still holds. Null if not active.',
  })
  permissions?: string[] | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Time of issue (`iat`). Null if not active.' })
  issuedAt?: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'Expiry (`exp`). Null if not active.' })
  expiresAt?: Date | null

  @Field(() => JsonObjectScalar, { nullable: true, description: 'All claims, as signed. Null if not active.' })
  claims?: object | null
}

@ObjectType('IntrospectTokenPayload', { description: 'Result of `introspectToken`.' })
class IntrospectTokenPayload extends Payload {
  @Field(() => TokenIntrospection, { nullable: true, description: 'Introspection response. Null if `userErrors` is not empty.' })
  introspection?: Introspection | null
}

@Resolver()
export class TokenIntrospectionResolver {
  @Mutation(() => IntrospectTokenPayload, {
    nullable: true,
    description:
      'Introspects an access token that was presented to your service. A mutation, so that the token never appears in a URL. Needs `access_token:introspect`.',
  })
  async introspectToken(
    @Ctx() ctx: Context,
    @Arg('input', () => IntrospectTokenInput, { description: 'Access token to introspect.' }) input: IntrospectTokenInput,
  ): Promise<IntrospectTokenPayload> {
    return { introspection: await introspectToken(ctx, input) }
  }
}
