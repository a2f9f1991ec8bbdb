import type { RateLimitResult, Limit } from '../lib/fixed-window.js'

/** Lets a key through as often as its limits say; asked only about keys that have some. */
export interface Limiter {
  /** Counts one in each window, or in none when one of them is full. */
  take(key: { id: string; organizationId: string; rateLimits: readonly Limit[] }, now: Date): Promise<RateLimitResult>
}
