/** GraphQL inputs and payloads of personal tokens. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'

import { PersonalTokenType } from '../entities/enums.js'
import { PersonalToken } from '../entities/personal-token.js'
import { DateTimeScalar, PermissionScalar, JwtScalar } from '../entities/scalars.js'
import { personalTokenTtlSeconds, maxDescriptionLength, type CreatePersonalTokenArgs } from '../personal-tokens/create-personal-token.js'
import { revealWindowSeconds } from '../personal-tokens/issue-personal-token.js'
import { formatDuration, idempotencyKey, permissionCount } from './descriptions.js'
import { Payload } from './user-error.js'

@InputType('CreatePersonalTokenInput', { description: 'Properties of a new personal token.' })
export class CreatePersonalTokenInput implements CreatePersonalTokenArgs {
  @Field(() => PersonalTokenType, {
    nullable: true,
    defaultValue: 'FULL_ACCESS',
    description:
      'Type of the token. LOGIN is invalid: only signing in issues it. A RESTRICTED or EPHEMERAL token cannot create a FULL_ACCESS token (FORBIDDEN). Null is invalid.',
  })
  type?: PersonalTokenType | null

  @Field(() => String, {
    nullable: true,
    description: `Purpose of the token, for people: at most ${maxDescriptionLength} characters. Default: null.`,
  })
  description?: string | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      `Expiry: at most ${formatDuration(personalTokenTtlSeconds.FULL_ACCESS.max)} from now, or ${formatDuration(personalTokenTtlSeconds.EPHEMERAL.max)} for EPHEMERAL. ` +
      `Default: ${formatDuration(personalTokenTtlSeconds.FULL_ACCESS.default)}, or ${formatDuration(personalTokenTtlSeconds.EPHEMERAL.default)} for EPHEMERAL. ` +
      'The token cannot outlive the token that creates it, unless that is a LOGIN token (INVALID). Null is invalid.',
  })
  expiresAt?: Date | null

  @Field(() => [PermissionScalar], {
    nullable: true,
    description: `Permissions of a RESTRICTED or EPHEMERAL token, which requires them: at least 1 permission, ${permissionCount}, all held by the caller (PERMISSION_NOT_HELD). Must be omitted for FULL_ACCESS, which has all of the member's. Null is invalid.`,
  })
  permissions?: string[] | null

  @Field(() => String, {
    nullable: true,
    description: idempotencyKey(', with `token: null`'),
  })
  idempotencyKey?: string | null
}

@ObjectType('CreatePersonalTokenPayload', {
  description: `Result of \`createPersonalToken\`. \`revealPersonalToken\` returns the token again for ${formatDuration(revealWindowSeconds)}.`,
})
export class CreatePersonalTokenPayload extends Payload {
  @Field(() => PersonalToken, { nullable: true, description: 'Record of the token. Null if `userErrors` is not empty.' })
  personalToken?: PersonalToken | null

  @Field(() => JwtScalar, {
    nullable: true,
    description: 'The personal token, a JWT for Keyhouse only. Null for a repeated idempotency key, and if `userErrors` is not empty.',
  })
  token?: string | null
}

@InputType('RevealPersonalTokenInput', { description: 'Personal token to reveal.' })
export class RevealPersonalTokenInput {
  @Field(() => ID, { description: 'Id of the personal token.' })
  id!: string
}

@ObjectType('RevealPersonalTokenPayload', { description: 'Result of `revealPersonalToken`.' })
export class RevealPersonalTokenPayload extends Payload {
  @Field(() => PersonalToken, { nullable: true, description: 'Record of the token. Null if `userErrors` is not empty.' })
  personalToken?: PersonalToken | null

  @Field(() => JwtScalar, { nullable: true, description: 'The personal token. Null if `userErrors` is not empty.' })
  token?: string | null
}

@InputType('RevokePersonalTokenInput', { description: 'Personal token to revoke.' })
export class RevokePersonalTokenInput {
  @Field(() => ID, { description: 'Id of the personal token. A token can revoke itself.' })
  id!: string
}

@ObjectType('RevokePersonalTokenPayload', { description: 'Result of `revokePersonalToken` and `revokeOrganizationToken`.' })
export class RevokePersonalTokenPayload extends Payload {
  @Field(() => PersonalToken, {
    nullable: true,
    description: 'Record of the revoked token. One that was revoked before is returned unchanged. Null if `userErrors` is not empty.',
  })
  personalToken?: PersonalToken | null
}

@ObjectType('RevokeAllPersonalTokensPayload', { description: 'Result of `revokeAllPersonalTokens`.' })
export class RevokeAllPersonalTokensPayload extends Payload {
  @Field(() => Int, {
    nullable: true,
    description: 'Number of active tokens that were revoked, including the calling token. Null if `userErrors` is not empty.',
  })
  revokedCount?: number | null
}
