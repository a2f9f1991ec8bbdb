/** JSON-RPC 2.0 messages of MCP: one message at a time, no batches. */
import type { ErrorDescription } from '../error-codes.js'
import type { SlicedComputation } from '../slices.js'
import { JsonError, parseStrictJson } from './strict-json.js'

export type JsonObject = Readonly<Record<string, unknown>>
export type MessageId = string | number

/** A request has a method and an id, a notification only a method, a response only an id. */
export interface JsonRpcMessage {
  readonly body: JsonObject
  readonly method: string | null
  readonly id: MessageId | null
}

export const isJsonObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

const parseMessageId = (body: JsonObject): MessageId | null => {
  const id = body['id']
  return typeof id === 'string' || typeof id === 'number' ? id : null
}

/** Parses one message. @throws JsonError for invalid JSON, a duplicate name, a batch or an invalid message */
export function* parseMessage(text: string): SlicedComputation<JsonRpcMessage> {
  const body = yield* parseStrictJson(text)
  if (Array.isArray(body)) throw new JsonError('Batches are not supported. Send one message in each request.')
  if (!isJsonObject(body) || body['jsonrpc'] !== '2.0')
    throw new JsonError('The body must be a JSON-RPC 2.0 message: an object with "jsonrpc": "2.0".')
  const { method } = body
  if (method !== undefined && typeof method !== 'string') throw new JsonError('"method" must be a string.')
  if ('id' in body && parseMessageId(body) === null) throw new JsonError('"id" must be a string or a number.')
  return { body, method: method ?? null, id: parseMessageId(body) }
}

/** JSON-RPC 2.0 §5.1 reserves -32000 to -32099 for implementations. */
export const rpcErrorCodes = {
  parse: -32_700,
  invalidRequest: -32_600,
  invalidParams: -32_602,
  internal: -32_603,
  refused: -32_001,
  approvalRequired: -32_002,
  noCredential: -32_003,
  upstream: -32_004,
  concurrencyLimited: -32_005,
  loopDetected: -32_006,
  /** Defined by MCP (2026-07-28, Streamable HTTP, Server Validation). */
  headerMismatch: -32_020,
} as const

/** Cause and remedy of each code. */
export const rpcErrorDescriptions: Readonly<Record<keyof typeof rpcErrorCodes, ErrorDescription>> = {
  parse: { cause: 'The message is not valid JSON, or not a JSON-RPC 2.0 message.', remedy: 'Correct the message.' },
  invalidRequest: { cause: 'The message violates JSON-RPC, or is too large.', remedy: 'Correct the message.' },
  invalidParams: {
    cause: 'The call needs approval, and its parameters cannot be shown to a person exactly as they would be sent.',
    remedy: 'Send smaller or plain parameters.',
  },
  internal: { cause: 'Unexpected error. The details are in the log of the server.', remedy: 'Report the request id to the operator.' },
  refused: {
    cause: 'The server, the session or the tool is not available to the caller.',
    remedy: 'Check the id, the permissions of the credential, and `allowedTools` of the server.',
  },
  approvalRequired: {
    cause: 'The tool call requires approval. `data` has `status`, `approvalId` and `expiresAt`.',
    remedy: 'Repeat the same call once `decideMcpToolCall` has approved it.',
  },
  noCredential: {
    cause: 'The vault has no usable credential for this server and caller.',
    remedy: 'Store one with `createMcpCredential`.',
  },
  upstream: {
    cause: 'The MCP server is unreachable, rejects the credential, or violates the protocol.',
    remedy: 'Check the server with `testMcpServer`.',
  },
  concurrencyLimited: {
    cause: 'Too many calls, streams or pending approvals of the end user, the API key or the organization.',
    remedy: 'Retry after `data.retryAfterSeconds`.',
  },
  loopDetected: { cause: 'The message came back to the gateway.', remedy: 'Set `serverUrl` to the MCP server itself.' },
  headerMismatch: { cause: 'A protocol header differs from the message.', remedy: 'Send headers that equal the message.' },
}

/** JSON-RPC error response; `id` is null if the request had no readable id. */
export const rpcError = (id: MessageId | null, code: number, message: string, data?: object): JsonObject => ({
  jsonrpc: '2.0',
  id,
  error: { code, message, ...(data ? { data } : {}) },
})
