/** Limits on the exchanges with MCP servers that one end user, API key and organization have in flight in this process. */
import type { Context } from '../context/context.js'
import { RequestError } from '../lib/errors.js'

/**
 * A message that has no answer takes no place of a call: it may be what a call waits for, or what ends one.
 * It counts with the calls of its key and organization.
 */
export type ExchangeKind = 'call' | 'notification' | 'stream'

const nouns = { call: 'MCP calls', notification: 'MCP notifications and responses', stream: 'MCP event streams' } as const

/** Seconds. */
const retryAfter = { call: 1, notification: 1, stream: 10 } as const

export const concurrencyLimited = (message: string, retryAfterSeconds: number): RequestError =>
  new RequestError('CONCURRENCY_LIMITED', message, { 'retry-after': String(retryAfterSeconds) })

/**
 * Takes a place until the answer, which gives it back, is called. A token counts for its key and end user; a key that
 * names no end user counts as one. @throws RequestError CONCURRENCY_LIMITED
 */
export function beginExchange({ actor, app }: Context, kind: ExchangeKind): () => void {
  const { limits, inFlight } = app
  const isStream = kind === 'stream'
  const shared = isStream ? 'stream' : 'call'
  const caller = actor.apiKey?.id ?? actor.id
  const slots = [
    [
      `${kind} ${caller} ${actor.endUser?.id}`,
      isStream ? limits.streamsPerEndUser : limits.callsPerEndUser,
      actor.endUser ? 'end user' : 'caller',
    ],
    [`${shared} ${caller}`, isStream ? limits.streamsPerKey : limits.callsPerKey, 'API key'],
    [`${shared} ${actor.organizationId}`, isStream ? limits.streamsPerOrganization : limits.callsPerOrganization, 'organization'],
  ] as const
  const release = inFlight.acquire(slots)
  if (release) return release
  const [, max, whose] = slots.find(([key, limit]) => inFlight.count(key) >= limit)!
  throw concurrencyLimited(
    `At most ${max} ${nouns[kind]} of one ${whose} may be in flight. Try again when one has ended.`,
    retryAfter[kind],
  )
}
