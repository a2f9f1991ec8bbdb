/** Statements of the rate limit counters that processes share on PostgreSQL. */
import { windowLengthsMs, windowNames } from '../../lib/fixed-window.js'

export const windowColumns = windowNames.map((window) => ({
  window,
  at: `${window.toLowerCase()}_at`,
  used: `${window.toLowerCase()}_used`,
}))

// $1 key, $2 organization, $3 now, from $4 on the limit of each window or null. With clock skew, the process that is
// behind waits for the end of the other's window: the window lasts longer, but never allows more requests.
const limitParameter = (i: number): string => `$${i + 4}::int`

const hasEnded = (i: number): string =>
  `(c.${windowColumns[i]!.at} is null or $3::timestamptz >= c.${windowColumns[i]!.at} + interval '${windowLengthsMs[windowColumns[i]!.window]} ms')`

export const consumeStatement = {
  name: 'take from windows',
  text: `insert into rate_counter as c (api_key_id, organization_id, ${windowColumns.map(({ at, used }) => `${at}, ${used}`).join(', ')})
    values ($1, $2, ${windowColumns.map((_, i) => `case when ${limitParameter(i)} is not null then $3::timestamptz end, 1`).join(', ')})
    on conflict (api_key_id) do update set ${windowColumns
      .map(
        ({ at, used }, i) => `
      ${at} = case when ${limitParameter(i)} is null then null when ${hasEnded(i)} then $3 else c.${at} end,
      ${used} = case when ${limitParameter(i)} is null or ${hasEnded(i)} then 1 else c.${used} + 1 end`,
      )
      .join(',')}
    where ${windowColumns.map(({ used }, i) => `(${limitParameter(i)} is null or ${hasEnded(i)} or c.${used} < ${limitParameter(i)})`).join(' and ')}
    returning *`,
}

export const selectCounters = { name: 'look at windows', text: 'select * from rate_counter where api_key_id = $1' }
