/** GraphQL queries, mutations and field resolvers of personal tokens. */
import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'

import type { Context } from '../context/context.js'
import { CredentialStatus } from '../entities/enums.js'
import { PersonalToken } from '../entities/personal-token.js'
import { PermissionScalar } from '../entities/scalars.js'
import { User } from '../entities/user.js'
import { createPersonalToken } from '../personal-tokens/create-personal-token.js'
import { effectivePermissions } from '../personal-tokens/effective-permissions.js'
import { isOwnToken } from '../personal-tokens/find-personal-token.js'
import { listOrganizationTokens } from '../personal-tokens/list-organization-tokens.js'
import { listOwnTokens } from '../personal-tokens/list-personal-tokens.js'
import { revealPersonalToken } from '../personal-tokens/reveal-personal-token.js'
import { revokeAllPersonalTokens } from '../personal-tokens/revoke-all-personal-tokens.js'
import { revokeOrganizationToken } from '../personal-tokens/revoke-organization-token.js'
import { revokePersonalToken } from '../personal-tokens/revoke-personal-token.js'
import { ActorUnion, findActor, type ActorRow } from './actor-union.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { findByIdOrForbid } from './find-by-id-or-forbid.js'
import {
  CreatePersonalTokenInput,
  CreatePersonalTokenPayload,
  RevealPersonalTokenInput,
  RevealPersonalTokenPayload,
  RevokePersonalTokenInput,
  RevokePersonalTokenPayload,
  RevokeAllPersonalTokensPayload,
} from './personal-token-types.js'

const PersonalTokens = createConnectionType('PersonalToken', () => PersonalToken)

@Resolver(() => PersonalToken)
export class PersonalTokenResolver {
  @Query(() => PersonalToken, {
    nullable: true,
    description:
      'Personal token by id. Null if there is none in the organization. Own tokens need no permission, others need `personal_token:read`.',
  })
  personalToken(
    @Ctx() ctx: Context,
    @Arg('id', () => ID, { description: 'Id of the personal token.' }) id: string,
  ): Promise<PersonalToken | null> {
    return findByIdOrForbid(ctx, PersonalToken, id, 'personal_token:read', isOwnToken)
  }

  @Query(() => PersonalTokens.type, {
    description:
      'Personal tokens of the caller that have not expired, including revoked tokens, newest first. Needs a personal token (FORBIDDEN) but no permission.',
  })
  async personalTokens(@Ctx() ctx: Context, @Args(() => PageArgs) page: PageArgs): Promise<Connection<PersonalToken>> {
    return PersonalTokens.from(await listOwnTokens(ctx, page))
  }

  @Query(() => PersonalTokens.type, {
    description:
      'Records of all personal tokens in the organization that have not expired, including revoked tokens, newest first. Needs `personal_token:read`.',
  })
  async organizationTokens(@Ctx() ctx: Context, @Args(() => PageArgs) page: PageArgs): Promise<Connection<PersonalToken>> {
    return PersonalTokens.from(await listOrganizationTokens(ctx, page))
  }

  @Mutation(() => CreatePersonalTokenPayload, {
    nullable: true,
    description: 'Creates a personal token of the caller. Needs a personal token (FORBIDDEN) but no permission.',
  })
  createPersonalToken(
    @Ctx() ctx: Context,
    @Arg('input', () => CreatePersonalTokenInput, { description: 'Properties of the token.' }) input: CreatePersonalTokenInput,
  ): Promise<CreatePersonalTokenPayload> {
    return createPersonalToken(ctx, input)
  }

  @Mutation(() => RevealPersonalTokenPayload, {
    nullable: true,
    description:
      'Returns a personal token again, LOGIN tokens included, to its creator only (FORBIDDEN) and before `visibleUntil` (ALREADY_REVEALED). A RESTRICTED or EPHEMERAL token reveals only tokens that it could create (FORBIDDEN or PERMISSION_NOT_HELD). Needs no permission. Each call is audited.',
  })
  revealPersonalToken(
    @Ctx() ctx: Context,
    @Arg('input', () => RevealPersonalTokenInput, { description: 'Personal token to reveal.' }) input: RevealPersonalTokenInput,
  ): Promise<RevealPersonalTokenPayload> {
    return revealPersonalToken(ctx, input)
  }

  @Mutation(() => RevokePersonalTokenPayload, {
    nullable: true,
    description:
      'Revokes a personal token of the caller, immediately and permanently. Needs a personal token (FORBIDDEN) but no permission.',
  })
  revokePersonalToken(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokePersonalTokenInput, { description: 'Personal token to revoke.' }) input: RevokePersonalTokenInput,
  ): Promise<RevokePersonalTokenPayload> {
    return revokePersonalToken(ctx, input)
  }

  @Mutation(() => RevokeAllPersonalTokensPayload, {
    nullable: true,
    description:
      'Revokes all personal tokens of the caller, including the calling token. Needs a personal token (FORBIDDEN) but no permission.',
  })
  revokeAllPersonalTokens(@Ctx() ctx: Context): Promise<RevokeAllPersonalTokensPayload> {
    return revokeAllPersonalTokens(ctx)
  }

  @Mutation(() => RevokePersonalTokenPayload, {
    nullable: true,
    description: 'Revokes any personal token of the organization, immediately and permanently. Needs `personal_token:revoke`.',
  })
  revokeOrganizationToken(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokePersonalTokenInput, { description: 'Personal token to revoke.' }) input: RevokePersonalTokenInput,
  ): Promise<RevokePersonalTokenPayload> {
    return revokeOrganizationToken(ctx, input)
  }
  @FieldResolver(() => CredentialStatus, { description: 'Status at the time of the request.' })
  status(@Root() token: PersonalToken, @Ctx() ctx: Context): CredentialStatus {
    return token.status(ctx.now())
  }

  @FieldResolver(() => User, { description: 'User that the token belongs to.' })
  user(@Root() token: PersonalToken, @Ctx() ctx: Context): Promise<User | null> {
    return ctx.loadInOrganization(token, User, token.userId)
  }

  @FieldResolver(() => [PermissionScalar], {
    description: "Permissions of the token at the time of the request: those of the user's role, intersected with the token's own list.",
  })
  effectivePermissions(@Root() token: PersonalToken, @Ctx() ctx: Context): Promise<readonly string[]> {
    return effectivePermissions(ctx, token)
  }

  @FieldResolver(() => ActorUnion, {
    nullable: true,
    description: 'User that revoked the token. Null if not revoked, and without `member:read`.',
  })
  revokedBy(@Root() token: PersonalToken, @Ctx() ctx: Context): Promise<ActorRow | null> {
    return findActor(ctx, token.revokedBy)
  }
}
