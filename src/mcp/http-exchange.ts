/** One HTTP request, sent by undici, and its answer, of which the body is read as it is wanted. */
import { Readable } from 'node:stream'

import type { Dispatcher } from 'undici'

import type { OutboundRequest, OutboundResponse } from '../context.js'

type Controller = Dispatcher.DispatchController

/** A field that stands more than once, as one (RFC 9110 §5.3). */
const joined = (headers: Readonly<Record<string, string | string[] | undefined>>): OutboundResponse['headers'] =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]))

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

class Exchange implements Dispatcher.DispatchHandler {
  #controller: Controller | undefined
  #body: Body | undefined

  constructor(
    private readonly request: Pick<OutboundRequest, 'signal' | 'onSent'>,
    private readonly answer: (response: OutboundResponse) => void,
    private readonly refuse: (error: unknown) => void,
  ) {
    request.signal.addEventListener('abort', this)
  }

  /** The signal's own word. */
  handleEvent(): void {
    const { reason } = this.request.signal
    if (this.#controller) this.#controller.abort(reason instanceof Error ? reason : new Error(String(reason)))
    else this.refuse(reason)
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    // It was given up while the connection was made.
    if (this.request.signal.aborted) return this.handleEvent()
    this.request.onSent?.()
  }

  onResponseStart(controller: Controller, statusCode: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    // Words on the way to the answer (RFC 9110 §15.2).
    if (statusCode < 200) return
    this.#body = new Body(controller)
    this.answer({ statusCode, headers: joined(headers), body: this.#body })
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#body?.push(chunk) === false) controller.pause()
  }

  onResponseEnd(): void {
    this.#end()
    this.#body?.push(null)
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#end()
    const body = this.#body
    if (!body) return this.refuse(error)
    // Its reader may only just have been told of it.
    setImmediate(() => body.destroy(error))
  }

  #end(): void {
    this.request.signal.removeEventListener('abort', this)
  }
}

/** Settles with the head of the answer. @throws whatever kept it from coming. */
export const exchange = (
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  request: Pick<OutboundRequest, 'signal' | 'onSent'>,
): Promise<OutboundResponse> =>
  new Promise((answer, refuse) => {
    if (request.signal.aborted) refuse(request.signal.reason)
    else dispatcher.dispatch(options, new Exchange(request, answer, refuse))
  })
