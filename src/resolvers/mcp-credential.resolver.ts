/** MCP credentials in GraphQL's words: values go in, and nothing here gives one out. */
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
import { createMcpCredential, type NewMcpCredential } from '../mcp/credentials/create-mcp-credential.js'
import type { McpAuth } from '../mcp/credentials/credential-value.js'
import { revokeMcpCredential } from '../mcp/credentials/revoke-mcp-credential.js'
import { Payload } from './user-error.js'
import { visibleEndUser } from './visible-end-user.js'

const NoAuth = { NONE: 'NONE' } as const
registerEnumType(NoAuth, {
  name: 'NoAuth',
  description: 'That nothing is presented.',
  valuesConfig: { NONE: { description: 'The server asks for no credential.' } },
})

@InputType('HttpHeaderInput', { description: 'One header of a request.' })
class HttpHeaderInput {
  @Field(() => String, { description: 'Its name (RFC 9110): at most 256 characters. Will be shown in lists.' })
  name!: string

  @Field(() => SecretScalar, { description: 'Its value: 1 to 8,192 characters without line breaks. Never shown again.' })
  value!: Secret
}

@InputType('McpAuthInput', { description: 'What is presented to the server. Exactly one.' })
@Extensions({ isOneOf: true })
class McpAuthInput implements McpAuth {
  @Field(() => SecretScalar, { nullable: true, description: 'A bearer token, without its scheme: 1 to 8,192 characters.' })
  bearerToken?: Secret | null

  @Field(() => SecretScalar, { nullable: true, description: 'A complete `Authorization` value, with its scheme: 1 to 8,192 characters.' })
  authorization?: Secret | null

  @Field(() => [HttpHeaderInput], { nullable: true, description: 'Headers of its own: 1 to 32, at most 32 KiB together.' })
  headers?: HttpHeaderInput[] | null

  @Field(() => NoAuth, { nullable: true, description: 'Nothing: the server asks for no credential.' })
  none?: string | null
}

@InputType('CreateMcpCredentialInput', { description: 'The credential to store.' })
class CreateMcpCredentialInput implements NewMcpCredential {
  @Field(() => ID, { description: 'The server that it is for.' })
  serverId!: string

  @Field(() => String, { nullable: true, description: 'What its owner calls it: 1 to 255 characters.' })
  name?: string | null

  @Field(() => McpAuthInput, { description: 'What is presented to the server.' })
  auth!: McpAuthInput

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it ends, in the future. Left out: never.' })
  expiresAt?: Date | null

  @Field(() => String, {
    nullable: true,
    description: 'Makes it once, however often it is sent within 24 hours: 1 to 255 characters of your choice.',
  })
  idempotencyKey?: string | null
}

@ObjectType('CreateMcpCredentialPayload', { description: 'The record of what was stored, without its value.' })
class CreateMcpCredentialPayload extends Payload {
  @Field(() => McpCredential, { nullable: true, description: 'The record.' })
  credential?: McpCredential | null
}

@InputType('RevokeMcpCredentialInput', { description: 'Which credential ends now.' })
class RevokeMcpCredentialInput {
  @Field(() => ID, { description: 'Which credential.' })
  id!: string
}

@ObjectType('RevokeMcpCredentialPayload', { description: 'The revoked credential; the same when it was revoked before.' })
class RevokeMcpCredentialPayload extends Payload {
  @Field(() => McpCredential, { nullable: true, description: 'Its record, which stays.' })
  credential?: McpCredential | null
}

@Resolver(() => McpCredential)
export class McpCredentialResolver {
  @Mutation(() => CreateMcpCredentialPayload, {
    nullable: true,
    description:
      'Stores a credential for a server: for the backend, or for the end user whom the request is for. Needs `mcp_credential:create`.',
  })
  createMcpCredential(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateMcpCredentialInput, { description: 'The credential.' }) input: CreateMcpCredentialInput,
  ): Promise<object> {
    return createMcpCredential(ctx, input)
  }

  @Mutation(() => RevokeMcpCredentialPayload, {
    nullable: true,
    description: 'Ends a credential for good: its value is wiped at once, its record stays. Needs `mcp_credential:revoke`.',
  })
  revokeMcpCredential(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeMcpCredentialInput, { description: 'Which credential.' }) input: RevokeMcpCredentialInput,
  ): Promise<object> {
    return revokeMcpCredential(ctx, input)
  }

  @FieldResolver(() => McpServer, {
    nullable: true,
    description: 'The server that it is for; null when that is gone, or without `mcp_server:read`.',
  })
  async server(@Root() { serverId }: McpCredential, @Ctx() ctx: Context): Promise<McpServer | null> {
    return can(ctx.actor, 'mcp_server:read') ? ctx.load(McpServer, serverId) : null
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description: "The end user that owns it; null when it is the backend's own. Others than the caller need `end_user:read`.",
  })
  endUser(@Root() row: McpCredential, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, row)
  }

  @FieldResolver(() => CredentialStatus, { description: 'Whether it can be used now.' })
  status(@Root() credential: McpCredential, @Ctx() ctx: Context): CredentialStatus {
    return credential.status(ctx.now())
  }
}
