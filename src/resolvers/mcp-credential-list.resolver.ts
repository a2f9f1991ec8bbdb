/** GraphQL types and query of the list of MCP credentials. */
import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from 'type-graphql'

import type { Context } from '../context/context.js'
import { CredentialStatus, Environment, McpCredentialHealthStatus } from '../entities/enums.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { DateTimeScalar } from '../entities/scalars.js'
import { listMcpCredentials, type McpCredentialFilterArgs } from '../mcp/credentials/list-mcp-credentials.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { environmentFilter, externalUserFilter, projectFilter } from './descriptions.js'

export const McpCredentials = createConnectionType('McpCredential', () => McpCredential)

@InputType('McpCredentialFilter', { description: 'Filters MCP credentials. Omitted fields do not filter.' })
export class McpCredentialFilter implements McpCredentialFilterArgs {
  @Field(() => Environment, { nullable: true, description: environmentFilter })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectFilter })
  projectId?: string | null

  @Field(() => ID, { nullable: true, description: 'Matches this MCP server, by id.' })
  serverId?: string | null

  @Field(() => String, { nullable: true, description: externalUserFilter })
  externalUserId?: string | null

  @Field(() => CredentialStatus, { nullable: true, description: 'Matches this status at the time of the request.' })
  status?: CredentialStatus | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Matches credentials that expire before this time, expired ones included. Credentials without expiry do not match.',
  })
  expiresBefore?: Date | null

  @Field(() => McpCredentialHealthStatus, { nullable: true, description: 'Matches the status in `health`.' })
  health?: McpCredentialHealthStatus | null
}

@Resolver()
export class McpCredentialListResolver {
  @Query(() => McpCredentials.type, {
    description: 'Metadata of MCP credentials visible to the caller, the newest first, revoked ones included. Needs `mcp_credential:read`.',
  })
  async mcpCredentials(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => McpCredentialFilter, { nullable: true, description: 'Filters the credentials. Omitted: no filter.' })
    filter?: McpCredentialFilter | null,
  ): Promise<Connection<McpCredential>> {
    return McpCredentials.from(await listMcpCredentials(ctx, page, filter ?? {}))
  }
}
