/** Personal tokens in GraphQL's words: how they are read. */
import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql'

import type { Context } from '../context/context.js'
import { CredentialStatus } from '../entities/enums.js'
import { PersonalToken } from '../entities/personal-token.js'
import { DateTimeScalar, PermissionScalar } from '../entities/scalars.js'
import { User } from '../entities/user.js'
import { effectivePermissions } from '../personal-tokens/effective-permissions.js'
import { isOwn } from '../personal-tokens/find-personal-token.js'
import { listOrganizationTokens, listOwnTokens } from '../personal-tokens/list-personal-tokens.js'
import { ActorUnion, findActor, type ActorRow } from './actor-union.js'
import { connectionOf, PageArgs, type Connection } from './connection.js'
import { readById } from './node.resolver.js'

const PersonalTokens = connectionOf('PersonalToken', () => PersonalToken)

@Resolver(() => PersonalToken)
export class PersonalTokenResolver {
  @Query(() => PersonalToken, {
    nullable: true,
    description: "One personal token; null when there is none with this id. One's own need no permission, others' `personal_token:read`.",
  })
  personalToken(@Ctx() ctx: Context, @Arg('id', () => ID, { description: 'Which token.' }) id: string): Promise<PersonalToken | null> {
    return readById(ctx, PersonalToken, id, 'personal_token:read', isOwn)
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
    return ctx.loadBeside(token, User, token.userId)
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
