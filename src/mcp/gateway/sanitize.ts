/** What comes back from upstream, as the client may see it: without the credential, without the tools that are not the caller's. */
import { StringDecoder } from 'node:string_decoder'

import { createParser, type EventSourceMessage } from 'eventsource-parser'

import { isJsonObject, type JsonObject } from '../../lib/json-rpc.js'
import { scrubber, type Scrubber } from '../../lib/scrub.js'
import { JsonFault, parseStrictJson } from '../../lib/strict-json.js'
import { withAllowedTools, type ToolRule } from './tools.js'

/** Bytes of one message, either way. */
export const largestMessage = 4_194_304

export interface Sanitizer extends Scrubber {
  /** A JSON body or the data of an event. @throws JsonFault */
  json(text: string): unknown
}

export function sanitizer(secrets: readonly string[], isAllowed: ToolRule): Sanitizer {
  const scrub = scrubber(secrets)
  const one = (message: unknown): unknown => (isJsonObject(message) ? withAllowedTools(message, isAllowed) : message)
  return {
    ...scrub,
    json(text) {
      const parsed = parseStrictJson(text)
      const value = scrub.isSuspect(text) ? scrub.value(parsed) : parsed
      // An answer to a batch of an older protocol is a list; batches are not sent, so none is expected, and none passes unseen.
      return Array.isArray(value) ? value.map(one) : one(value)
    },
  }
}

/** The response to a request that a message is, by its id; null otherwise. */
export const responseTo = (message: unknown, id: string | number | null): JsonObject | null =>
  isJsonObject(message) && id !== null && message['id'] === id && !('method' in message) ? message : null

export interface CleanEvent {
  readonly text: string
  /** Null when its data is no JSON. */
  readonly message: unknown
}

/** Events of a stream, one after the other as they are complete, each written anew. */
export class EventCleaner {
  readonly #events: CleanEvent[] = []
  readonly #decoder = new StringDecoder()
  readonly #parser

  constructor(private readonly sanitize: Sanitizer) {
    this.#parser = createParser({
      onEvent: (event) => this.#events.push(this.#clean(event)),
      onRetry: (milliseconds) => this.#events.push({ text: `retry: ${milliseconds}\n\n`, message: null }),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') throw error
      },
      // What a field's name adds to the largest value.
      maxBufferSize: largestMessage + 64,
    })
  }

  /** @throws when an event is larger than {@link largestMessage} */
  feed(chunk: Buffer): CleanEvent[] {
    this.#parser.feed(this.#decoder.write(chunk))
    return this.#events.splice(0)
  }

  #clean({ id, event, data }: EventSourceMessage): CleanEvent {
    if (Buffer.byteLength(data) > largestMessage) throw new JsonFault('An event of the upstream server is too large.')
    const head = [...(event === undefined ? [] : [`event: ${this.#line(event)}`]), ...(id === undefined ? [] : [`id: ${this.#line(id)}`])]
    const message = this.#message(data)
    const body = message === null ? this.sanitize.text(data) : JSON.stringify(message)
    return { text: `${[...head, ...body.split('\n').map((line) => `data: ${line}`)].join('\n')}\n\n`, message }
  }

  #message(data: string): unknown {
    try {
      return data === '' ? null : this.sanitize.json(data)
    } catch {
      return null
    }
  }

  #line(text: string): string {
    return this.sanitize.text(text).replaceAll(/[\r\n]/g, ' ')
  }
}
