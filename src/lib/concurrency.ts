/** Concurrency limits by key: slots without waiting, and a bounded queue. */

/** Counts the slots in use by key. An unused key takes no memory. */
export class ConcurrencyLimiter {
  readonly #inUse = new Map<string, number>()

  /**
   * Takes one slot of every key, or none and returns undefined when a key is full.
   * The returned function releases the slots; further calls have no effect.
   */
  acquire(slots: readonly (readonly [key: string, max: number, ...unknown[]])[]): (() => void) | undefined {
    if (slots.some(([key, max]) => (this.#inUse.get(key) ?? 0) >= max)) return undefined
    for (const [key] of slots) this.#inUse.set(key, (this.#inUse.get(key) ?? 0) + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      for (const [key] of slots) {
        const remaining = (this.#inUse.get(key) ?? 0) - 1
        if (remaining > 0) this.#inUse.set(key, remaining)
        else this.#inUse.delete(key)
      }
    }
  }

  /** Keys with slots in use. */
  get size(): number {
    return this.#inUse.size
  }

  /** Slots of a key in use. */
  count(key: string): number {
    return this.#inUse.get(key) ?? 0
  }
}

interface KeyQueue {
  running: number
  readonly queue: (() => void)[]
}

/** Runs at most `maxRunning` tasks of a key concurrently and queues up to `maxQueued` more, first in, first out. */
export class KeyedQueue {
  readonly #keyQueues = new Map<string, KeyQueue>()

  constructor(
    private readonly maxRunning: number,
    private readonly maxQueued: number,
    /** Creates the error for a task when the queue is full. */
    private readonly createQueueFullError: () => Error,
  ) {}

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    let keyQueue = this.#keyQueues.get(key)
    if (!keyQueue) this.#keyQueues.set(key, (keyQueue = { running: 0, queue: [] }))
    if (keyQueue.running >= this.maxRunning) {
      if (keyQueue.queue.length >= this.maxQueued) throw this.createQueueFullError()
      const { queue } = keyQueue
      // A finished task passes its slot on, so `running` does not change.
      await new Promise<void>((start) => queue.push(start))
    } else keyQueue.running++
    try {
      return await task()
    } finally {
      const next = keyQueue.queue.shift()
      if (next) next()
      else if (--keyQueue.running === 0) this.#keyQueues.delete(key)
    }
  }
}
