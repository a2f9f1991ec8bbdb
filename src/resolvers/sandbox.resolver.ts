/** The sandbox in GraphQL's words. */
import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql'

import type { Context } from '../context/context.js'
import { resetSandbox } from '../organizations/reset-sandbox.js'
import { Payload } from './user-error.js'

@InputType('ResetSandboxInput', { description: 'Which sandbox.' })
class ResetSandboxInput {
  @Field(() => ID, { nullable: true, description: 'Its project. For members their first one when left out; a key resets its own.' })
  projectId?: string | null
}

@ObjectType('ResetSandboxPayload', { description: 'How much was wiped.' })
class ResetSandboxPayload extends Payload {
  @Field(() => Int, { nullable: true, description: 'MCP servers that were deleted.' })
  deletedServers?: number | null

  @Field(() => Int, { nullable: true, description: 'Credentials that were revoked and wiped.' })
  revokedCredentials?: number | null

  @Field(() => Int, { nullable: true, description: 'Exchanged tokens that still worked and were revoked.' })
  revokedTokens?: number | null
}

@Resolver()
export class SandboxResolver {
  @Mutation(() => ResetSandboxPayload, {
    nullable: true,
    description:
      'Wipes the sandbox data of one project: its exchanged tokens, end users, MCP servers, credentials and approvals. Keys, the audit trail and usage stay. Production callers get PRODUCTION_NOT_SUPPORTED. Needs `sandbox:reset`.',
  })
  resetSandbox(
    @Ctx() ctx: Context,
    @Arg('input', () => ResetSandboxInput, { nullable: true, description: 'Which sandbox.' }) input?: ResetSandboxInput | null,
  ): Promise<object> {
    return resetSandbox(ctx, input ?? {})
  }
}
