/** The way back in, in GraphQL's words. */
import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'

import type { Context } from '../context/context.js'
import { PersonalToken } from '../entities/personal-token.js'
import { DateTimeScalar, JwtScalar, SecretScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import { createSignInToken } from '../sign-in/create-sign-in-token.js'
import { signIn } from '../sign-in/sign-in.js'
import { Payload } from './user-error.js'

@InputType('CreateSignInTokenInput', { description: 'Who is to get back in.' })
class CreateSignInTokenInput {
  @Field(() => ID, { description: 'Which member.' })
  memberId!: string
}

@ObjectType('CreateSignInTokenPayload', { description: 'A way back in: this is the only answer that has it.' })
class CreateSignInTokenPayload extends Payload {
  @Field(() => SecretScalar, { nullable: true, description: 'What `signIn` takes, once. Give it to the member.' })
  signInToken?: Secret | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it ends: in 15 minutes.' })
  expiresAt?: Date | null
}

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

@Resolver()
export class SignInResolver {
  @Mutation(() => CreateSignInTokenPayload, {
    nullable: true,
    description: 'Makes a sign-in token for a member who lost their token. Needs `member:update`, with a LOGIN or FULL_ACCESS token.',
  })
  createSignInToken(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateSignInTokenInput, { description: 'Who is to get back in.' }) input: CreateSignInTokenInput,
  ): Promise<object> {
    return createSignInToken(ctx, input)
  }

  @Mutation(() => SignInPayload, { nullable: true, description: 'Turns a sign-in token into a LOGIN token. Needs no credential.' })
  signIn(@Ctx() ctx: Context, @Arg('input', () => SignInInput, { description: 'The sign-in token.' }) input: SignInInput): Promise<object> {
    return signIn(ctx, input.signInToken)
  }
}
