/** Concurrency limits by key: slots that are taken or refused at once, and a queue for those that may wait. */

/** Counts what is in use under each key. A key without use takes no memory. */
export class ConcurrencyLimiter {
  readonly #inUse = new Map<string, number>()

  /** Takes one slot under every key, or none. Undefined: one of them is full. The answer gives the slots back, once. */
  acquire(slots: readonly (readonly [key: string, max: number, ...unknown[]])[]): (() => void) | undefined {
    if (slots.some(([key, max]) => (this.#inUse.get(key) ?? 0) >= max)) return undefined
    for (const [key] of slots) this.#inUse.set(key, (this.#inUse.get(key) ?? 0) + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      for (const [key] of slots) {
        const left = (this.#inUse.get(key) ?? 0) - 1
        if (left > 0) this.#inUse.set(key, left)
        else this.#inUse.delete(key)
      }
    }
  }

  /** Keys with slots in use. */
  get size(): number {
    return this.#inUse.size
  }

  /** Slots in use under a key. */
  count(key: string): number {
    return this.#inUse.get(key) ?? 0
  }
}

interface Lane {
  running: number
  readonly queue: (() => void)[]
}

/** Runs at most `maxRunning` tasks of one key at once; `maxQueued` more wait in order, and any further one is refused. */
export class KeyedQueue {
  readonly #lanes = new Map<string, Lane>()

  constructor(
    private readonly maxRunning: number,
    private readonly maxQueued: number,
    /** The error for a task that finds the queue full. */
    private readonly refusal: () => Error,
  ) {}

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    let lane = this.#lanes.get(key)
    if (!lane) this.#lanes.set(key, (lane = { running: 0, queue: [] }))
    if (lane.running >= this.maxRunning) {
      if (lane.queue.length >= this.maxQueued) throw this.refusal()
      const { queue } = lane
      // The task that ends hands its place over, so `running` stays as it is.
      await new Promise<void>((start) => queue.push(start))
    } else lane.running++
    try {
      return await task()
    } finally {
      const next = lane.queue.shift()
      if (next) next()
      else if (--lane.running === 0) this.#lanes.delete(key)
    }
  }
}
