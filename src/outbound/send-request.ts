/** Sends one HTTP request with undici and streams the response body with backpressure. */
import { addAbortListener } from 'node:events'
import { Readable } from 'node:stream'

import type { Dispatcher } from 'undici'

import type { OutboundRequest, OutboundResponse } from './outbound.js'

type Controller = Dispatcher.DispatchController

/** Headers that are not lists: the first of several values counts. */
const singletonFields: ReadonlySet<string> = new Set(['content-type', 'location', 'retry-after'])

type Fields = Record<string, string | string[] | undefined>

/** Combines repeated header fields (RFC 9110 §5.3). */
function combineFields(headers: Fields): OutboundResponse['headers'] {
  for (const [name, value] of Object.entries(headers)) {
    if (Array.isArray(value)) headers[name] = singletonFields.has(name) ? value[0] : value.join(', ')
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

  /** Aborts the connection when the body is destroyed before its end. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.readableEnded) this.controller.abort(error ?? new Error('the response was closed before its end'))
    // An `error` event without a listener would end the process. A later reader finds the body truncated.
    done(this.listenerCount('error') > 0 ? error : null)
  }
}

type RequestHooks = Pick<OutboundRequest, 'signal' | 'onSent'>

interface PendingRequest {
  readonly request: RequestHooks
  readonly resolve: (response: OutboundResponse) => void
  readonly reject: (error: unknown) => void
  readonly abortListener: Disposable
  controller?: Controller
  body?: Body
}

/** Dispatch handler. It drops all references at the end, since an object that holds it may live until a full collection. */
class ResponseHandler implements Dispatcher.DispatchHandler {
  #pending: PendingRequest | undefined

  constructor(request: RequestHooks, resolve: PendingRequest['resolve'], reject: PendingRequest['reject']) {
    this.#pending = { request, resolve, reject, abortListener: addAbortListener(request.signal, () => this.#abort()) }
  }

  onRequestStart(controller: Controller): void {
    const pending = this.#pending!
    pending.controller = controller
    // The signal was aborted while the connection was established.
    if (pending.request.signal.aborted) this.#abort()
    else pending.request.onSent?.()
  }

  onResponseStart(controller: Controller, statusCode: number, headers: Fields): void {
    // Skip informational responses (RFC 9110 §15.2).
    if (statusCode < 200) return
    const pending = this.#pending!
    pending.body = new Body(controller)
    pending.resolve({ statusCode, headers: combineFields(headers), body: pending.body })
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#pending?.body?.push(chunk) === false) controller.pause()
  }

  onResponseEnd(): void {
    this.#end()?.body?.push(null)
  }

  onResponseError(_controller: Controller, error: Error): void {
    const { body, reject } = this.#end() ?? {}
    // The caller may not have attached its listeners to the body yet.
    if (body) setImmediate(() => body.destroy(error))
    else reject?.(error)
  }

  #abort(): void {
    const { request, controller, reject } = this.#pending!
    const reason: unknown = request.signal.reason
    if (controller) controller.abort(reason instanceof Error ? reason : new Error(String(reason)))
    else reject(reason)
  }

  #end(): PendingRequest | undefined {
    const pending = this.#pending
    pending?.abortListener[Symbol.dispose]()
    this.#pending = undefined
    return pending
  }
}

/** Resolves with the response head. @throws the reason of an aborted signal, or the error of undici */
export const sendRequest = (
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  request: RequestHooks,
): Promise<OutboundResponse> =>
  new Promise((resolve, reject) => {
    if (request.signal.aborted) reject(request.signal.reason)
    else dispatcher.dispatch(options, new ResponseHandler(request, resolve, reject))
  })
