/** GraphQL types and operation for testing an MCP server. */
import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, registerEnumType, Resolver } from 'type-graphql'

import type { Context } from '../context/context.js'
import { McpServer } from '../entities/mcp-server.js'
import { testFailureCodes, type McpTestFailure as Failure, type TestFailureCode } from '../mcp/servers/probe.js'
import { maxResponseBytes } from '../mcp/servers/read-response.js'
import {
  maxTestTimeoutMs,
  minTestTimeoutMs,
  testMcpServer,
  type McpServerTest as Test,
  type TestMcpServerArgs,
} from '../mcp/servers/test-mcp-server.js'
import { formatCount } from './descriptions.js'
import { Payload } from './user-error.js'

const descriptions: Readonly<Record<TestFailureCode, string>> = {
  CONNECTION_FAILED: 'The server is unreachable, or the connection broke.',
  TLS_FAILED: 'The TLS handshake failed: the certificate is not trusted, or the server does not speak TLS.',
  TIMEOUT: 'The server did not respond within `timeoutMs`.',
  UNAUTHORIZED: 'The server responded with HTTP status `401` or `403`: it requires a credential, or rejects this one.',
  PROTOCOL_ERROR: `The response violates MCP, repeats the credential, or exceeds ${maxResponseBytes / 1_048_576} MiB. Also for other HTTP error statuses.`,
  URL_NOT_ALLOWED: 'The address is not allowed, or the server redirected a credential to another origin.',
  CREDENTIAL_UNAVAILABLE:
    'The credential is expired, revoked, to be connected again, not renewed, or stored for another origin. Nothing was sent.',
}
const McpTestFailureCode = Object.fromEntries(testFailureCodes.map((code) => [code, code]))
registerEnumType(McpTestFailureCode, {
  name: 'McpTestFailureCode',
  description: 'Reason for the failure of an MCP server test.',
  valuesConfig: Object.fromEntries(testFailureCodes.map((code) => [code, { description: descriptions[code] }])),
})

@InputType('TestMcpServerInput', { description: 'MCP server to test, and the credential to send.' })
class TestMcpServerInput implements TestMcpServerArgs {
  @Field(() => ID, { description: 'Id of the MCP server.' })
  serverId!: string

  @Field(() => ID, {
    nullable: true,
    description:
      "Id of the credential to send. Omitted: the caller's newest usable credential, or none if there is none. Another owner's credential is refused (FORBIDDEN).",
  })
  credentialId?: string | null

  @Field(() => Int, {
    nullable: true,
    defaultValue: maxTestTimeoutMs,
    description: `Timeout of the whole test: ${minTestTimeoutMs} to ${formatCount(maxTestTimeoutMs)} milliseconds. Null is invalid.`,
  })
  timeoutMs?: number | null
}

@ObjectType('McpTestFailure', { description: 'Failure of an MCP server test.' })
class McpTestFailure implements Failure {
  @Field(() => McpTestFailureCode, { description: 'Machine-readable reason.' })
  code!: TestFailureCode

  @Field(() => String, { description: 'English message for people. It contains nothing that the server sent.' })
  message!: string

  @Field(() => Int, { nullable: true, description: 'HTTP status of the server, if an error status caused the failure. Else null.' })
  httpStatus!: number | null
}

@ObjectType('McpServerTest', { description: 'Result of testing an MCP server.' })
class McpServerTest implements Test {
  @Field(() => Boolean, { description: 'True if the server responded as an MCP server and listed its tools.' })
  connected!: boolean

  @Field(() => Int, { description: 'Number of tools of the server. Zero if not connected.' })
  toolCount!: number

  @Field(() => [String], { description: 'Names of the tools, in the order of the server. Empty if not connected.' })
  toolNames!: readonly string[]

  @Field(() => String, { nullable: true, description: 'Negotiated MCP version, such as `2025-11-25`. Null if not connected.' })
  protocolVersion!: string | null

  @Field(() => Int, { description: 'Duration of the test in milliseconds.' })
  durationMs!: number

  @Field(() => McpTestFailure, { nullable: true, description: 'Reason for the failure. Null if connected.' })
  failure!: Failure | null
}

@ObjectType('TestMcpServerPayload', { description: 'Result of `testMcpServer`.' })
class TestMcpServerPayload extends Payload {
  @Field(() => McpServer, { nullable: true, description: 'The tested MCP server. Null if `userErrors` is not empty.' })
  server?: McpServer | null

  @Field(() => McpServerTest, {
    nullable: true,
    description: 'Result of the test, also for a failed connection. Null if `userErrors` is not empty.',
  })
  test?: Test | null
}

@Resolver()
export class TestMcpServerResolver {
  @Mutation(() => TestMcpServerPayload, {
    nullable: true,
    description:
      'Connects to an MCP server with a stored credential and lists its tools. A fault of the server is reported in `test.failure`. Needs `mcp_server:test`.',
  })
  testMcpServer(
    @Ctx() ctx: Context,
    @Arg('input', () => TestMcpServerInput, { description: 'MCP server to test, and the credential to send.' }) input: TestMcpServerInput,
  ): Promise<TestMcpServerPayload> {
    return testMcpServer(ctx, input)
  }
}
