/** GraphQL types and operations of the sandbox. */
import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql'

import type { Context } from '../context/context.js'
import { resetSandbox } from '../organizations/reset-sandbox.js'
import { Payload } from './user-error.js'

@InputType('ResetSandboxInput', { description: 'Sandbox to reset.' })
class ResetSandboxInput {
  @Field(() => ID, {
    nullable: true,
    description: 'Project id of the sandbox. Default for members: their oldest project. API keys reset the sandbox of their own project.',
  })
  projectId?: string | null
}

@ObjectType('ResetSandboxPayload', { description: 'Result of `resetSandbox`.' })
class ResetSandboxPayload extends Payload {
  @Field(() => Int, { nullable: true, description: 'Number of deleted MCP servers. Null if `userErrors` is not empty.' })
  deletedServers?: number | null

  @Field(() => Int, {
    nullable: true,
    description: 'Number of MCP credentials that were revoked and wiped. Null if `userErrors` is not empty.',
  })
  revokedCredentials?: number | null

  @Field(() => Int, { nullable: true, description: 'Number of active access tokens that were revoked. Null if `userErrors` is not empty.' })
  revokedTokens?: number | null
}

@Resolver()
export class SandboxResolver {
  @Mutation(() => ResetSandboxPayload, {
    nullable: true,
    description:
      'Resets the sandbox of one project: revokes its access tokens and MCP credentials, and deletes its end users, MCP servers and approvals. API keys, the audit trail and usage stay. Needs `sandbox:reset`. Production credentials are refused (PRODUCTION_NOT_SUPPORTED).',
  })
  resetSandbox(
    @Ctx() ctx: Context,
    @Arg('input', () => ResetSandboxInput, { nullable: true, description: 'Sandbox to reset. Omitted: the default project.' })
    input?: ResetSandboxInput | null,
  ): Promise<ResetSandboxPayload> {
    return resetSandbox(ctx, input ?? {})
  }
}
