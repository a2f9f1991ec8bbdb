/** Retry policy: which operations and errors are retried, and after which delay. */
import { ApiError } from './errors.js'
import type { Operation } from './operation.js'

/** A longer Retry-After is not waited for; the error is thrown instead. */
const maxDelayMs = 30_000
const initialDelayMs = 250

/** Queries are idempotent; mutations are if they carry an idempotency key. */
export const isIdempotent = ({ kind, inputVariable }: Operation, variables: Readonly<Record<string, unknown>>): boolean =>
  kind === 'query' || !!(variables[inputVariable!] as { idempotencyKey?: unknown } | null | undefined)?.idempotencyKey

/** Network error (status 0), timeout, rate limit or unavailable server; other errors would occur again. */
const isRetryable = ({ status }: ApiError): boolean => [0, 408, 429, 502, 503, 504].includes(status)

/** Delay before the next attempt in milliseconds; null if the error is not retryable. */
export function retryDelay(attempt: number, error: unknown): number | null {
  if (!(error instanceof ApiError) || !isRetryable(error)) return null
  // Exponential backoff with jitter, so that clients that failed together do not retry together.
  const jitter = crypto.getRandomValues(new Uint8Array(1))[0]! / 256
  const delayMs = error.retryAfterMs ?? initialDelayMs * 2 ** attempt * (0.5 + jitter / 2)
  return delayMs <= maxDelayMs ? delayMs : null
}

/** Parses Retry-After, which is seconds or a date (RFC 9110 §10.2.3), to milliseconds. */
export function retryAfterMs(header: string | null): number | null {
  if (header === null) return null
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(wait) ? null : Math.max(0, wait)
}

/** Resolves after `ms` milliseconds. @throws the signal's reason if it aborts first. */
export const delay = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer)
      // Rejects with the signal's reason unchanged, as fetch does.
      reject(signal!.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })
