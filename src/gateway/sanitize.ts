/** What comes back from upstream, as the client may see it: without the credential, without the tools that are not the caller's. */
import { StringDecoder } from 'node:string_decoder'

import { createParser, type EventSourceMessage } from 'eventsource-parser'

import { isJsonObject, type JsonObject } from '../lib/json/json-rpc.js'
import { JsonError, parseStrictJson } from '../lib/json/strict-json.js'
import { writeJson } from '../lib/json/write-json.js'
import { scrubber, type Scrubber } from '../lib/redact/redact.js'
import type { Work } from '../lib/slices.js'
import { filterTools, type ToolFilter } from './tool-filter.js'

/** Bytes of one message, either way. */
export const maxMessageBytes = 4_194_304

/** Messages of a batch between two pauses. */
const stride = 64

export interface CleanMessage {
  /** As it came, but for the tools that are not the caller's. */
  readonly message: unknown
  /** What the client may see of it. */
  readonly text: string
}

export interface Sanitizer extends Scrubber {
  /** A JSON body or the data of an event. @throws JsonError */
  json(text: string): Work<CleanMessage>
}

export function sanitizer(secrets: readonly string[], isAllowed: ToolFilter): Sanitizer {
  const scrub = scrubber(secrets)
  function* withAllowed(messages: readonly unknown[]): Work<unknown[]> {
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
      // A list answers a batch of an older protocol. Batches are not sent, so none is expected, and none passes unseen.
      const message = Array.isArray(parsed) ? yield* withAllowed(parsed) : (yield* withAllowed([parsed]))[0]
      return { message, text: yield* scrub.isSuspect(text) ? writeJson(message, scrub) : writeJson(message) }
    },
  }
}

/** The response to a request that a message is, by its id; null otherwise. */
export const matchResponse = (message: unknown, id: string | number | null): JsonObject | null =>
  isJsonObject(message) && id !== null && message['id'] === id && !('method' in message) ? message : null

/** A block of an event stream: an event, a position without an event, or a time to wait before reconnecting. */
interface Block extends Partial<EventSourceMessage> {
  readonly retry?: number
}

/** Milliseconds. It has fewer digits than the shortest secret that is removed. */
const maxRetryMs = 3_600_000

/** Events of a stream, one after the other as they are complete, each written anew. Data that is not strict JSON is dropped. */
export class SseSanitizer {
  readonly #blocks: Block[] = []
  readonly #decoder = new StringDecoder()
  readonly #parser

  constructor(private readonly sanitize: Sanitizer) {
    this.#parser = createParser({
      onId: (id) => this.#blocks.push({ id }),
      onEvent: (event) => {
        // The parser has told of its id already.
        if (event.id !== undefined) this.#blocks.pop()
        this.#blocks.push(event)
      },
      onRetry: (retry) => this.#blocks.push({ retry }),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') throw error
      },
      // What a field's name adds to the largest value.
      maxBufferSize: maxMessageBytes + 64,
    })
  }

  /** @throws when an event is larger than {@link maxMessageBytes} */
  *feed(chunk: Buffer): Work<CleanMessage[]> {
    this.#parser.feed(this.#decoder.write(chunk))
    const clean: CleanMessage[] = []
    for (const block of this.#blocks.splice(0)) {
      yield
      const one = yield* this.#clean(block)
      if (one) clean.push(one)
    }
    return clean
  }

  *#clean({ id, event, data, retry }: Block): Work<CleanMessage | undefined> {
    if (retry !== undefined) return { message: null, text: `retry: ${Math.min(retry, maxRetryMs)}\n\n` }
    if (data !== undefined && Buffer.byteLength(data) > maxMessageBytes)
      throw new JsonError('An event of the upstream server is too large.')
    const lines: string[] = []
    if (event !== undefined) lines.push(`event: ${yield* this.#line(event)}`)
    if (id !== undefined) lines.push(`id: ${yield* this.#line(id)}`)
    // An event without data tells from where to resume the stream.
    const body = data ? yield* this.#json(data) : { message: null, text: '' }
    if (!body) return undefined
    if (data !== undefined) lines.push(`data: ${body.text}`)
    return { message: body.message, text: `${lines.join('\n')}\n\n` }
  }

  *#json(data: string): Work<CleanMessage | undefined> {
    try {
      return yield* this.sanitize.json(data)
    } catch (error) {
      if (error instanceof JsonError) return undefined
      throw error
    }
  }

  *#line(text: string): Work<string> {
    const { isSuspect, text: scrub } = this.sanitize
    return (isSuspect(text) ? yield* scrub(text) : text).replaceAll(/[\r\n]/g, ' ')
  }
}
