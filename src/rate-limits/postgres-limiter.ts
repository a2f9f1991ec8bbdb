import { isUnavailable, unavailable } from '../database/database-errors.js'
import type { Pipeline } from '../database/pipeline.js'
import { columns, take, look } from '../database/queries/rate-counters.js'
/**
 * The counters of keys with rate limits on PostgreSQL: one row a key, one statement a request, so that any number of
 * processes together let through what one would. A refused request changes nothing.
 */
import type { Row } from '../database/row-mapper.js'
import { toRateLimitResult, windowNames, type Counts, type WindowName } from '../lib/fixed-window.js'
import type { Limiter } from './limiter.js'

// $1 key, $2 organization, $3 now, from $4 on the limit of each window or null. Of two processes the one whose clock is
// behind waits for the window of the other to end: a skew can make a window longer, never fuller.

function toCounts(row: Row | undefined): Counts {
  return Object.fromEntries(
    columns.flatMap(({ window, at, used }): [WindowName, object][] => {
      const startedAt = row?.[at]
      return startedAt instanceof Date ? [[window, { startedAt: startedAt.getTime(), used: row?.[used] }]] : []
    }),
  )
}

/** On a connection of its own: keys without limits never wait for the commits of those that have some. */
export const postgresLimiter = (line: Pipeline): Limiter & { close(): Promise<void> } => ({
  async take({ id, organizationId, rateLimits }, now) {
    const limits = windowNames.map((window) => rateLimits.find((limit) => limit.window === window)?.max ?? null)
    try {
      const [taken] = await line.send([{ ...take, values: [id, organizationId, now.toISOString(), ...limits] }])
      const row = taken?.rows[0] as Row | undefined
      if (row) return toRateLimitResult(toCounts(row), rateLimits, true, now.getTime())
      const [looked] = await line.send([{ ...look, values: [id] }])
      return toRateLimitResult(toCounts(looked?.rows[0] as Row | undefined), rateLimits, false, now.getTime())
    } catch (error) {
      throw isUnavailable(error) ? unavailable(error) : error
    }
  },
  close: () => line.close(),
})
