/** GraphQL types and mutations that suspend and resume API keys. */
import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'

import { resumeApiKey } from '../api-keys/resume-api-key.js'
import { maxReasonLength } from '../api-keys/revoke-api-key.js'
import { suspendApiKey } from '../api-keys/suspend-api-key.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { Payload } from './user-error.js'

@InputType('SuspendApiKeyInput', { description: 'API key to suspend.' })
class SuspendApiKeyInput {
  @Field(() => ID, { description: 'Id of the API key. An API key can suspend itself, and then cannot resume itself.' })
  id!: string

  @Field(() => String, {
    nullable: true,
    description: `Reason, recorded in \`details.reason\` of the audit event: at most ${maxReasonLength} characters.`,
  })
  reason?: string | null
}

@ObjectType('SuspendApiKeyPayload', { description: 'Result of `suspendApiKey`.' })
class SuspendApiKeyPayload extends Payload {
  @Field(() => ApiKey, {
    nullable: true,
    description: 'The suspended API key. A key that was suspended before is returned unchanged. Null if `userErrors` is not empty.',
  })
  apiKey?: ApiKey | null
}

@InputType('ResumeApiKeyInput', { description: 'API key to resume.' })
class ResumeApiKeyInput {
  @Field(() => ID, { description: 'Id of the API key.' })
  id!: string
}

@ObjectType('ResumeApiKeyPayload', { description: 'Result of `resumeApiKey`.' })
class ResumeApiKeyPayload extends Payload {
  @Field(() => ApiKey, {
    nullable: true,
    description: 'The resumed API key. A key that was not suspended is returned unchanged. Null if `userErrors` is not empty.',
  })
  apiKey?: ApiKey | null
}

@Resolver()
export class SuspendApiKeyResolver {
  @Mutation(() => SuspendApiKeyPayload, {
    nullable: true,
    description:
      'Suspends an API key: it and every access token exchanged from it are refused, immediately, until `resumeApiKey`. A revoked key cannot be suspended (INVALID_STATE). Needs `api_key:suspend`.',
  })
  suspendApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => SuspendApiKeyInput, { description: 'API key to suspend.' }) input: SuspendApiKeyInput,
  ): Promise<SuspendApiKeyPayload> {
    return suspendApiKey(ctx, input)
  }

  @Mutation(() => ResumeApiKeyPayload, {
    nullable: true,
    description:
      'Resumes a suspended API key and its access tokens. Needs `api_key:suspend` and every permission that the key holds (PERMISSION_NOT_HELD). A revoked key cannot be resumed (INVALID_STATE).',
  })
  resumeApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => ResumeApiKeyInput, { description: 'API key to resume.' }) input: ResumeApiKeyInput,
  ): Promise<ResumeApiKeyPayload> {
    return resumeApiKey(ctx, input)
  }
}
