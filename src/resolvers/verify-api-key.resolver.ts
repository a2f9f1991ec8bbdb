/** The question that a service behind Keyhouse asks, in GraphQL's words. */
import { Arg, Ctx, Field, InputType, Int, Mutation, ObjectType, registerEnumType, Resolver } from 'type-graphql'

import { verdictCodes, verifyApiKey, type VerifyApiKeyArgs, type Verdict, type VerdictCode } from '../api-keys/verify-api-key.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { Environment } from '../entities/enums.js'
import { PermissionScalar, SecretScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import { Payload } from './user-error.js'

const descriptions: Readonly<Record<VerdictCode, string>> = {
  VALID: 'It may do what was asked.',
  NOT_FOUND: 'It is no key of this organization.',
  REVOKED: 'It was revoked.',
  EXPIRED: 'Its time has run out.',
  ENVIRONMENT_MISMATCH: 'It works in the other environment.',
  INSUFFICIENT_PERMISSIONS: 'It lacks a permission that was asked for.',
  RATE_LIMITED: 'One of its limits is used up.',
}
const ApiKeyVerdictCode = Object.fromEntries(verdictCodes.map((code) => [code, code]))
registerEnumType(ApiKeyVerdictCode, {
  name: 'ApiKeyVerdictCode',
  description: 'What is to be thought of a key, asked in this order; the first that applies is the answer.',
  valuesConfig: Object.fromEntries(verdictCodes.map((code) => [code, { description: descriptions[code] }])),
})

@InputType('VerifyApiKeyInput', { description: 'What a service behind Keyhouse asks about a key that it was handed.' })
class VerifyApiKeyInput implements VerifyApiKeyArgs {
  @Field(() => SecretScalar, { description: 'The key as it was presented.' })
  secret!: Secret

  @Field(() => [PermissionScalar], { nullable: true, description: 'What it must hold, all of it.' })
  permissions?: string[] | null

  @Field(() => Environment, { nullable: true, description: 'Where it must work.' })
  environment?: Environment | null
}

@ObjectType('ApiKeyVerdict', { description: 'What is to be thought of a key that was presented.' })
class ApiKeyVerdict {
  @Field(() => Boolean, { description: 'Whether to let it pass; the same as `code: VALID`.' })
  valid!: boolean

  @Field(() => ApiKeyVerdictCode, { description: 'Why, or why not.' })
  code!: VerdictCode

  @Field(() => ApiKey, { nullable: true, description: 'The key, whenever one was found, whatever its project and environment.' })
  apiKey!: ApiKey | null

  @Field(() => [PermissionScalar], { description: 'What it lacks of what was asked for.' })
  missingPermissions!: readonly string[]

  @Field(() => Int, { nullable: true, description: 'After RATE_LIMITED: in how many milliseconds to try again.' })
  retryAfterMs!: number | null
}

@ObjectType('VerifyApiKeyPayload', { description: 'The verdict.' })
class VerifyApiKeyPayload extends Payload {
  @Field(() => ApiKeyVerdict, { nullable: true, description: 'The verdict; null when you may not ask.' })
  verdict?: Verdict | null
}

@Resolver()
export class VerifyApiKeyResolver {
  @Mutation(() => VerifyApiKeyPayload, {
    nullable: true,
    description:
      'Whether a key that was presented to a service of yours is valid. A mutation, so that a secret never travels in a URL. Needs `api_key:verify`.',
  })
  async verifyApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => VerifyApiKeyInput, { description: 'The key, and what it must be good for.' }) input: VerifyApiKeyInput,
  ): Promise<object> {
    return { verdict: await verifyApiKey(ctx, input) }
  }
}
