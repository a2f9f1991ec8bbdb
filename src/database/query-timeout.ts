/** Time limit of tenant queries, and the errors of their limits. */
import { RequestError } from '../lib/errors.js'

/** Maximum duration of one tenant query. */
export const queryTimeoutMs = 2000

/** Error of a query that reached the time limit. */
export const queryTimeoutError = (): RequestError =>
  new RequestError('QUERY_TIMEOUT', 'This query took longer than 2 seconds. Narrow its filter, or leave out "totalCount".')

/** Error of a query when the organization's queue is full. */
export const queueFullError = (): RequestError =>
  new RequestError('CONCURRENCY_LIMITED', 'Too many lists and counts of your organization are waiting. Send fewer at once.', {
    'retry-after': '1',
  })
