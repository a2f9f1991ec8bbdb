/** Limits of tenant queries: how long one may take, and the refusals. */
import { RequestError } from '../lib/errors.js'

export const queryTimeoutMs = 2000

export const queryTimeout = (): RequestError =>
  new RequestError('QUERY_TIMEOUT', 'This query took longer than 2 seconds. Narrow its filter, or leave out "totalCount".')

export const queueFull = (): RequestError =>
  new RequestError('CONCURRENCY_LIMITED', 'Too many lists and counts of your organization are waiting. Send fewer at once.', {
    'retry-after': '1',
  })
