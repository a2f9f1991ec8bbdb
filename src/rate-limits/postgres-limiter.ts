/** Rate limiter on PostgreSQL: one row per key, one statement per request, shared by all processes. */
import { isUnavailable, unavailableError } from '../database/database-errors.js'
import type { Pipeline } from '../database/pipeline.js'
import { windowColumns, consumeStatement, selectCounters } from '../database/queries/rate-counters.js'
import type { Row } from '../database/row-mapper.js'
import { toRateLimitResult, windowNames, type Counts, type WindowName } from '../lib/fixed-window.js'
import type { RateLimiter } from './limiter.js'

// Parameters of `take`: $1 key, $2 organization, $3 now, from $4 the limit of each window or null. With clock skew, the process
// whose clock is behind waits for the other's window to end: skew makes a window longer, never allows more requests.

function toCounts(row: Row | undefined): Counts {
  return Object.fromEntries(
    windowColumns.flatMap(({ window, at, used }): [WindowName, object][] => {
      const startedAt = row?.[at]
      return startedAt instanceof Date ? [[window, { startedAt: startedAt.getTime(), used: row?.[used] }]] : []
    }),
  )
}

/**
 * A rejected request changes no counter.
 * @param connection used for nothing else, so that keys without limits never wait for these commits
 */
export const postgresLimiter = (connection: Pipeline): RateLimiter & { close(): Promise<void> } => ({
  async consume({ id, organizationId, rateLimits }, now) {
    const limits = windowNames.map((window) => rateLimits.find((limit) => limit.window === window)?.max ?? null)
    try {
      const [taken] = await connection.send([{ ...consumeStatement, values: [id, organizationId, now.toISOString(), ...limits] }])
      const row = taken?.rows[0] as Row | undefined
      if (row) return toRateLimitResult(toCounts(row), rateLimits, true, now.getTime())
      const [current] = await connection.send([{ ...selectCounters, values: [id] }])
      return toRateLimitResult(toCounts(current?.rows[0] as Row | undefined), rateLimits, false, now.getTime())
    } catch (error) {
      throw isUnavailable(error) ? unavailableError(error) : error
    }
  },
  close: () => connection.close(),
})
