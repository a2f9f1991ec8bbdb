import type { Limiter } from '../context/context.js'
import { isUnavailable, unavailable } from '../database/database-errors.js'
import type { Pipeline } from '../database/pipeline.js'
/**
 * The counters of keys with rate limits on PostgreSQL: one row a key, one statement a request, so that any number of
 * processes together let through what one would. A refused request changes nothing.
 */
import type { Row } from '../database/row-mapper.js'
import { admissionOf, windowLengths, windowNames, type Counts, type WindowName } from '../lib/fixed-window.js'

const columns = windowNames.map((window) => ({ window, at: `${window.toLowerCase()}_at`, used: `${window.toLowerCase()}_used` }))

// $1 key, $2 organization, $3 now, from $4 on the limit of each window or null. Of two processes the one whose clock is
// behind waits for the window of the other to end: a skew can make a window longer, never fuller.
const limitOf = (i: number): string => `$${i + 4}::int`
const hasEnded = (i: number): string =>
  `(c.${columns[i]!.at} is null or $3::timestamptz >= c.${columns[i]!.at} + interval '${windowLengths[columns[i]!.window]} ms')`

const take = {
  name: 'take from windows',
  text: `insert into rate_counter as c (api_key_id, organization_id, ${columns.map(({ at, used }) => `${at}, ${used}`).join(', ')})
    values ($1, $2, ${columns.map((_, i) => `case when ${limitOf(i)} is not null then $3::timestamptz end, 1`).join(', ')})
    on conflict (api_key_id) do update set ${columns
      .map(
        ({ at, used }, i) => `
      ${at} = case when ${limitOf(i)} is null then null when ${hasEnded(i)} then $3 else c.${at} end,
      ${used} = case when ${limitOf(i)} is null or ${hasEnded(i)} then 1 else c.${used} + 1 end`,
      )
      .join(',')}
    where ${columns.map(({ used }, i) => `(${limitOf(i)} is null or ${hasEnded(i)} or c.${used} < ${limitOf(i)})`).join(' and ')}
    returning *`,
}
const look = { name: 'look at windows', text: 'select * from rate_counter where api_key_id = $1' }

function countsOf(row: Row | undefined): Counts {
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
      if (row) return admissionOf(countsOf(row), rateLimits, true, now.getTime())
      const [looked] = await line.send([{ ...look, values: [id] }])
      return admissionOf(countsOf(looked?.rows[0] as Row | undefined), rateLimits, false, now.getTime())
    } catch (error) {
      throw isUnavailable(error) ? unavailable(error) : error
    }
  },
  close: () => line.close(),
})
