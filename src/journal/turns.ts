/**
 * One connection, one transaction after the other: the commit of a second one would end the first half way, and let go
 * of its lock.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }

  /** When everything that took a turn is over. */
  async ended(): Promise<void> {
    await this.#last
  }
}
