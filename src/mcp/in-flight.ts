/** Concurrency limits on exchanges with MCP servers, per end user, API key and organization in this process. */
import type { Context } from '../context/context.js'
import { RequestError } from '../lib/errors.js'

/**
 * A notification takes no call slot of its end user: a pending call may need it to complete or cancel.
 * It counts with the calls of its key and organization. A call that waits for an account counts with the streams: it may wait
 * long, and must take no calls from other end users.
 */
export type ExchangeKind = 'call' | 'notification' | 'stream' | 'wait'

const nouns = {
  call: 'MCP calls',
  notification: 'MCP notifications and responses',
  stream: 'MCP event streams',
  wait: 'MCP calls that wait for an account',
} as const

const retryAfterSecondsByKind = { call: 1, notification: 1, stream: 10, wait: 10 } as const

/** Error with a Retry-After header. */
export const concurrencyLimitedError = (message: string, retryAfterSeconds: number): RequestError =>
  new RequestError('CONCURRENCY_LIMITED', message, { 'retry-after': String(retryAfterSeconds) })

/**
 * Acquires a slot and returns the function that releases it. An access token counts as its key and end user; a key without
 * an end user counts as one. @throws RequestError CONCURRENCY_LIMITED
 */
export function acquireExchangeSlot({ actor, services }: Context, kind: ExchangeKind): () => void {
  const { limits, outboundConcurrency } = services
  const isStream = kind === 'stream' || kind === 'wait'
  const sharedKind = isStream ? 'stream' : 'call'
  const caller = actor.apiKey?.id ?? actor.id
  const slots = [
    [
      `${kind} ${caller} ${actor.endUser?.id}`,
      isStream ? limits.streamsPerEndUser : limits.callsPerEndUser,
      actor.endUser ? 'end user' : 'caller',
    ],
    [`${sharedKind} ${caller}`, isStream ? limits.streamsPerKey : limits.callsPerKey, 'API key'],
    [`${sharedKind} ${actor.organizationId}`, isStream ? limits.streamsPerOrganization : limits.callsPerOrganization, 'organization'],
  ] as const
  const release = outboundConcurrency.acquire(slots)
  if (release) return release
  const [, max, scope] = slots.find(([key, limit]) => outboundConcurrency.count(key) >= limit)!
  throw concurrencyLimitedError(
    `At most ${max} ${nouns[kind]} of one ${scope} can be in flight. Retry when one has ended.`,
    retryAfterSecondsByKind[kind],
  )
}
