/** Trying an MCP server out, in GraphQL's words. */
import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, registerEnumType, Resolver } from 'type-graphql'

import type { Context } from '../context/context.js'
import { McpServer } from '../entities/mcp-server.js'
import { testFailureCodes, type McpTestFailure as Failure, type TestFailureCode } from '../mcp/servers/probe.js'
import { testMcpServer, type McpServerTest as Test, type TestOfServer } from '../mcp/servers/test-mcp-server.js'
import { Payload } from './user-error.js'

const descriptions: Readonly<Record<TestFailureCode, string>> = {
  CONNECTION_FAILED: 'It could not be reached, or the connection broke.',
  TLS_FAILED: 'No secure connection could be made.',
  TIMEOUT: 'It did not answer in time.',
  UNAUTHORIZED: 'It answered 401 or 403: it wants a credential, or another one.',
  PROTOCOL_ERROR: 'It did not answer as MCP demands, or answered more than 1 MiB at once.',
  URL_NOT_ALLOWED: 'Its address is one that may not be reached from here, or it wanted to send a credential on to another host.',
  CREDENTIAL_UNAVAILABLE: 'The credential named is expired or revoked; nothing was sent.',
}
const McpTestFailureCode = Object.fromEntries(testFailureCodes.map((code) => [code, code]))
registerEnumType(McpTestFailureCode, {
  name: 'McpTestFailureCode',
  description: 'Why a server could not be used.',
  valuesConfig: Object.fromEntries(testFailureCodes.map((code) => [code, { description: descriptions[code] }])),
})

@InputType('TestMcpServerInput', { description: 'Which server, and as whom.' })
class TestMcpServerInput implements TestOfServer {
  @Field(() => ID, { description: 'Which server.' })
  serverId!: string

  @Field(() => ID, {
    nullable: true,
    description: 'Which credential to present. Left out: the newest usable one of the caller, or none when there is none.',
  })
  credentialId?: string | null

  @Field(() => Int, { nullable: true, defaultValue: 10_000, description: 'How long all of it may take, in milliseconds: 100 to 10,000.' })
  timeoutMs?: number | null
}

@ObjectType('McpTestFailure', { description: 'Why a server could not be used.' })
class McpTestFailure implements Failure {
  @Field(() => McpTestFailureCode, { description: 'For programs.' })
  code!: TestFailureCode

  @Field(() => String, { description: 'For people. Nothing that the server said is repeated.' })
  message!: string

  @Field(() => Int, { nullable: true, description: 'The HTTP status that it answered with, if that is what was wrong.' })
  httpStatus!: number | null
}

@ObjectType('McpServerTest', { description: 'What came of trying a server out.' })
class McpServerTest implements Test {
  @Field(() => Boolean, { description: 'Whether it answered as an MCP server.' })
  connected!: boolean

  @Field(() => Int, { description: 'How many tools it has.' })
  toolCount!: number

  @Field(() => [String], { description: 'Their names, in its order.' })
  toolNames!: readonly string[]

  @Field(() => String, { nullable: true, description: 'The version of MCP that was agreed on; null when none was.' })
  protocolVersion!: string | null

  @Field(() => Int, { description: 'How long it took, in milliseconds.' })
  durationMs!: number

  @Field(() => McpTestFailure, { nullable: true, description: 'What was wrong; null when it is connected.' })
  failure!: Failure | null
}

@ObjectType('TestMcpServerPayload', { description: 'What came of it.' })
class TestMcpServerPayload extends Payload {
  @Field(() => McpServer, { nullable: true, description: 'The server that was tried.' })
  server?: McpServer | null

  @Field(() => McpServerTest, { nullable: true, description: 'What came of it; null when you may not try.' })
  test?: Test | null
}

@Resolver()
export class McpTestResolver {
  @Mutation(() => TestMcpServerPayload, {
    nullable: true,
    description: 'Connects to a server with a stored credential and lists its tools. Needs `mcp_server:test`.',
  })
  testMcpServer(
    @Ctx() ctx: Context,
    @Arg('input', () => TestMcpServerInput, { description: 'Which server, and as whom.' }) input: TestMcpServerInput,
  ): Promise<object> {
    return testMcpServer(ctx, input)
  }
}
