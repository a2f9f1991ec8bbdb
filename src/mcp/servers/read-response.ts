/** Reads the response to a JSON-RPC request over streamable HTTP: a JSON body, or the SSE event with its id. */
import { createParser } from 'eventsource-parser'

import { OutboundError, toOutboundError } from '../../outbound/outbound-error.js'
import type { OutboundResponse } from '../../outbound/outbound.js'

/** Limit of one response. */
export const maxResponseBytes = 1_048_576

type Message = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Message => typeof value === 'object' && value !== null && !Array.isArray(value)

const protocolError = (cause?: unknown): OutboundError => new OutboundError('PROTOCOL_ERROR', { cause })

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw protocolError(cause)
  }
}

/** The server answered the request with a JSON-RPC error. */
export class JsonRpcError extends OutboundError {
  constructor() {
    super('PROTOCOL_ERROR')
  }
}

/** Undefined when the message is not the response to `id`. @throws OutboundError PROTOCOL_ERROR; JsonRpcError for a JSON-RPC error */
function toResult(message: unknown, id: number): Message | undefined {
  if (!isObject(message) || message['jsonrpc'] !== '2.0') throw protocolError()
  if (message['id'] !== id || 'method' in message) return undefined
  if (isObject(message['error'])) throw new JsonRpcError()
  if (!isObject(message['result'])) throw protocolError()
  return message['result']
}

async function* readChunks({ body }: OutboundResponse, signal: AbortSignal): AsyncGenerator<Buffer> {
  let size = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxResponseBytes) throw protocolError()
      yield chunk
    }
  } catch (error) {
    throw toOutboundError(error, signal)
  } finally {
    body.destroy()
  }
}

/** Returns the `result` member. @throws OutboundError PROTOCOL_ERROR for any other response, or the network's error */
export async function readResponse(response: OutboundResponse, id: number, signal: AbortSignal): Promise<Message> {
  const type = response.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  const encoding = response.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') throw protocolError()
  if (type === 'application/json') return readBody(response, id, signal)
  if (type === 'text/event-stream') return readStream(response, id, signal)
  throw protocolError()
}

async function readBody(response: OutboundResponse, id: number, signal: AbortSignal): Promise<Message> {
  const chunks: Buffer[] = []
  for await (const chunk of readChunks(response, signal)) chunks.push(chunk)
  const result = toResult(parseJson(Buffer.concat(chunks).toString()), id)
  if (!result) throw protocolError()
  return result
}

async function readStream(response: OutboundResponse, id: number, signal: AbortSignal): Promise<Message> {
  const events: string[] = []
  const parser = createParser({ onEvent: ({ data }) => events.push(data), maxBufferSize: maxResponseBytes })
  const decoder = new TextDecoder()
  for await (const chunk of readChunks(response, signal)) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    for (const data of events.splice(0)) {
      // An event without data only carries the id for resuming the stream.
      const result = data === '' ? undefined : toResult(parseJson(data), id)
      if (result) return result
    }
  }
  throw protocolError()
}
