/** What is said about an MCP server: the inputs of its mutations and of its list. */
import { Field, ID, InputType } from 'type-graphql'

import { Environment, McpApprovalPolicy } from '../entities/enums.js'
import { JsonObjectScalar, UrlScalar } from '../entities/scalars.js'
import type { NewMcpServer } from '../mcp/servers/create-mcp-server.js'
import type { McpServerQuery } from '../mcp/servers/list-mcp-servers.js'
import type { ServerWords } from '../mcp/servers/server-rules.js'

@InputType('CreateMcpServerInput', { description: 'The server to register.' })
export class CreateMcpServerInput implements NewMcpServer {
  @Field(() => String, { description: 'What people call it: 1 to 255 characters.' })
  name!: string

  @Field(() => String, { description: 'What agents call it, unique for its owner: 1 to 255 of `A-Za-z0-9._-`.' })
  serverLabel!: string

  @Field(() => UrlScalar, {
    description:
      'Where it speaks MCP over streamable HTTP: https, at most 2,048 characters, without user name, password and fragment. http only to hosts that this server has been configured to allow.',
  })
  serverUrl!: string

  @Field(() => String, { nullable: true, description: 'What it is good for: at most 10,000 characters.' })
  serverDescription?: string | null

  @Field(() => [String], { nullable: true, description: 'The tools that may be used, at most 256. Left out or null: every tool.' })
  allowedTools?: string[] | null

  @Field(() => McpApprovalPolicy, {
    nullable: true,
    defaultValue: 'ALWAYS',
    description: 'Whether a person has to approve its tool calls.',
  })
  requireApproval?: McpApprovalPolicy | null

  @Field(() => JsonObjectScalar, {
    nullable: true,
    description: 'Whatever your product wants to remember with it: at most 16 KiB of JSON, 5 levels deep.',
  })
  metadata?: Record<string, unknown> | null

  @Field(() => ID, { nullable: true, description: 'Its project. For members their first one when left out; for a key its own.' })
  projectId?: string | null

  @Field(() => Environment, { nullable: true, description: 'Where it can be used. For members SANDBOX when left out; for a key its own.' })
  environment?: Environment | null

  @Field(() => String, {
    nullable: true,
    description: 'Makes it once, however often it is sent within 24 hours: 1 to 255 characters of your choice.',
  })
  idempotencyKey?: string | null
}

@InputType('UpdateMcpServerInput', { description: 'What to change; what is left out stays.' })
export class UpdateMcpServerInput implements ServerWords {
  @Field(() => ID, { description: 'Which server.' })
  id!: string

  @Field(() => String, { nullable: true, description: 'What people call it: 1 to 255 characters.' })
  name?: string | null

  @Field(() => String, { nullable: true, description: 'What agents call it, unique for its owner: 1 to 255 of `A-Za-z0-9._-`.' })
  serverLabel?: string | null

  @Field(() => UrlScalar, {
    nullable: true,
    description: 'Where it speaks MCP. Another scheme, host or port revokes and wipes every credential of the server.',
  })
  serverUrl?: string | null

  @Field(() => String, { nullable: true, description: 'What it is good for: at most 10,000 characters; null for nothing.' })
  serverDescription?: string | null

  @Field(() => [String], {
    nullable: true,
    description:
      'The tools that may be used; null for every tool. Allowing more needs `mcp_approval:decide`, and is out of reach for an end user.',
  })
  allowedTools?: string[] | null

  @Field(() => McpApprovalPolicy, {
    nullable: true,
    description: 'Whether a person has to approve its tool calls. NEVER needs `mcp_approval:decide`, and is out of reach for an end user.',
  })
  requireApproval?: McpApprovalPolicy | null

  @Field(() => JsonObjectScalar, { nullable: true, description: 'All of what is remembered with it from now on.' })
  metadata?: Record<string, unknown> | null
}

@InputType('DeleteMcpServerInput', { description: 'Which server goes.' })
export class DeleteMcpServerInput {
  @Field(() => ID, { description: 'Which server.' })
  id!: string
}

@InputType('McpServerFilter', { description: 'Which servers; what is left out does not narrow.' })
export class McpServerFilter implements McpServerQuery {
  @Field(() => Environment, { nullable: true, description: 'Those of one environment.' })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: 'Those of one project.' })
  projectId?: string | null

  @Field(() => String, { nullable: true, description: 'Those of the end user whom your product calls this.' })
  externalUserId?: string | null

  @Field(() => String, {
    nullable: true,
    description: 'Those whose name or label contains this, without regard to case: at most 255 characters.',
  })
  search?: string | null
}
