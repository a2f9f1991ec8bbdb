/** How long an answer is worth making: until its time is over, or nobody waits for it any more. */
import { RequestError } from '../lib/errors.js'

export class ResponseDeadline {
  #over: RequestError | undefined
  #end: ((reason: RequestError) => void) | undefined
  readonly #timer

  /** Milliseconds. */
  constructor(time: number) {
    this.#timer = setTimeout(() => this.#endWith('This took too long. What it was to change may have been changed.'), time)
  }

  /** The answer, or the end of the waiting, whichever is first. @throws RequestError REQUEST_TIMEOUT */
  async race<T>(answer: Promise<T>): Promise<T> {
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#end = reject
        answer.then(resolve, reject)
      })
    } finally {
      clearTimeout(this.#timer)
      this.#end = undefined
    }
  }

  /** Whoever asked has gone. */
  clientClosed(): void {
    this.#endWith('Nobody waits for this answer any more.')
  }

  /** Before something new is begun. @throws RequestError REQUEST_TIMEOUT */
  throwIfExpired(): void {
    if (this.#over) throw this.#over
  }

  #endWith(message: string): void {
    this.#over ??= new RequestError('REQUEST_TIMEOUT', message)
    this.#end?.(this.#over)
  }
}
