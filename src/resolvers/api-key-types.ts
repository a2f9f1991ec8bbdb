/** GraphQL inputs and payloads of API keys. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'

import { maxLabelLength, maxMetadataBytes, maxRateLimit } from '../api-keys/api-key-rules.js'
import { maxReasonLength } from '../api-keys/revoke-api-key.js'
import { maxOverlapSeconds } from '../api-keys/rotate-api-key.js'
import { ApiKey } from '../entities/api-key.js'
import { Environment, RateLimitWindow } from '../entities/enums.js'
import { DateTimeScalar, JsonObjectScalar, PermissionScalar, SecretScalar, UrlScalar } from '../entities/scalars.js'
import { windowNames } from '../lib/fixed-window.js'
import type { Secret } from '../lib/secret.js'
import { maxMetadataDepth } from '../validation/metadata.js'
import { maxAudiences, maxUrlLength } from '../validation/validator.js'
import { allowedIpsRule, ApiKeyEndUsersInput } from './api-key-scope-types.js'
import {
  environmentInput,
  formatCount,
  formatDuration,
  formatLength,
  idempotencyKey,
  permissionCount,
  projectInput,
} from './descriptions.js'
import { Payload } from './user-error.js'

export const labelRule = `Label for people: ${formatLength(maxLabelLength)}.`
export const rateLimitsRule = `at most ${windowNames.length} limits, one per window. A request must pass all of them.`
export const metadataRule = `a JSON object of at most ${maxMetadataBytes / 1024} KiB and ${maxMetadataDepth} levels. Null is invalid.`
const audiencesRule = `1 to ${maxAudiences} URLs of at most ${formatCount(maxUrlLength)} characters each`

@InputType('RateLimitInput', { description: 'Rate limit of an API key: a maximum number of requests per fixed window.' })
export class RateLimitInput {
  @Field(() => RateLimitWindow, { description: 'Length of the window. A window starts with its first request.' })
  window!: RateLimitWindow

  @Field(() => Int, { description: `Maximum per window: 1 to ${formatCount(maxRateLimit)} requests.` })
  max!: number
}

@InputType('CreateApiKeyInput', { description: 'Properties of a new API key.' })
export class CreateApiKeyInput {
  @Field(() => String, { nullable: true, description: `${labelRule} Default: null.` })
  label?: string | null

  @Field(() => Environment, { nullable: true, description: environmentInput })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectInput })
  projectId?: string | null

  @Field(() => [PermissionScalar], {
    nullable: true,
    description: `Permissions of the key: ${permissionCount}, all held by the caller (PERMISSION_NOT_HELD). Omitted: all of the caller's, which must be grantable to API keys (INVALID). An empty list allows exchanging only. Null is invalid.`,
  })
  permissions?: string[] | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      "Expiry, in the future. Omitted: the expiry of the caller's credential, or none for LOGIN and FULL_ACCESS tokens. Null means no expiry. A key cannot outlive a credential that limits it (INVALID).",
  })
  expiresAt?: Date | null

  @Field(() => [RateLimitInput], { nullable: true, description: `Rate limits: ${rateLimitsRule} Default: none. Null is invalid.` })
  rateLimits?: RateLimitInput[] | null

  @Field(() => [UrlScalar], {
    nullable: true,
    description: `Audiences that the key can be exchanged for: ${audiencesRule}. Null or omitted: any audience.`,
  })
  allowedAudiences?: string[] | null

  @Field(() => ApiKeyEndUsersInput, {
    nullable: true,
    description: 'End users that the key may act for and name. Omitted: every end user. Null is invalid.',
  })
  endUsers?: ApiKeyEndUsersInput | null

  @Field(() => [String], { nullable: true, description: `${allowedIpsRule}. Null or omitted: any address.` })
  allowedIps?: string[] | null

  @Field(() => JsonObjectScalar, { nullable: true, description: `Metadata of your product: ${metadataRule} Default: an empty object.` })
  metadata?: Record<string, unknown> | null

  @Field(() => String, { nullable: true, description: idempotencyKey(', with `secret: null`') })
  idempotencyKey?: string | null
}

@ObjectType('CreateApiKeyPayload', { description: 'Result of `createApiKey`. The only response that contains the secret of the new key.' })
export class CreateApiKeyPayload extends Payload {
  @Field(() => ApiKey, { nullable: true, description: 'The created API key. Null if `userErrors` is not empty.' })
  apiKey?: ApiKey | null

  @Field(() => SecretScalar, {
    nullable: true,
    description: 'Secret of the key. Store it now: it cannot be read again. Null for a repeated idempotency key.',
  })
  secret?: Secret | null
}

@InputType('UpdateApiKeyInput', { description: 'Changes to an API key. Omitted fields stay unchanged.' })
export class UpdateApiKeyInput {
  @Field(() => ID, { description: 'Id of the API key. An API key cannot update itself (FORBIDDEN).' })
  id!: string

  @Field(() => String, { nullable: true, description: `${labelRule} Null removes it.` })
  label?: string | null

  @Field(() => [PermissionScalar], {
    nullable: true,
    description: `Replaces the permissions: ${permissionCount}, all held by the caller (PERMISSION_NOT_HELD). Null is invalid.`,
  })
  permissions?: string[] | null

  @Field(() => [RateLimitInput], {
    nullable: true,
    description: `Replaces the rate limits: ${rateLimitsRule} An empty list removes them. Null is invalid.`,
  })
  rateLimits?: RateLimitInput[] | null

  @Field(() => [UrlScalar], {
    nullable: true,
    description: `Replaces the audiences that the key can be exchanged for: ${audiencesRule}. Null allows any audience.`,
  })
  allowedAudiences?: string[] | null

  @Field(() => ApiKeyEndUsersInput, {
    nullable: true,
    description:
      'Replaces the end users that the key may act for and name. Access tokens of other end users are refused from then on. Null is invalid.',
  })
  endUsers?: ApiKeyEndUsersInput | null

  @Field(() => [String], { nullable: true, description: `Replaces the allowed addresses. ${allowedIpsRule}. Null allows any address.` })
  allowedIps?: string[] | null

  @Field(() => JsonObjectScalar, { nullable: true, description: `Replaces the metadata: ${metadataRule}` })
  metadata?: Record<string, unknown> | null
}

@ObjectType('UpdateApiKeyPayload', { description: 'Result of `updateApiKey`.' })
export class UpdateApiKeyPayload extends Payload {
  @Field(() => ApiKey, { nullable: true, description: 'The updated API key. Null if `userErrors` is not empty.' })
  apiKey?: ApiKey | null
}

@InputType('RotateApiKeyInput', { description: 'API key to rotate, and the overlap of its old and new secret.' })
export class RotateApiKeyInput {
  @Field(() => ID, { description: 'Id of the API key. An API key can rotate itself.' })
  id!: string

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: `Time that the old secret keeps working: 0 to ${formatCount(maxOverlapSeconds)} seconds (${formatDuration(maxOverlapSeconds)}). It ends earlier when the key expires or is revoked, and at the next rotation. Null is invalid.`,
  })
  overlapSeconds?: number | null

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'If true, the first use of the new secret ends the overlap. A use is an authenticated request or a VALID verdict. Null is invalid.',
  })
  endOverlapAtFirstUse?: boolean | null
}

@ObjectType('RotateApiKeyPayload', { description: 'Result of `rotateApiKey`. The only response that contains the new secret.' })
export class RotateApiKeyPayload extends Payload {
  @Field(() => ApiKey, { nullable: true, description: 'The rotated API key, with the same id. Null if `userErrors` is not empty.' })
  apiKey?: ApiKey | null

  @Field(() => SecretScalar, {
    nullable: true,
    description: 'New secret of the key. Store it now: it cannot be read again. Null if `userErrors` is not empty.',
  })
  secret?: Secret | null
}

@InputType('RevokeApiKeyInput', { description: 'API key to revoke.' })
export class RevokeApiKeyInput {
  @Field(() => ID, { description: 'Id of the API key. An API key can revoke itself.' })
  id!: string

  @Field(() => String, {
    nullable: true,
    description: `Reason, recorded in \`details.reason\` of the audit event: at most ${maxReasonLength} characters.`,
  })
  reason?: string | null
}

@ObjectType('RevokeApiKeyPayload', { description: 'Result of `revokeApiKey`.' })
export class RevokeApiKeyPayload extends Payload {
  @Field(() => ApiKey, {
    nullable: true,
    description: 'The revoked API key. A key that was revoked before is returned unchanged. Null if `userErrors` is not empty.',
  })
  apiKey?: ApiKey | null
}
