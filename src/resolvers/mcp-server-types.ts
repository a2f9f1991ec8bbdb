/** GraphQL inputs and payloads of MCP servers. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql'

import { Environment, McpApprovalPolicy } from '../entities/enums.js'
import { McpServer } from '../entities/mcp-server.js'
import { JsonObjectScalar, UrlScalar } from '../entities/scalars.js'
import type { CreateMcpServerArgs } from '../mcp/servers/create-mcp-server.js'
import type { McpServerFilterArgs } from '../mcp/servers/list-mcp-servers.js'
import { maxDescriptionLength, maxLabelLength, maxMetadataBytes, maxTools } from '../mcp/servers/server-rules.js'
import type { UpdateMcpServerArgs } from '../mcp/servers/update-mcp-server.js'
import { maxMetadataDepth } from '../validation/metadata.js'
import { maxNameLength, maxUrlLength } from '../validation/validator.js'
import {
  environmentFilter,
  environmentInput,
  externalUserFilter,
  formatCount,
  formatLength,
  idempotencyKey,
  projectFilter,
  projectInput,
  searchFilter,
} from './descriptions.js'
import { McpServerOAuthInput } from './mcp-server-oauth-input.js'
import { Payload } from './user-error.js'

const nameRule = `Name for people: ${formatLength(maxNameLength)}.`
const labelRule = `Label for agents, unique per owner (CONFLICT): ${formatLength(maxLabelLength)} of \`A-Za-z0-9._-\`.`
const urlRule =
  `MCP endpoint (streamable HTTP). An https URL without user name, password and fragment: at most ${formatCount(maxUrlLength)} characters. ` +
  'Private addresses and http are refused unless KEYHOUSE_OUTBOUND_ALLOW names the host (URL_NOT_ALLOWED).'
const descriptionRule = `Purpose of the server, for agents: at most ${formatCount(maxDescriptionLength)} characters.`
const toolsRule = `at most ${maxTools} unique names of 1 to 128 characters. Null allows every tool, an empty list none.`
const metadataRule = `a JSON object of at most ${maxMetadataBytes / 1024} KiB and ${maxMetadataDepth} levels. Null is invalid.`
const relaxing = 'needs `mcp_approval:decide` and is refused while acting for an end user (FORBIDDEN).'

@InputType('CreateMcpServerInput', { description: 'Properties of a new MCP server.' })
export class CreateMcpServerInput implements CreateMcpServerArgs {
  @Field(() => String, { description: nameRule })
  name!: string

  @Field(() => String, { description: labelRule })
  serverLabel!: string

  @Field(() => UrlScalar, { description: urlRule })
  serverUrl!: string

  @Field(() => String, { nullable: true, description: `${descriptionRule} Default: null.` })
  serverDescription?: string | null

  @Field(() => [String], { nullable: true, description: `Tools that can be called: ${toolsRule} Default: null.` })
  allowedTools?: string[] | null

  @Field(() => McpApprovalPolicy, {
    nullable: true,
    defaultValue: 'ALWAYS',
    description: 'Approval policy for the tool calls of this server. Null is invalid.',
  })
  requireApproval?: McpApprovalPolicy | null

  @Field(() => McpServerOAuthInput, { nullable: true, description: 'Settings for connecting accounts by OAuth. Default: null.' })
  oauth?: McpServerOAuthInput | null

  @Field(() => JsonObjectScalar, { nullable: true, description: `Metadata of your product: ${metadataRule} Default: an empty object.` })
  metadata?: Record<string, unknown> | null

  @Field(() => ID, { nullable: true, description: projectInput })
  projectId?: string | null

  @Field(() => Environment, { nullable: true, description: environmentInput })
  environment?: Environment | null

  @Field(() => String, { nullable: true, description: idempotencyKey('') })
  idempotencyKey?: string | null
}

@InputType('UpdateMcpServerInput', { description: 'Changes to an MCP server. Omitted fields stay unchanged.' })
export class UpdateMcpServerInput implements UpdateMcpServerArgs {
  @Field(() => ID, { description: 'Id of the MCP server.' })
  id!: string

  @Field(() => String, { nullable: true, description: `${nameRule} Null is invalid.` })
  name?: string | null

  @Field(() => String, { nullable: true, description: `${labelRule} Null is invalid.` })
  serverLabel?: string | null

  @Field(() => UrlScalar, {
    nullable: true,
    description: `${urlRule} A new URL expires all open approvals. A new scheme, host or port also revokes and wipes all credentials of the server. Null is invalid.`,
  })
  serverUrl?: string | null

  @Field(() => String, { nullable: true, description: `${descriptionRule} Null removes it.` })
  serverDescription?: string | null

  @Field(() => [String], {
    nullable: true,
    description: `Replaces the tools that can be called: ${toolsRule} Adding tools ${relaxing}`,
  })
  allowedTools?: string[] | null

  @Field(() => McpApprovalPolicy, {
    nullable: true,
    description: `Approval policy for the tool calls of this server. Null is invalid. A change to NEVER ${relaxing}`,
  })
  requireApproval?: McpApprovalPolicy | null

  @Field(() => ID, {
    nullable: true,
    description: `Credential that the gateway sends for end users without one of their own: ACTIVE, of this server and without end user. Null removes it. Setting it ${relaxing}`,
  })
  sharedCredentialId?: string | null

  @Field(() => McpServerOAuthInput, {
    nullable: true,
    description: 'Replaces the settings for connecting accounts by OAuth. They apply to the next connection. Null removes them.',
  })
  oauth?: McpServerOAuthInput | null

  @Field(() => JsonObjectScalar, { nullable: true, description: `Replaces the metadata: ${metadataRule}` })
  metadata?: Record<string, unknown> | null
}

@InputType('DeleteMcpServerInput', { description: 'MCP server to delete.' })
export class DeleteMcpServerInput {
  @Field(() => ID, { description: 'Id of the MCP server.' })
  id!: string
}

@InputType('McpServerFilter', { description: 'Filters MCP servers. Omitted fields do not filter.' })
export class McpServerFilter implements McpServerFilterArgs {
  @Field(() => Environment, { nullable: true, description: environmentFilter })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectFilter })
  projectId?: string | null

  @Field(() => String, { nullable: true, description: `${externalUserFilter} The end user owns the server.` })
  externalUserId?: string | null

  @Field(() => String, { nullable: true, description: searchFilter('name or label') })
  search?: string | null
}

@ObjectType('CreateMcpServerPayload', { description: 'Result of `createMcpServer`.' })
export class CreateMcpServerPayload extends Payload {
  @Field(() => McpServer, { nullable: true, description: 'The created MCP server. Null if `userErrors` is not empty.' })
  server?: McpServer | null
}

@ObjectType('UpdateMcpServerPayload', { description: 'Result of `updateMcpServer`.' })
export class UpdateMcpServerPayload extends Payload {
  @Field(() => McpServer, { nullable: true, description: 'The updated MCP server. Null if `userErrors` is not empty.' })
  server?: McpServer | null
}

@ObjectType('DeleteMcpServerPayload', { description: 'Result of `deleteMcpServer`.' })
export class DeleteMcpServerPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'Id of the deleted MCP server. Null if `userErrors` is not empty.' })
  deletedServerId?: string | null

  @Field(() => Int, {
    nullable: true,
    description: 'Number of credentials, of all owners, that were revoked and wiped. Null if `userErrors` is not empty.',
  })
  revokedCredentialCount?: number | null
}
