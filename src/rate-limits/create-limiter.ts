import type { Config } from '../config/config.js'
import { Pipeline } from '../database/pipeline.js'
import { FixedWindowLimiter } from '../lib/fixed-window.js'
import type { Limiter } from './limiter.js'
import { postgresLimiter } from './postgres-limiter.js'

/** Keys with limits whose windows run at once in one process; of more the oldest windows are forgotten. */
const maxLimitedKeys = 1_000_000

/** Counters of rate limits: in this process on SQLite, which one process serves, and in the database on PostgreSQL. */
export function createLimiter({ databaseUrl }: Config): Limiter & { close(): Promise<void> } {
  if (databaseUrl !== undefined) return postgresLimiter(new Pipeline({ connectionString: databaseUrl }))
  const counters = new FixedWindowLimiter(maxLimitedKeys)
  return {
    take: ({ id, rateLimits }, now) => Promise.resolve(counters.take(id, rateLimits, now.getTime())),
    close: () => Promise.resolve(),
  }
}
