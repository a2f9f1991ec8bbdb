/** GraphQL types and operations of MCP credentials. Values are accepted and never returned. */
import {
  Arg,
  Ctx,
  Extensions,
  Field,
  FieldResolver,
  ID,
  InputType,
  Mutation,
  ObjectType,
  registerEnumType,
  Resolver,
  Root,
} from 'type-graphql'

import { can } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { EndUser } from '../entities/end-user.js'
import { CredentialStatus } from '../entities/enums.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { McpServer } from '../entities/mcp-server.js'
import { DateTimeScalar, SecretScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import { createMcpCredential, type CreateMcpCredentialArgs } from '../mcp/credentials/create-mcp-credential.js'
import { maxHeaderNameLength, maxHeaders, maxHeadersBytes, maxSecretLength, type McpAuth } from '../mcp/credentials/credential-value.js'
import { revokeMcpCredential } from '../mcp/credentials/revoke-mcp-credential.js'
import { maxNameLength } from '../validation/validator.js'
import { formatLength, idempotencyKey } from './descriptions.js'
import { Payload } from './user-error.js'
import { visibleEndUser } from './visible-end-user.js'

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
    description: `Custom headers: 1 to ${maxHeaders} entries with unique names, at most ${maxHeadersBytes / 1024} KiB in total.`,
  })
  headers?: HttpHeaderInput[] | null

  @Field(() => NoAuth, { nullable: true, description: 'No authentication: the MCP server requires no credential.' })
  none?: string | null
}

@InputType('CreateMcpCredentialInput', { description: 'MCP credential to store.' })
class CreateMcpCredentialInput implements CreateMcpCredentialArgs {
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

@ObjectType('CreateMcpCredentialPayload', { description: 'Result of `createMcpCredential`. It never contains the value.' })
class CreateMcpCredentialPayload extends Payload {
  @Field(() => McpCredential, { nullable: true, description: 'Metadata of the stored credential. Null if `userErrors` is not empty.' })
  credential?: McpCredential | null
}

@InputType('RevokeMcpCredentialInput', { description: 'MCP credential to revoke.' })
class RevokeMcpCredentialInput {
  @Field(() => ID, { description: 'Id of the MCP credential.' })
  id!: string
}

@ObjectType('RevokeMcpCredentialPayload', { description: 'Result of `revokeMcpCredential`.' })
class RevokeMcpCredentialPayload extends Payload {
  @Field(() => McpCredential, {
    nullable: true,
    description:
      'Metadata of the revoked credential, which stays. One that was revoked before is returned unchanged. Null if `userErrors` is not empty.',
  })
  credential?: McpCredential | null
}

@Resolver(() => McpCredential)
export class McpCredentialResolver {
  @Mutation(() => CreateMcpCredentialPayload, {
    nullable: true,
    description:
      'Stores a credential for an MCP server. Its owner is the end user of the request, or else the backend. Needs `mcp_credential:create`.',
  })
  createMcpCredential(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateMcpCredentialInput, { description: 'Credential to store.' }) input: CreateMcpCredentialInput,
  ): Promise<CreateMcpCredentialPayload> {
    return createMcpCredential(ctx, input)
  }

  @Mutation(() => RevokeMcpCredentialPayload, {
    nullable: true,
    description:
      'Revokes an MCP credential permanently. Its value is wiped immediately and its metadata stays. Needs `mcp_credential:revoke`.',
  })
  revokeMcpCredential(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeMcpCredentialInput, { description: 'Credential to revoke.' }) input: RevokeMcpCredentialInput,
  ): Promise<RevokeMcpCredentialPayload> {
    return revokeMcpCredential(ctx, input)
  }

  @FieldResolver(() => McpServer, {
    nullable: true,
    description: 'MCP server that the credential is sent to. Null if it was deleted, and without `mcp_server:read`.',
  })
  async server(@Root() { serverId }: McpCredential, @Ctx() ctx: Context): Promise<McpServer | null> {
    return can(ctx.actor, 'mcp_server:read') ? ctx.load(McpServer, serverId) : null
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description:
      'End user that owns the credential. Null if the backend owns it. Needs `end_user:read`, else null, unless the caller is this end user.',
  })
  endUser(@Root() credential: McpCredential, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, credential)
  }

  @FieldResolver(() => CredentialStatus, { description: 'Status at the time of the request. Only an ACTIVE credential is sent.' })
  status(@Root() credential: McpCredential, @Ctx() ctx: Context): CredentialStatus {
    return credential.status(ctx.now())
  }
}
