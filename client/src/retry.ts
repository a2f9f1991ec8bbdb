/** When to try again, and after how long. */
import { ApiError } from './errors.js'
import type { Operation } from './operation.js'

/** Milliseconds. Whoever is told to wait longer than this hears of it instead. */
const longestWait = 30_000
const firstWait = 250

/**
 * A query changes nothing; of the mutations the server repeats without a second effect those that carry an idempotency key.
 */
export const isIdempotent = ({ kind, bare }: Operation, variables: Readonly<Record<string, unknown>>): boolean =>
  kind === 'query' || !!(variables[bare!] as { idempotencyKey?: unknown } | null | undefined)?.idempotencyKey

/** No answer, too many requests, or a server that is away; whatever else would fail again. */
const isPassing = ({ status }: ApiError): boolean => [0, 408, 429, 502, 503, 504].includes(status)

/** Milliseconds until the next try; null: there is none. */
export function waitBefore(attempt: number, error: unknown): number | null {
  if (!(error instanceof ApiError) || !isPassing(error)) return null
  // Half of it by chance, so that callers who failed together do not come back together.
  const chance = crypto.getRandomValues(new Uint8Array(1))[0]! / 256
  const wait = error.retryAfterMs ?? firstWait * 2 ** attempt * (0.5 + chance / 2)
  return wait <= longestWait ? wait : null
}

/** Seconds or a date: RFC 9110 §10.2.3. */
export function retryAfterMs(header: string | null): number | null {
  if (header === null) return null
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(wait) ? null : Math.max(0, wait)
}

/** @throws the reason of the signal. */
export const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer)
      // As fetch does: what was given as the reason is thrown as it is.
      reject(signal!.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })
