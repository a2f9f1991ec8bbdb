/** Tasks of which one runs at a time for each key. Callers that arrive meanwhile share its result. */
import { setTimeout as wait } from 'node:timers/promises'

export class SingleFlight {
  readonly #running = new Map<string, Promise<unknown>>()

  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    let running = this.#running.get(key) as Promise<T> | undefined
    if (!running) {
      running = task().finally(() => this.#running.delete(key))
      this.#running.set(key, running)
    }
    return running
  }

  /** Resolves when every task that runs now has ended, or after the timeout. */
  async settle(timeoutMs: number): Promise<void> {
    await Promise.race([Promise.allSettled(this.#running.values()), wait(timeoutMs, undefined, { ref: false })])
  }
}
