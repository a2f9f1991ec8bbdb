/** Response deadline: timeout or client disconnect. */
import { RequestError } from '../lib/errors.js'

export class ResponseDeadline {
  #error: RequestError | undefined
  #reject: ((reason: RequestError) => void) | undefined
  readonly #timer

  constructor(timeoutMs: number) {
    this.#timer = setTimeout(() => this.#expire('The request timed out. The operation may have completed.'), timeoutMs)
  }

  /** Settles with the response or with the deadline, whichever is first. @throws RequestError REQUEST_TIMEOUT */
  async race<T>(response: Promise<T>): Promise<T> {
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#reject = reject
        response.then(resolve, reject)
      })
    } finally {
      clearTimeout(this.#timer)
      this.#reject = undefined
    }
  }

  /** Expires the deadline because the client disconnected. */
  clientClosed(): void {
    this.#expire('The client disconnected.')
  }

  /** Called before new work starts. @throws RequestError REQUEST_TIMEOUT */
  throwIfExpired(): void {
    if (this.#error) throw this.#error
  }

  #expire(message: string): void {
    this.#error ??= new RequestError('REQUEST_TIMEOUT', message)
    this.#reject?.(this.#error)
  }
}
