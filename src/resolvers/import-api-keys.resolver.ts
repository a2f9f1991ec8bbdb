/** GraphQL types and operation of the import of API keys. */
import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, registerEnumType, Resolver } from 'type-graphql'

import {
  importApiKeys,
  importOutcomes,
  maxImportedKeys,
  type ImportApiKeysArgs,
  type ImportOutcome,
  type ImportResult,
} from '../api-keys/import-api-keys.js'
import { maxPreviewLength, type ImportedKey } from '../api-keys/imported-key.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { Environment } from '../entities/enums.js'
import { DateTimeScalar, JsonObjectScalar, PermissionScalar } from '../entities/scalars.js'
import { RateLimitInput, labelRule, metadataRule, rateLimitsRule } from './api-key-types.js'
import { environmentInput, formatLength, permissionCount, projectInput } from './descriptions.js'
import { Payload, UserError } from './user-error.js'

const descriptions: Readonly<Record<ImportOutcome, string>> = {
  IMPORTED: 'The key was created. Its secret works from now on.',
  UNCHANGED: 'A key of this project and environment was imported with this digest, or has it. Nothing was changed.',
  REFUSED: 'The key was not imported. `errors` gives the reasons.',
}
const ApiKeyImportOutcome = Object.fromEntries(importOutcomes.map((outcome) => [outcome, outcome]))
registerEnumType(ApiKeyImportOutcome, {
  name: 'ApiKeyImportOutcome',
  description: 'Outcome of the import of one API key.',
  valuesConfig: Object.fromEntries(importOutcomes.map((outcome) => [outcome, { description: descriptions[outcome] }])),
})

@InputType('ImportedApiKeyInput', { description: 'API key that was issued elsewhere, by the digest of its secret.' })
class ImportedApiKeyInput implements ImportedKey {
  @Field(() => String, {
    description:
      'SHA-256 digest of the secret: 64 hexadecimal digits, or 43 characters of base64 or base64url, with or without padding. CONFLICT if it is in use elsewhere.',
  })
  digest!: string

  @Field(() => String, {
    nullable: true,
    description: `Part of the secret for display: ${formatLength(maxPreviewLength)} of printable ASCII, never the secret itself. Default: \`****\`.`,
  })
  preview?: string | null

  @Field(() => String, { nullable: true, description: `${labelRule} Default: null.` })
  label?: string | null

  @Field(() => [PermissionScalar], {
    description: `Permissions of the key: ${permissionCount}, all held by the caller (PERMISSION_NOT_HELD). An empty list allows exchanging only.`,
  })
  permissions!: string[]

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      "Expiry, in the future. Omitted: the expiry of the caller's credential, or none for LOGIN and FULL_ACCESS tokens. Null means no expiry. A key cannot outlive a credential that limits it (INVALID).",
  })
  expiresAt?: Date | null

  @Field(() => [RateLimitInput], { nullable: true, description: `Rate limits: ${rateLimitsRule} Default: none. Null is invalid.` })
  rateLimits?: RateLimitInput[] | null

  @Field(() => JsonObjectScalar, { nullable: true, description: `Metadata of your product: ${metadataRule} Default: an empty object.` })
  metadata?: Record<string, unknown> | null
}

@InputType('ImportApiKeysInput', { description: 'API keys that were issued elsewhere, and where they belong.' })
class ImportApiKeysInput implements ImportApiKeysArgs {
  @Field(() => [ImportedApiKeyInput], {
    description: `Keys to import: 1 to ${maxImportedKeys} keys. The command \`keyhouse api-key import\` imports any number.`,
  })
  keys!: ImportedApiKeyInput[]

  @Field(() => Environment, { nullable: true, description: environmentInput })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectInput })
  projectId?: string | null
}

@ObjectType('ApiKeyImportResult', { simpleResolvers: true, description: 'Result of the import of one API key.' })
class ApiKeyImportResult {
  @Field(() => ApiKeyImportOutcome, { description: 'Outcome for this key.' })
  outcome!: ImportOutcome

  @Field(() => ApiKey, {
    nullable: true,
    description:
      'The imported key, or the one that has the digest already. Null if refused, and for an existing key without `api_key:read`.',
  })
  apiKey!: ApiKey | null

  @Field(() => [UserError], {
    description: 'Reasons of the refusal, with paths such as `["input", "keys", "7", "digest"]`. Empty unless refused.',
  })
  errors!: readonly UserError[]
}

@ObjectType('ImportApiKeysPayload', { description: 'Result of `importApiKeys`.' })
class ImportApiKeysPayload extends Payload {
  @Field(() => [ApiKeyImportResult], {
    nullable: true,
    description: 'One result for each key, in the order of the input. Null if `userErrors` is not empty.',
  })
  results?: readonly ImportResult[] | null
}

@Resolver()
export class ImportApiKeysResolver {
  @Mutation(() => ImportApiKeysPayload, {
    nullable: true,
    description:
      'Imports API keys that were issued elsewhere by the digests of their secrets, so that the secrets work unchanged. A second import of a digest changes nothing. Needs `api_key:create`. A key with rate limits, allowed audiences, limited end users or allowed addresses cannot import keys (FORBIDDEN).',
  })
  importApiKeys(
    @Ctx() ctx: Context,
    @Arg('input', () => ImportApiKeysInput, { description: 'Keys to import.' }) input: ImportApiKeysInput,
  ): Promise<ImportApiKeysPayload> {
    return importApiKeys(ctx, input)
  }
}
