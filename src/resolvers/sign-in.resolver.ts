/** GraphQL types and operations of sign-in tokens. */
import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'

import type { Context } from '../context/context.js'
import { PersonalToken } from '../entities/personal-token.js'
import { DateTimeScalar, JwtScalar, SecretScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import { loginTtlSeconds } from '../personal-tokens/issue-personal-token.js'
import { createSignInToken } from '../sign-in/create-sign-in-token.js'
import { signInTokenTtlSeconds } from '../sign-in/issue-sign-in-token.js'
import { signIn } from '../sign-in/sign-in.js'
import { formatDuration } from './descriptions.js'
import { Payload } from './user-error.js'

@InputType('CreateSignInTokenInput', { description: 'Member to create a sign-in token for.' })
class CreateSignInTokenInput {
  @Field(() => ID, { description: 'Id of the member.' })
  memberId!: string
}

@ObjectType('CreateSignInTokenPayload', {
  description: 'Result of `createSignInToken`. The only response that contains the sign-in token.',
})
class CreateSignInTokenPayload extends Payload {
  @Field(() => SecretScalar, {
    nullable: true,
    description: 'Sign-in token for `signIn`, valid once. Deliver it to the member. Null if `userErrors` is not empty.',
  })
  signInToken?: Secret | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: `Expiry of the sign-in token: ${formatDuration(signInTokenTtlSeconds)} from now, or the expiry of the calling FULL_ACCESS token if earlier. Null if \`userErrors\` is not empty.`,
  })
  expiresAt?: Date | null
}

@InputType('SignInInput', { description: 'Sign-in token to redeem.' })
class SignInInput {
  @Field(() => SecretScalar, {
    description: `Sign-in token, valid once, for at most ${formatDuration(signInTokenTtlSeconds)}. NOT_FOUND if unknown, INVALID_STATE if used or expired.`,
  })
  signInToken!: Secret
}

@ObjectType('SignInPayload', { description: 'Result of `signIn`: a LOGIN token.' })
class SignInPayload extends Payload {
  @Field(() => PersonalToken, { nullable: true, description: 'Record of the LOGIN token. Null if `userErrors` is not empty.' })
  personalToken?: PersonalToken | null

  @Field(() => JwtScalar, {
    nullable: true,
    description: `The LOGIN token, valid for ${formatDuration(loginTtlSeconds)}. Null if \`userErrors\` is not empty.`,
  })
  token?: string | null
}

@Resolver()
export class SignInResolver {
  @Mutation(() => CreateSignInTokenPayload, {
    nullable: true,
    description:
      'Creates a sign-in token for a member who lost their personal token. Needs `member:update` with a LOGIN or FULL_ACCESS token. The caller must hold every permission and project of the member (PERMISSION_NOT_HELD).',
  })
  createSignInToken(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateSignInTokenInput, { description: 'Member to create a sign-in token for.' }) input: CreateSignInTokenInput,
  ): Promise<CreateSignInTokenPayload> {
    return createSignInToken(ctx, input)
  }

  @Mutation(() => SignInPayload, {
    nullable: true,
    description:
      'Exchanges a sign-in token for a LOGIN token, once. Needs no credential. INVALID_STATE if its creator could no longer create it.',
  })
  signIn(
    @Ctx() ctx: Context,
    @Arg('input', () => SignInInput, { description: 'Sign-in token to redeem.' }) input: SignInInput,
  ): Promise<SignInPayload> {
    return signIn(ctx, input.signInToken)
  }
}
