/** GraphQL inputs and payloads of OAuth clients and of connecting accounts. */
import { Field, ID, InputType, ObjectType } from 'type-graphql'

import { Environment } from '../entities/enums.js'
import { McpOAuthClient } from '../entities/mcp-oauth-client.js'
import { DateTimeScalar, SecretScalar, UrlScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import { maxClientIdLength, maxClientSecretLength, type CreateMcpOAuthClientArgs } from '../mcp/oauth-clients/create-mcp-oauth-client.js'
import type { McpOAuthClientFilterArgs } from '../mcp/oauth-clients/list-mcp-oauth-clients.js'
import type { UpdateMcpOAuthClientArgs } from '../mcp/oauth-clients/update-mcp-oauth-client.js'
import { environmentFilter, environmentInput, formatLength, idempotencyKey, projectFilter, projectInput } from './descriptions.js'
import { Payload } from './user-error.js'

@InputType('CreateMcpOAuthClientInput', { description: 'OAuth client that was registered at an authorization server.' })
export class CreateMcpOAuthClientInput implements CreateMcpOAuthClientArgs {
  @Field(() => UrlScalar, {
    description:
      'Issuer of the authorization server, exactly as its metadata has it. One client of each issuer, project and environment (CONFLICT).',
  })
  issuer!: string

  @Field(() => String, { description: `Client id: ${formatLength(maxClientIdLength)}.` })
  clientId!: string

  @Field(() => SecretScalar, {
    nullable: true,
    description: `Client secret: ${formatLength(maxClientSecretLength)}. Stored encrypted and never returned. Default: null, for a public client.`,
  })
  clientSecret?: Secret | null

  @Field(() => ID, { nullable: true, description: projectInput })
  projectId?: string | null

  @Field(() => Environment, { nullable: true, description: environmentInput })
  environment?: Environment | null

  @Field(() => String, { nullable: true, description: idempotencyKey('') })
  idempotencyKey?: string | null
}

@InputType('UpdateMcpOAuthClientInput', { description: 'New secret of a stored OAuth client.' })
export class UpdateMcpOAuthClientInput implements UpdateMcpOAuthClientArgs {
  @Field(() => ID, { description: 'Id of the OAuth client. Its kind must be STATIC (INVALID_STATE).' })
  id!: string

  @Field(() => SecretScalar, {
    description: `Client secret: ${formatLength(maxClientSecretLength)}. Stored encrypted and never returned.`,
  })
  clientSecret!: Secret
}

@InputType('DeleteMcpOAuthClientInput', { description: 'OAuth client to delete.' })
export class DeleteMcpOAuthClientInput {
  @Field(() => ID, { description: 'Id of the OAuth client.' })
  id!: string
}

@InputType('McpOAuthClientFilter', { description: 'Filters OAuth clients. Omitted fields do not filter.' })
export class McpOAuthClientFilter implements McpOAuthClientFilterArgs {
  @Field(() => Environment, { nullable: true, description: environmentFilter })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectFilter })
  projectId?: string | null
}

@ObjectType('CreateMcpOAuthClientPayload', { description: 'Result of `createMcpOAuthClient`. It never contains the secret.' })
export class CreateMcpOAuthClientPayload extends Payload {
  @Field(() => McpOAuthClient, { nullable: true, description: 'The stored client. Null if `userErrors` is not empty.' })
  client?: McpOAuthClient | null
}

@ObjectType('UpdateMcpOAuthClientPayload', { description: 'Result of `updateMcpOAuthClient`. It never contains the secret.' })
export class UpdateMcpOAuthClientPayload extends Payload {
  @Field(() => McpOAuthClient, { nullable: true, description: 'The OAuth client. Null if `userErrors` is not empty.' })
  client?: McpOAuthClient | null
}

@ObjectType('DeleteMcpOAuthClientPayload', { description: 'Result of `deleteMcpOAuthClient`.' })
export class DeleteMcpOAuthClientPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'Id of the deleted client. Null if `userErrors` is not empty.' })
  deletedClientId?: string | null
}

@InputType('StartMcpConnectionInput', { description: 'MCP server to connect an account of.' })
export class StartMcpConnectionInput {
  @Field(() => ID, { description: 'Id of the MCP server.' })
  serverId!: string
}

@ObjectType('StartMcpConnectionPayload', { description: 'Result of `startMcpConnection`.' })
export class StartMcpConnectionPayload extends Payload {
  @Field(() => UrlScalar, {
    nullable: true,
    description: 'Link for the browser of the end user: used once, and by nobody else. Null if `userErrors` is not empty.',
  })
  url?: string | null

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Expiry time of the link, 10 minutes after its creation. Null if `userErrors` is not empty.',
  })
  expiresAt?: Date | null
}
