/** One HTTP request, sent by undici, and its answer, of which the body is read as it is wanted. */
import { addAbortListener } from 'node:events'
import { Readable } from 'node:stream'

import type { Dispatcher } from 'undici'

import type { OutboundRequest, OutboundResponse } from './outbound.js'

type Controller = Dispatcher.DispatchController

/** Fields that are no lists: of two the first counts. */
const single: ReadonlySet<string> = new Set(['content-type', 'location', 'retry-after'])

type Fields = Record<string, string | string[] | undefined>

/** A field that stands more than once, as one (RFC 9110 §5.3). */
function joined(headers: Fields): OutboundResponse['headers'] {
  for (const [name, value] of Object.entries(headers)) {
    if (Array.isArray(value)) headers[name] = single.has(name) ? value[0] : value.join(', ')
  }
  return headers as OutboundResponse['headers']
}

class Body extends Readable {
  constructor(private readonly controller: Controller) {
    super()
  }

  override _read(): void {
    this.controller.resume()
  }

  /** Left before its end, an answer takes its connection with it. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.readableEnded) this.controller.abort(error ?? new Error('the answer was left before its end'))
    // What nobody listens for would end the process; whoever reads on finds the answer cut off.
    done(this.listenerCount('error') > 0 ? error : null)
  }
}

type Watched = Pick<OutboundRequest, 'signal' | 'onSent'>

interface PendingRequest {
  readonly request: Watched
  readonly answer: (response: OutboundResponse) => void
  readonly refuse: (error: unknown) => void
  readonly listening: Disposable
  controller?: Controller
  body?: Body
}

/** Once it is over it holds nothing: whatever still holds it may live until the next full collection. */
class ResponseHandler implements Dispatcher.DispatchHandler {
  #going: PendingRequest | undefined

  constructor(request: Watched, answer: PendingRequest['answer'], refuse: PendingRequest['refuse']) {
    this.#going = { request, answer, refuse, listening: addAbortListener(request.signal, () => this.#giveUp()) }
  }

  onRequestStart(controller: Controller): void {
    const going = this.#going!
    going.controller = controller
    // It was given up while the connection was made.
    if (going.request.signal.aborted) this.#giveUp()
    else going.request.onSent?.()
  }

  onResponseStart(controller: Controller, statusCode: number, headers: Fields): void {
    // Words on the way to the answer (RFC 9110 §15.2).
    if (statusCode < 200) return
    const going = this.#going!
    going.body = new Body(controller)
    going.answer({ statusCode, headers: joined(headers), body: going.body })
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#going?.body?.push(chunk) === false) controller.pause()
  }

  onResponseEnd(): void {
    this.#end()?.body?.push(null)
  }

  onResponseError(_controller: Controller, error: Error): void {
    const { body, refuse } = this.#end() ?? {}
    // Who reads it may only just have been told of it.
    if (body) setImmediate(() => body.destroy(error))
    else refuse?.(error)
  }

  #giveUp(): void {
    const { request, controller, refuse } = this.#going!
    const reason: unknown = request.signal.reason
    if (controller) controller.abort(reason instanceof Error ? reason : new Error(String(reason)))
    else refuse(reason)
  }

  #end(): PendingRequest | undefined {
    const going = this.#going
    going?.listening[Symbol.dispose]()
    this.#going = undefined
    return going
  }
}

/** Settles with the head of the answer. @throws whatever kept it from coming. */
export const sendRequest = (dispatcher: Dispatcher, options: Dispatcher.DispatchOptions, request: Watched): Promise<OutboundResponse> =>
  new Promise((answer, refuse) => {
    if (request.signal.aborted) refuse(request.signal.reason)
    else dispatcher.dispatch(options, new ResponseHandler(request, answer, refuse))
  })
