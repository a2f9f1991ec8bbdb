/** Personal tokens in GraphQL's words. */
import { Arg, Ctx, Field, FieldResolver, InputType, Mutation, ObjectType, Resolver, Root } from 'type-graphql'

import type { Context } from '../context.js'
import { CredentialStatus } from '../entities/enums.js'
import { PersonalToken } from '../entities/personal-token.js'
import { DateTimeScalar, JwtScalar, PermissionScalar, SecretScalar } from '../entities/scalars.js'
import { User } from '../entities/user.js'
import type { Secret } from '../lib/secret.js'
import { effectivePermissions } from '../personal-tokens/effective-permissions.js'
import { signIn } from '../personal-tokens/sign-in.js'
import { ActorUnion, findActor, type ActorRow } from './actor-union.js'
import { Payload } from './user-error.js'

@InputType('SignInInput', { description: 'The way back in.' })
class SignInInput {
  @Field(() => SecretScalar, { description: 'A sign-in token: 15 minutes, once.' })
  signInToken!: Secret
}

@ObjectType('SignInPayload', { description: 'A LOGIN token.' })
class SignInPayload extends Payload {
  @Field(() => PersonalToken, { nullable: true, description: 'Its record.' })
  personalToken?: PersonalToken | null

  @Field(() => JwtScalar, { nullable: true, description: 'The token: 12 hours.' })
  token?: string | null
}

@Resolver(() => PersonalToken)
export class PersonalTokenResolver {
  @Mutation(() => SignInPayload, { nullable: true, description: 'Turns a sign-in token into a LOGIN token. Needs no credential.' })
  signIn(@Ctx() ctx: Context, @Arg('input', () => SignInInput, { description: 'The sign-in token.' }) input: SignInInput): Promise<object> {
    return signIn(ctx, input.signInToken)
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
