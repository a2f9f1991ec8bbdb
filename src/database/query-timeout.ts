/** Time limit of tenant queries, and the errors of their limits. */
import { RequestError } from '../lib/errors.js'

/** Maximum duration of one tenant query. */
export const queryTimeoutMs = 2000

/** Error of a query that reached the time limit. */
export const queryTimeoutError = (): RequestError =>
  new RequestError('QUERY_TIMEOUT', 'The query took longer than 2 seconds. Narrow the filter, or omit "totalCount".')

/** Error of a query when the organization's queue is full. */
export const queueFullError = (): RequestError =>
  new RequestError(
    'CONCURRENCY_LIMITED',
    'Too many lists and counts of your organization are queued. Send fewer concurrently, and retry after the time in Retry-After.',
    {
      'retry-after': '1',
    },
  )
