/** GraphQL inputs, payloads and the health of MCP credentials. Values are accepted and never returned. */
import { Extensions, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql'

import { McpCredentialHealthStatus } from '../entities/enums.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { DateTimeScalar, SecretScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import type { CreateMcpCredentialArgs } from '../mcp/credentials/create-mcp-credential.js'
import { maxHeaderNameLength, maxHeaders, maxHeadersBytes, maxSecretLength, type McpAuth } from '../mcp/credentials/credential-value.js'
import type { UpdateMcpCredentialArgs } from '../mcp/credentials/update-mcp-credential.js'
import { maxNameLength } from '../validation/validator.js'
import { formatLength, idempotencyKey } from './descriptions.js'
import { Payload } from './user-error.js'

const secretRule = `${formatLength(maxSecretLength)}, without line breaks or control characters`

const NoAuth = { NONE: 'NONE' } as const
registerEnumType(NoAuth, {
  name: 'NoAuth',
  description: 'Marker for MCP servers without authentication.',
  valuesConfig: { NONE: { description: 'The MCP server requires no credential.' } },
})

@InputType('HttpHeaderInput', { description: 'HTTP header that is sent to the MCP server.' })
class HttpHeaderInput {
  @Field(() => String, {
    description: `Header name (RFC 9110): ${formatLength(maxHeaderNameLength)}. Listed in \`headerNames\`. Connection headers such as Host and Content-Length are invalid.`,
  })
  name!: string

  @Field(() => SecretScalar, { description: `Header value: ${secretRule}. Stored encrypted and never returned.` })
  value!: Secret
}

@InputType('McpAuthInput', { description: 'Authentication sent to the MCP server. Exactly one field must be set.' })
@Extensions({ isOneOf: true })
class McpAuthInput implements McpAuth {
  @Field(() => SecretScalar, { nullable: true, description: `Bearer token without its scheme: ${secretRule}.` })
  bearerToken?: Secret | null

  @Field(() => SecretScalar, { nullable: true, description: `Complete \`Authorization\` value with its scheme: ${secretRule}.` })
  authorization?: Secret | null

  @Field(() => [HttpHeaderInput], {
    nullable: true,
    description: `Custom headers: 1 to ${maxHeaders} entries with unique names (case-insensitive), at most ${maxHeadersBytes / 1024} KiB in total.`,
  })
  headers?: HttpHeaderInput[] | null

  @Field(() => NoAuth, { nullable: true, description: 'No authentication: the MCP server requires no credential.' })
  none?: string | null
}

@InputType('CreateMcpCredentialInput', { description: 'MCP credential to store.' })
export class CreateMcpCredentialInput implements CreateMcpCredentialArgs {
  @Field(() => ID, { description: "Id of the MCP server. Another end user's server is refused (FORBIDDEN or NOT_FOUND)." })
  serverId!: string

  @Field(() => String, { nullable: true, description: `Name for people: ${formatLength(maxNameLength)}. Default: null.` })
  name?: string | null

  @Field(() => McpAuthInput, { description: 'Authentication to store. The value is encrypted and never returned.' })
  auth!: McpAuthInput

  @Field(() => DateTimeScalar, { nullable: true, description: 'Expiry, in the future. Null or omitted: no expiry.' })
  expiresAt?: Date | null

  @Field(() => String, { nullable: true, description: idempotencyKey('') })
  idempotencyKey?: string | null
}

@InputType('UpdateMcpCredentialInput', { description: 'Changes to an MCP credential. Omitted fields stay unchanged.' })
export class UpdateMcpCredentialInput implements UpdateMcpCredentialArgs {
  @Field(() => ID, { description: 'Id of the MCP credential.' })
  id!: string

  @Field(() => String, { nullable: true, description: `Name for people: ${formatLength(maxNameLength)}. Null removes it.` })
  name?: string | null

  @Field(() => McpAuthInput, {
    nullable: true,
    description:
      'Replaces the value, of any type. The new one is encrypted and never returned. Sessions of the gateway that use the old one end. Null is invalid.',
  })
  auth?: McpAuthInput | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'New expiry, in the future. Null: no expiry.' })
  expiresAt?: Date | null
}

@ObjectType('McpCredentialHealth', { simpleResolvers: true, description: 'Health of an MCP credential, by its real use.' })
export class McpCredentialHealth {
  @Field(() => McpCredentialHealthStatus, { description: 'Outcome of the last use by the gateway or `testMcpServer`.' })
  status!: McpCredentialHealthStatus

  @Field(() => DateTimeScalar, { nullable: true, description: 'Time from which the status holds. Null: UNKNOWN.' })
  changedAt!: Date | null

  @Field(() => Int, { nullable: true, description: 'HTTP status of the response that tells the health. Null: UNKNOWN.' })
  lastStatus!: number | null
}

@ObjectType('CreateMcpCredentialPayload', { description: 'Result of `createMcpCredential`. It never contains the value.' })
export class CreateMcpCredentialPayload extends Payload {
  @Field(() => McpCredential, { nullable: true, description: 'Metadata of the stored credential. Null if `userErrors` is not empty.' })
  credential?: McpCredential | null
}

@ObjectType('UpdateMcpCredentialPayload', { description: 'Result of `updateMcpCredential`. It never contains the value.' })
export class UpdateMcpCredentialPayload extends Payload {
  @Field(() => McpCredential, { nullable: true, description: 'Metadata of the updated credential. Null if `userErrors` is not empty.' })
  credential?: McpCredential | null
}

@InputType('RevokeMcpCredentialInput', { description: 'MCP credential to revoke.' })
export class RevokeMcpCredentialInput {
  @Field(() => ID, { description: 'Id of the MCP credential.' })
  id!: string
}

@ObjectType('RevokeMcpCredentialPayload', { description: 'Result of `revokeMcpCredential`.' })
export class RevokeMcpCredentialPayload extends Payload {
  @Field(() => McpCredential, {
    nullable: true,
    description:
      'Metadata of the revoked credential, which stays. One that was revoked before is returned unchanged. Null if `userErrors` is not empty.',
  })
  credential?: McpCredential | null
}
