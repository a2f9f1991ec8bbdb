/**
 * Rate limits of API keys, and of addresses that send unknown credentials. Both apply before the operation runs.
 * The header fields follow draft-ietf-httpapi-ratelimit-headers-10 (§3 RateLimit-Policy, §4 RateLimit).
 */
import type { FastifyReply } from 'fastify'

import type { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { RequestError, UnknownCredentialError } from '../lib/errors.js'
import { windowLengthsMs, type RateLimitResult, type WindowLimit } from '../lib/fixed-window.js'
import { toRateLimitSubnet } from '../lib/network/address.js'

/** Malformed or unknown credentials that one IPv4 address or IPv6 /64 may send in a minute. */
export const maxUnknownCredentials = 100

const seconds = (ms: number): number => Math.ceil(ms / 1000)

/** Retry-After is in whole seconds (RFC 9110 §10.2.3), rounded up so that a retry is not too early. */
const tooMany = (message: string, retryAfterMs: number): RequestError =>
  new RequestError('RATE_LIMITED', message, { 'retry-after': String(seconds(retryAfterMs)) })

const rateLimitHeaders = ({ allowances }: RateLimitResult): Record<string, string> => ({
  'ratelimit-policy': allowances
    .map(({ window, max }) => `"${window.toLowerCase()}";q=${max};w=${windowLengthsMs[window] / 1000}`)
    .join(', '),
  ratelimit: allowances
    .map(({ window, remaining, resetMs }) => `"${window.toLowerCase()}";r=${remaining};t=${seconds(resetMs)}`)
    .join(', '),
})

/** Counts the request against the rate limits of its API key. @throws RequestError RATE_LIMITED, and counts nothing */
export async function enforceRateLimit(ctx: Context, reply: FastifyReply): Promise<void> {
  const { apiKey, organizationId } = ctx.actor
  if (!apiKey || apiKey.rateLimits.length === 0) return
  const result = await ctx.services.limiter.consume({ id: apiKey.id, organizationId, rateLimits: apiKey.rateLimits }, ctx.now())
  void reply.headers(rateLimitHeaders(result))
  if (result.isAllowed) return
  throw tooMany('A rate limit of this API key is exceeded. Retry after the time in Retry-After.', result.retryAfterMs)
}

const addressLimit: readonly WindowLimit[] = [{ window: 'MINUTE', max: maxUnknownCredentials }]

/** Counts an unknown credential against its address; other errors do not count. @throws RequestError RATE_LIMITED over the limit */
export function throttleUnknownCredentials(services: Services, error: unknown, address: string): void {
  if (error instanceof UnknownCredentialError) countUnknown(services, address)
}

/** Counts a credential or id that was never issued against the address that sent it. @throws RequestError RATE_LIMITED over the limit */
export function countUnknown(services: Services, address: string): void {
  const { isAllowed, retryAfterMs } = services.unknownCredentialCounter.consume(
    toRateLimitSubnet(address),
    addressLimit,
    services.clock().getTime(),
  )
  if (!isAllowed) throw tooMany('Too many invalid credentials came from this address. Retry after the time in Retry-After.', retryAfterMs)
}
