/** Selects the rate limiter for the database. */
import type { Config } from '../config/config.js'
import { Pipeline } from '../database/pipeline.js'
import { FixedWindowLimiter } from '../lib/fixed-window.js'
import type { RateLimiter } from './limiter.js'
import { postgresLimiter } from './postgres-limiter.js'

/** Maximum API keys with running windows in one process; beyond it, the oldest windows are evicted. */
const maxLimitedKeys = 1_000_000

/** On SQLite, one process serves, so its memory holds the counters. On PostgreSQL, the database does. */
export function createLimiter({ databaseUrl }: Config): RateLimiter & { close(): Promise<void> } {
  if (databaseUrl !== undefined) return postgresLimiter(new Pipeline({ connectionString: databaseUrl }))
  const counters = new FixedWindowLimiter(maxLimitedKeys)
  return {
    consume: ({ id, rateLimits }, now) => Promise.resolve(counters.consume(id, rateLimits, now.getTime())),
    close: () => Promise.resolve(),
  }
}
