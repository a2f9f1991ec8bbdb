/** GraphQL types and operation of reports of leaked API keys. */
import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'

import { maxLeakReports, reportLeakedApiKey } from '../api-keys/report-leaked-api-key.js'
import type { Context } from '../context/context.js'
import { SecretScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import { Payload } from './user-error.js'

@InputType('ReportLeakedApiKeyInput', { description: 'API key that leaked.' })
class ReportLeakedApiKeyInput {
  @Field(() => SecretScalar, { description: 'Secret of the API key, as it was found.' })
  secret!: Secret
}

@ObjectType('ReportLeakedApiKeyPayload', { description: 'Result of `reportLeakedApiKey`: the same for every secret.' })
class ReportLeakedApiKeyPayload extends Payload {
  @Field(() => Boolean, {
    nullable: true,
    description: 'True if the report was processed, whether or not the secret was that of a key. Null if `userErrors` is not empty.',
  })
  received?: boolean | null
}

@Resolver()
export class ReportLeakedApiKeyResolver {
  @Mutation(() => ReportLeakedApiKeyPayload, {
    nullable: true,
    description: `Revokes an API key by its secret, for people and services that find one in public. Needs no credential. The result does not tell whether the secret is that of a key. At most ${maxLeakReports} reports a minute from one address (RATE_LIMITED).`,
  })
  reportLeakedApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => ReportLeakedApiKeyInput, { description: 'Secret that leaked.' }) input: ReportLeakedApiKeyInput,
  ): Promise<ReportLeakedApiKeyPayload> {
    return reportLeakedApiKey(ctx, input)
  }
}
