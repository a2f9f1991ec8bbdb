/** GraphQL types and operation of API key verification. */
import { Arg, Ctx, Field, InputType, Int, Mutation, ObjectType, registerEnumType, Resolver } from 'type-graphql'

import {
  verdictCodes,
  verifyApiKey,
  type ApiKeyVerdict as Verdict,
  type VerifyApiKeyArgs,
  type VerdictCode,
} from '../api-keys/verify-api-key.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { Environment } from '../entities/enums.js'
import { PermissionScalar, SecretScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import { permissionCount } from './descriptions.js'
import { Payload } from './user-error.js'

const descriptions: Readonly<Record<VerdictCode, string>> = {
  VALID: 'All checks passed.',
  NOT_FOUND: 'No API key of this organization has this secret, or its overlap after a rotation is over.',
  REVOKED: 'The key is revoked.',
  SUSPENDED: 'The key is suspended.',
  EXPIRED: 'The key is expired.',
  ENVIRONMENT_MISMATCH: 'The key belongs to another environment than `input.environment`.',
  ADDRESS_NOT_ALLOWED: '`allowedIps` of the key does not have `input.clientAddress`.',
  INSUFFICIENT_PERMISSIONS: 'The key lacks at least one of `input.permissions`, listed in `missingPermissions`.',
  RATE_LIMITED: 'A rate limit of the key is exhausted. `retryAfterMs` tells the time to wait.',
}
const ApiKeyVerdictCode = Object.fromEntries(verdictCodes.map((code) => [code, code]))
registerEnumType(ApiKeyVerdictCode, {
  name: 'ApiKeyVerdictCode',
  description:
    'Result of verifying an API key: VALID, or the first failing check in the order NOT_FOUND, REVOKED, SUSPENDED, EXPIRED, ENVIRONMENT_MISMATCH, ADDRESS_NOT_ALLOWED, INSUFFICIENT_PERMISSIONS, RATE_LIMITED.',
  valuesConfig: Object.fromEntries(verdictCodes.map((code) => [code, { description: descriptions[code] }])),
})

@InputType('VerifyApiKeyInput', { description: 'API key to verify, and its requirements.' })
class VerifyApiKeyInput implements VerifyApiKeyArgs {
  @Field(() => SecretScalar, { description: 'Secret of the API key, as presented to your service.' })
  secret!: Secret

  @Field(() => [PermissionScalar], {
    nullable: true,
    description: `Required permissions: ${permissionCount}. The key must hold all of them. Omitted: none. Null is invalid.`,
  })
  permissions?: string[] | null

  @Field(() => Environment, { nullable: true, description: 'Required environment of the key. Null or omitted: any environment.' })
  environment?: Environment | null

  @Field(() => String, {
    nullable: true,
    description:
      'Address that the key was sent to your service from: IPv4 or IPv6, without a port. It must be in `allowedIps` of the key. Null or omitted: not checked.',
  })
  clientAddress?: string | null
}

@ObjectType('ApiKeyVerdict', { description: 'Result of verifying an API key: the first failing check, or VALID.' })
class ApiKeyVerdict {
  @Field(() => Boolean, { description: 'True if `code` is VALID.' })
  valid!: boolean

  @Field(() => ApiKeyVerdictCode, { description: 'First failing check, or VALID.' })
  code!: VerdictCode

  @Field(() => ApiKey, {
    nullable: true,
    description: 'The API key, of any project and environment of the organization. Null if NOT_FOUND.',
  })
  apiKey!: ApiKey | null

  @Field(() => [PermissionScalar], {
    description: 'Required permissions that the key lacks. Empty unless `code` is INSUFFICIENT_PERMISSIONS.',
  })
  missingPermissions!: readonly string[]

  @Field(() => Int, {
    nullable: true,
    description: 'Time until the next attempt can succeed, in milliseconds. Null unless `code` is RATE_LIMITED.',
  })
  retryAfterMs!: number | null
}

@ObjectType('VerifyApiKeyPayload', { description: 'Result of `verifyApiKey`.' })
class VerifyApiKeyPayload extends Payload {
  @Field(() => ApiKeyVerdict, { nullable: true, description: 'The verdict, also for an invalid key. Null if `userErrors` is not empty.' })
  verdict?: Verdict | null
}

@Resolver()
export class VerifyApiKeyResolver {
  @Mutation(() => VerifyApiKeyPayload, {
    nullable: true,
    description:
      'Verifies an API key that was presented to your service. Only a VALID verdict counts against the rate limits of that key. A mutation, so that the secret never appears in a URL. Needs `api_key:verify`.',
  })
  async verifyApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => VerifyApiKeyInput, { description: 'API key to verify, and its requirements.' }) input: VerifyApiKeyInput,
  ): Promise<VerifyApiKeyPayload> {
    return { verdict: await verifyApiKey(ctx, input) }
  }
}
