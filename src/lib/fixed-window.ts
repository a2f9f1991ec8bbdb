/**
 * Fixed windows that begin with their first request. All of a key's windows must have room, and then each counts one;
 * when any is full, none counts. Time comes from the caller, and a window never ends by a clock that went back.
 */

export const windowLengths = { SECOND: 1000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 } as const
export type WindowName = keyof typeof windowLengths
export const windowNames = Object.keys(windowLengths) as WindowName[]

export interface Limit {
  readonly window: WindowName
  readonly max: number
}

/** When a window began, in milliseconds since 1970, and how many it let through. */
export interface Count {
  readonly startedAt: number
  readonly used: number
}
export type Counts = Partial<Record<WindowName, Count>>

export interface Allowance {
  readonly window: WindowName
  readonly max: number
  /** How many more pass in this window. */
  readonly remaining: number
  /** Milliseconds until it begins anew. */
  readonly resetMs: number
}

export interface RateLimitResult {
  readonly isAllowed: boolean
  /** Milliseconds until every full window begins anew; 0 when admitted. */
  readonly retryAfterMs: number
  readonly allowances: readonly Allowance[]
}

const isRunning = (count: Count | undefined, window: WindowName, now: number): count is Count =>
  count !== undefined && now < count.startedAt + windowLengths[window]

/** What the counts mean at this moment, after a request was admitted by them or refused. */
export function toRateLimitResult(counts: Counts, limits: readonly Limit[], isAllowed: boolean, now: number): RateLimitResult {
  const allowances = limits.map(({ window, max }) => {
    const count = counts[window]
    const running = isRunning(count, window, now) ? count : { startedAt: now, used: 0 }
    return { window, max, remaining: Math.max(0, max - running.used), resetMs: running.startedAt + windowLengths[window] - now }
  })
  const waits = isAllowed ? [0] : allowances.filter(({ remaining }) => remaining === 0).map(({ resetMs }) => resetMs)
  // At least a moment: a window that began anew in the meantime still refused this request.
  return { isAllowed, retryAfterMs: Math.max(isAllowed ? 0 : 1, ...waits), allowances }
}

/** The counts after one more request, or undefined when a window has no room for it. Windows without a limit are forgotten. */
export function consume(counts: Counts, limits: readonly Limit[], now: number): Counts | undefined {
  const next: Counts = {}
  for (const { window, max } of limits) {
    const count = counts[window]
    const { startedAt, used } = isRunning(count, window, now) ? count : { startedAt: now, used: 0 }
    if (used >= max) return undefined
    next[window] = { startedAt, used: used + 1 }
  }
  return next
}

/** Counters of one process, by any name. What has run out is dropped, and of the rest the oldest when there are too many. */
export class FixedWindowLimiter {
  readonly #counts = new Map<string, Counts>()

  constructor(private readonly most: number) {}

  get size(): number {
    return this.#counts.size
  }

  take(name: string, limits: readonly Limit[], now: number): RateLimitResult {
    const before = this.#counts.get(name) ?? {}
    const after = consume(before, limits, now)
    if (after) {
      if (!this.#counts.has(name)) this.#makeRoom(now)
      this.#counts.set(name, after)
    }
    return toRateLimitResult(after ?? before, limits, after !== undefined, now)
  }

  /** Whether `take` would admit a request now. */
  hasRoom(name: string, limits: readonly Limit[], now: number): boolean {
    return consume(this.#counts.get(name) ?? {}, limits, now) !== undefined
  }

  #makeRoom(now: number): void {
    if (this.#counts.size < this.most) return
    for (const [name, counts] of this.#counts) {
      if (windowNames.every((window) => !isRunning(counts[window], window, now))) this.#counts.delete(name)
    }
    const [oldest] = this.#counts.keys()
    if (this.#counts.size >= this.most && oldest !== undefined) this.#counts.delete(oldest)
  }
}
