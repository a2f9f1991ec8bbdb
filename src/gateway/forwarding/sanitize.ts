/** Sanitizes upstream messages: removes credentials, and tools that the caller may not use. */
import { StringDecoder } from 'node:string_decoder'

import { createParser, type EventSourceMessage } from 'eventsource-parser'

import { isJsonObject, type JsonObject } from '../../lib/json/json-rpc.js'
import { JsonError, parseStrictJson } from '../../lib/json/strict-json.js'
import { writeJson } from '../../lib/json/write-json.js'
import { createRedactor, type Redactor } from '../../lib/redact/redact.js'
import type { SlicedComputation } from '../../lib/slices.js'
import type { ToolFilter } from '../../mcp/tool-access.js'
import { filterTools } from './tool-filter.js'

/** Maximum size of one message in either direction, in bytes. */
export const maxMessageBytes = 4_194_304

/** Messages of a batch processed between two yields. */
const stride = 64

export interface SanitizedMessage {
  /** The parsed message with filtered tools. Its credentials are not redacted. */
  readonly message: unknown
  /** The text to send to the client. */
  readonly text: string
}

export interface Sanitizer extends Redactor {
  /** Sanitizes a JSON body or the data of an event. @throws JsonError */
  json(text: string): SlicedComputation<SanitizedMessage>
}

export function createSanitizer(secrets: readonly string[], isAllowed: ToolFilter): Sanitizer {
  const scrub = createRedactor(secrets)
  function* withAllowed(messages: readonly unknown[]): SlicedComputation<unknown[]> {
    const allowed: unknown[] = []
    for (const message of messages) {
      if (allowed.length % stride === 0) yield
      allowed.push(isJsonObject(message) ? yield* filterTools(message, isAllowed) : message)
    }
    return allowed
  }
  return {
    ...scrub,
    *json(text) {
      const parsed = yield* parseStrictJson(text)
      // Batches exist in older protocol versions. The gateway sends none, but a batch response must not bypass the filter.
      const message = Array.isArray(parsed) ? yield* withAllowed(parsed) : (yield* withAllowed([parsed]))[0]
      return { message, text: yield* scrub.isSuspect(text) ? writeJson(message, scrub) : writeJson(message) }
    },
  }
}

/** The message when it is the response to the request with this id; null otherwise. */
export const matchResponse = (message: unknown, id: string | number | null): JsonObject | null =>
  isJsonObject(message) && id !== null && message['id'] === id && !('method' in message) ? message : null

/** A block of an event stream: an event, an id without an event, or a reconnection time. */
interface Block extends Partial<EventSourceMessage> {
  readonly retry?: number
}

/** Maximum reconnection time, in milliseconds. It has fewer digits than the shortest redacted secret, so it cannot carry one. */
const maxRetryMs = 3_600_000

/** Parses an event stream and serializes each complete event again. Drops events whose data is not strict JSON. */
export class SseSanitizer {
  readonly #blocks: Block[] = []
  readonly #decoder = new StringDecoder()
  readonly #parser

  constructor(private readonly sanitize: Sanitizer) {
    this.#parser = createParser({
      onId: (id) => this.#blocks.push({ id }),
      onEvent: (event) => {
        // The parser has already called onId for this event.
        if (event.id !== undefined) this.#blocks.pop()
        this.#blocks.push(event)
      },
      onRetry: (retry) => this.#blocks.push({ retry }),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') throw error
      },
      // 64 bytes for the field's name beside the largest value.
      maxBufferSize: maxMessageBytes + 64,
    })
  }

  /** @throws JsonError or ParseError when an event is larger than {@link maxMessageBytes} */
  *feed(chunk: Buffer): SlicedComputation<SanitizedMessage[]> {
    this.#parser.feed(this.#decoder.write(chunk))
    const clean: SanitizedMessage[] = []
    for (const block of this.#blocks.splice(0)) {
      yield
      const message = yield* this.#clean(block)
      if (message) clean.push(message)
    }
    return clean
  }

  *#clean({ id, event, data, retry }: Block): SlicedComputation<SanitizedMessage | undefined> {
    if (retry !== undefined) return { message: null, text: `retry: ${Math.min(retry, maxRetryMs)}\n\n` }
    if (data !== undefined && Buffer.byteLength(data) > maxMessageBytes) throw new JsonError('An event of the MCP server is too large.')
    const lines: string[] = []
    if (event !== undefined) lines.push(`event: ${yield* this.#line(event)}`)
    if (id !== undefined) lines.push(`id: ${yield* this.#line(id)}`)
    // An event without data carries only the id to resume from.
    const body = data ? yield* this.#json(data) : { message: null, text: '' }
    if (!body) return undefined
    if (data !== undefined) lines.push(`data: ${body.text}`)
    return { message: body.message, text: `${lines.join('\n')}\n\n` }
  }

  *#json(data: string): SlicedComputation<SanitizedMessage | undefined> {
    try {
      return yield* this.sanitize.json(data)
    } catch (error) {
      if (error instanceof JsonError) return undefined
      throw error
    }
  }

  *#line(text: string): SlicedComputation<string> {
    const { isSuspect, text: scrub } = this.sanitize
    return (isSuspect(text) ? yield* scrub(text) : text).replaceAll(/[\r\n]/g, ' ')
  }
}
