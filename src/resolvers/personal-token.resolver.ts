/** Personal tokens in GraphQL's words: how they are read. */
import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root, Field, InputType, Int, Mutation, ObjectType } from 'type-graphql'

import type { Context } from '../context/context.js'
import { CredentialStatus, PersonalTokenType } from '../entities/enums.js'
import { PersonalToken } from '../entities/personal-token.js'
import { DateTimeScalar, PermissionScalar, JwtScalar } from '../entities/scalars.js'
import { User } from '../entities/user.js'
import { createPersonalToken, type NewPersonalToken } from '../personal-tokens/create-personal-token.js'
import { effectivePermissions } from '../personal-tokens/effective-permissions.js'
import { isOwn } from '../personal-tokens/find-personal-token.js'
import { listOrganizationTokens } from '../personal-tokens/list-organization-tokens.js'
import { listOwnTokens } from '../personal-tokens/list-personal-tokens.js'
import { revealPersonalToken } from '../personal-tokens/reveal-personal-token.js'
import { revokeAllPersonalTokens } from '../personal-tokens/revoke-all-personal-tokens.js'
import { revokeOrganizationToken } from '../personal-tokens/revoke-organization-token.js'
import { revokePersonalToken } from '../personal-tokens/revoke-personal-token.js'
import { ActorUnion, findActor, type ActorRow } from './actor-union.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { findByIdOrForbid } from './node.resolver.js'
import { Payload } from './user-error.js'

const PersonalTokens = createConnectionType('PersonalToken', () => PersonalToken)

@Resolver(() => PersonalToken)
export class PersonalTokenResolver {
  @Query(() => PersonalToken, {
    nullable: true,
    description: "One personal token; null when there is none with this id. One's own need no permission, others' `personal_token:read`.",
  })
  personalToken(@Ctx() ctx: Context, @Arg('id', () => ID, { description: 'Which token.' }) id: string): Promise<PersonalToken | null> {
    return findByIdOrForbid(ctx, PersonalToken, id, 'personal_token:read', isOwn)
  }

  @Query(() => PersonalTokens.type, {
    description: 'Your own tokens that have not expired, newest first. Needs no permission, but a person who asks.',
  })
  async personalTokens(@Ctx() ctx: Context, @Args(() => PageArgs) page: PageArgs): Promise<Connection<PersonalToken>> {
    return PersonalTokens.from(await listOwnTokens(ctx, page))
  }

  @Query(() => PersonalTokens.type, {
    description: "Everybody's tokens that have not expired, newest first; never their texts. Needs `personal_token:read`.",
  })
  async organizationTokens(@Ctx() ctx: Context, @Args(() => PageArgs) page: PageArgs): Promise<Connection<PersonalToken>> {
    return PersonalTokens.from(await listOrganizationTokens(ctx, page))
  }

  @FieldResolver(() => CredentialStatus, { description: 'Whether it works now.' })
  status(@Root() token: PersonalToken, @Ctx() ctx: Context): CredentialStatus {
    return token.status(ctx.now())
  }

  @FieldResolver(() => User, { description: 'Whose it is.' })
  user(@Root() token: PersonalToken, @Ctx() ctx: Context): Promise<User | null> {
    return ctx.loadInOrganization(token, User, token.userId)
  }

  @FieldResolver(() => [PermissionScalar], { description: "What it can do now: the user's role, reduced to what the token carries." })
  effectivePermissions(@Root() token: PersonalToken, @Ctx() ctx: Context): Promise<readonly string[]> {
    return effectivePermissions(ctx, token)
  }

  @FieldResolver(() => DateTimeScalar, { nullable: true, description: 'The day of its last use (midnight UTC); null: never.' })
  lastUsedOn(@Root() token: PersonalToken): Date | null {
    return token.lastUsedOn
  }

  @FieldResolver(() => ActorUnion, { nullable: true, description: 'Who revoked it.' })
  revokedBy(@Root() token: PersonalToken, @Ctx() ctx: Context): Promise<ActorRow | null> {
    return findActor(ctx, token.revokedBy)
  }
}

@InputType('CreatePersonalTokenInput', { description: 'What the new token is to be.' })
class CreatePersonalTokenInput implements NewPersonalToken {
  @Field(() => PersonalTokenType, {
    nullable: true,
    defaultValue: 'FULL_ACCESS',
    description: 'How much of you it carries. LOGIN comes from signing in alone; a reduced token makes reduced ones.',
  })
  type?: PersonalTokenType | null

