/** JSON-RPC 2.0 messages of MCP: one message at a time, no batches. */
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

/** The value at a path of member names; undefined where a member is missing. */
export const valueAt = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((at, name) => (isJsonObject(at) ? at[name] : undefined), value)

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

/** JSON-RPC error response; `id` is null if the request had no readable id. */
export const rpcError = (id: MessageId | null, error: object): JsonObject => ({ jsonrpc: '2.0', id, error })
