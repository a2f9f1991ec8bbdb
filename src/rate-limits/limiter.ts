/** Rate limiter interface for API keys. */
import type { RateLimitResult, WindowLimit } from '../lib/fixed-window.js'

/** Fixed-window rate limiter; called only for keys that have limits. */
export interface RateLimiter {
  /** Consumes one request from every window, or from none if one of them is exhausted. */
  consume(key: { id: string; organizationId: string; rateLimits: readonly WindowLimit[] }, now: Date): Promise<RateLimitResult>
}