  @Field(() => String, { nullable: true, description: 'What it is for: at most 128 characters.' })
  description?: string | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'When it ends: at most in 365 days, for EPHEMERAL in 24 hours, and not after the token that makes it (LOGIN aside). Left out: in 365 days, for EPHEMERAL in one hour, or with its maker.',
  })
  expiresAt?: Date | null

  @Field(() => [PermissionScalar], {
    nullable: true,
    description: 'What a RESTRICTED or EPHEMERAL token is reduced to, at most what you hold; at least one. Left out for FULL_ACCESS.',
  })
  permissions?: string[] | null

  @Field(() => String, {
    nullable: true,
    description:
      'Sent again within 24 hours under the same key, the same input makes nothing new and answers the same record without its token: 1 to 255 characters.',
  })
  idempotencyKey?: string | null
}

@ObjectType('CreatePersonalTokenPayload', { description: 'The new token. For five minutes `revealPersonalToken` repeats it.' })
class CreatePersonalTokenPayload extends Payload {
  @Field(() => PersonalToken, { nullable: true, description: 'Its record.' })
  personalToken?: PersonalToken | null

  @Field(() => JwtScalar, { nullable: true, description: 'The token, for Keyhouse alone. Keep it now.' })
  token?: string | null
}

@InputType('RevealPersonalTokenInput', { description: 'Which token to see again.' })
class RevealPersonalTokenInput {
  @Field(() => ID, { description: 'Which token.' })
  id!: string
}

@ObjectType('RevealPersonalTokenPayload', { description: 'The token, once more.' })
class RevealPersonalTokenPayload extends Payload {
  @Field(() => PersonalToken, { nullable: true, description: 'Its record.' })
  personalToken?: PersonalToken | null

  @Field(() => JwtScalar, { nullable: true, description: 'The token.' })
  token?: string | null
}

@InputType('RevokePersonalTokenInput', { description: 'Which token ends now.' })
class RevokePersonalTokenInput {
  @Field(() => ID, { description: 'Which token; it may be the one in use.' })
  id!: string
}

@ObjectType('RevokePersonalTokenPayload', { description: 'The revoked token; the same when it was revoked before.' })
class RevokePersonalTokenPayload extends Payload {
  @Field(() => PersonalToken, { nullable: true, description: 'The revoked token.' })
  personalToken?: PersonalToken | null
}

@ObjectType('RevokeAllPersonalTokensPayload', { description: 'How many of your tokens ended.' })
class RevokeAllPersonalTokensPayload extends Payload {
  @Field(() => Int, { nullable: true, description: 'How many worked until now, the one in use among them.' })
  revokedCount?: number | null
}

@Resolver()
export class PersonalTokenChangesResolver {
  @Mutation(() => CreatePersonalTokenPayload, {
    nullable: true,
    description: 'Makes a token of your own. Needs no permission: it never holds more than you do.',
  })
  createPersonalToken(
    @Ctx() ctx: Context,
    @Arg('input', () => CreatePersonalTokenInput, { description: 'What it is to be.' }) input: CreatePersonalTokenInput,
  ): Promise<object> {
    return createPersonalToken(ctx, input)
  }

  @Mutation(() => RevealPersonalTokenPayload, {
    nullable: true,
    description: 'Repeats a token to its creator until `visibleUntil`; ALREADY_REVEALED from then on. Each time is audited.',
  })
  revealPersonalToken(
    @Ctx() ctx: Context,
    @Arg('input', () => RevealPersonalTokenInput, { description: 'Which token.' }) input: RevealPersonalTokenInput,
  ): Promise<object> {
    return revealPersonalToken(ctx, input)
  }

  @Mutation(() => RevokePersonalTokenPayload, {
    nullable: true,
    description: 'Ends a token of your own at once and for good. Needs no permission.',
  })
  revokePersonalToken(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokePersonalTokenInput, { description: 'Which token.' }) input: RevokePersonalTokenInput,
  ): Promise<object> {
    return revokePersonalToken(ctx, input)
  }

  @Mutation(() => RevokeAllPersonalTokensPayload, {
    nullable: true,
    description: 'Ends all of your tokens at once, the one in use too. Needs no permission.',
  })
  revokeAllPersonalTokens(@Ctx() ctx: Context): Promise<object> {
    return revokeAllPersonalTokens(ctx)
  }

  @Mutation(() => RevokePersonalTokenPayload, {
    nullable: true,
    description: "Ends anybody's token in the organization at once and for good. Needs `personal_token:revoke`.",
  })
  revokeOrganizationToken(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokePersonalTokenInput, { description: 'Which token.' }) input: RevokePersonalTokenInput,
  ): Promise<object> {
    return revokeOrganizationToken(ctx, input)
  }
}
