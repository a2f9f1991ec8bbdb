/**
 * Fixed-window rate limits, whose windows begin with their first request.
 * A request counts in every window of its key, or in none when one is full.
 * The caller passes the time. A clock that goes back does not end a window.
 */

/** Window lengths in milliseconds. */
export const windowLengthsMs = { SECOND: 1000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 } as const
export type WindowName = keyof typeof windowLengthsMs
export const windowNames = Object.keys(windowLengthsMs) as WindowName[]

export interface WindowLimit {
  readonly window: WindowName
  readonly max: number
}

/** Start of a window in milliseconds since 1970, and the number of requests that it allowed. */
export interface Count {
  readonly startedAt: number
  readonly used: number
}
/** Current count by window; a window without a request has none. */
export type Counts = Partial<Record<WindowName, Count>>

export interface Allowance {
  readonly window: WindowName
  readonly max: number
  /** Requests that this window still allows. */
  readonly remaining: number
  /** Milliseconds until the window resets. */
  readonly resetMs: number
}

export interface RateLimitResult {
  readonly isAllowed: boolean
  /** Milliseconds until every full window has reset; 0 when allowed. */
  readonly retryAfterMs: number
  readonly allowances: readonly Allowance[]
}

const isRunning = (count: Count | undefined, window: WindowName, now: number): count is Count =>
  count !== undefined && now < count.startedAt + windowLengthsMs[window]

/** Rate limit result for the counts after a request was allowed or refused. */
export function toRateLimitResult(counts: Counts, limits: readonly WindowLimit[], isAllowed: boolean, now: number): RateLimitResult {
  const allowances = limits.map(({ window, max }) => {
    const count = counts[window]
    const current = isRunning(count, window, now) ? count : { startedAt: now, used: 0 }
    return { window, max, remaining: Math.max(0, max - current.used), resetMs: current.startedAt + windowLengthsMs[window] - now }
  })
  const resets = isAllowed ? [0] : allowances.filter(({ remaining }) => remaining === 0).map(({ resetMs }) => resetMs)
  // At least 1 ms: a full window may have reset since it refused this request.
  return { isAllowed, retryAfterMs: Math.max(isAllowed ? 0 : 1, ...resets), allowances }
}

/** Counts after one more request; undefined when a window is full. Windows without a limit are dropped. */
export function incrementCounts(counts: Counts, limits: readonly WindowLimit[], now: number): Counts | undefined {
  const next: Counts = {}
  for (const { window, max } of limits) {
    const count = counts[window]
    const { startedAt, used } = isRunning(count, window, now) ? count : { startedAt: now, used: 0 }
    if (used >= max) return undefined
    next[window] = { startedAt, used: used + 1 }
  }
  return next
}

/** In-process counters by name. At `maxCounters` it evicts expired counters, or the oldest if none has expired. */
export class FixedWindowLimiter {
  readonly #counts = new Map<string, Counts>()

  constructor(private readonly maxCounters: number) {}

  get size(): number {
    return this.#counts.size
  }

  consume(name: string, limits: readonly WindowLimit[], now: number): RateLimitResult {
    const current = this.#counts.get(name) ?? {}
    const next = incrementCounts(current, limits, now)
    if (next) {
      if (!this.#counts.has(name)) this.#evict(now)
      this.#counts.set(name, next)
    }
    return toRateLimitResult(next ?? current, limits, next !== undefined, now)
  }

  /** True if `take` would allow a request now. */
  hasRoom(name: string, limits: readonly WindowLimit[], now: number): boolean {
    return incrementCounts(this.#counts.get(name) ?? {}, limits, now) !== undefined
  }

  #evict(now: number): void {
    if (this.#counts.size < this.maxCounters) return
    for (const [name, counts] of this.#counts) {
      if (windowNames.every((window) => !isRunning(counts[window], window, now))) this.#counts.delete(name)
    }
    const [oldest] = this.#counts.keys()
    if (this.#counts.size >= this.maxCounters && oldest !== undefined) this.#counts.delete(oldest)
  }
}
