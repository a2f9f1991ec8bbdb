/** The question that a service asks about a token, in GraphQL's words. */
import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'

import { introspectToken, type Introspection } from '../access-tokens/introspect-token.js'
import type { Context } from '../context/context.js'
import { DateTimeScalar, JsonObjectScalar, PermissionScalar, SecretScalar, UrlScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import { Payload } from './user-error.js'

@InputType('IntrospectTokenInput', { description: 'What a service asks about a token that it was handed.' })
class IntrospectTokenInput {
  @Field(() => SecretScalar, { description: 'The token as it was presented.' })
  token!: Secret

  @Field(() => UrlScalar, { nullable: true, description: 'Whom it must be for, compared byte for byte. Left out: anybody.' })
  audience?: string | null
}

@ObjectType('TokenIntrospection', { description: 'Whether a token is active, and what it says (RFC 7662).' })
class TokenIntrospection {
  @Field(() => Boolean, {
    description: 'Whether to let it pass. False for whatever is unknown, expired, revoked, foreign, personal or for another audience.',
  })
  active!: boolean

  @Field(() => ID, { nullable: true, description: 'Its `jti`. Like all that follows, null when it is not active.' })
  tokenId?: string | null

  @Field(() => String, { nullable: true, description: 'Whom it speaks for: its `sub`.' })
  subject?: string | null

  @Field(() => UrlScalar, { nullable: true, description: 'Who issued it: its `iss`.' })
  issuer?: string | null

  @Field(() => UrlScalar, { nullable: true, description: 'Whom it is for: its `aud`.' })
  audience?: string | null

  @Field(() => [PermissionScalar], { nullable: true, description: 'What it carries and its key still holds.' })
  permissions?: string[] | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was issued.' })
  issuedAt?: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it ends.' })
  expiresAt?: Date | null

  @Field(() => JsonObjectScalar, { nullable: true, description: 'All of its claims, as they were signed.' })
  claims?: object | null
}

@ObjectType('IntrospectTokenPayload', { description: 'What is to be thought of the token.' })
class IntrospectTokenPayload extends Payload {
  @Field(() => TokenIntrospection, { nullable: true, description: 'The answer; null when you may not ask.' })
  introspection?: Introspection | null
}

@Resolver()
export class IntrospectionResolver {
  @Mutation(() => IntrospectTokenPayload, {
    nullable: true,
    description:
      'Whether an exchanged token that was presented to a service of yours is active. A mutation, so that it never travels in a URL. Needs `access_token:introspect`.',
  })
  async introspectToken(
    @Ctx() ctx: Context,
    @Arg('input', () => IntrospectTokenInput, { description: 'The token.' }) input: IntrospectTokenInput,
  ): Promise<object> {
    return { introspection: await introspectToken(ctx, input) }
  }
}
