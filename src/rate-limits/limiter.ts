/** Rate limiter interface for API keys. */
import type { RateLimitResult, Limit } from '../lib/fixed-window.js'

/** Fixed-window rate limiter; called only for keys that have limits. */
export interface Limiter {
  /** Consumes one request from every window, or from none if one of them is exhausted. */
  take(key: { id: string; organizationId: string; rateLimits: readonly Limit[] }, now: Date): Promise<RateLimitResult>
}
