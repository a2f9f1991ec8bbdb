/**
 * Refuses who asks too often, before any work: keys with rate limits, and addresses that send what never was a credential.
 * The header fields are those of the IETF's draft-ietf-httpapi-ratelimit-headers-10 (§3 RateLimit-Policy, §4 RateLimit).
 */
import type { FastifyReply } from 'fastify'

import type { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { toRateLimitSubnet } from '../lib/address.js'
import { RequestError, UnknownCredentialError } from '../lib/errors.js'
import { windowLengths, type RateLimitResult, type Limit } from '../lib/fixed-window.js'

/** Malformed or unknown credentials that one address, or one /64 of IPv6, may send in a minute. */
export const maxUnknownCredentials = 100

const seconds = (ms: number): number => Math.ceil(ms / 1000)

/** RFC 9110 §10.2.3: whole seconds, never too few. */
const tooMany = (message: string, retryAfterMs: number): RequestError =>
  new RequestError('RATE_LIMITED', message, { 'retry-after': String(seconds(retryAfterMs)) })

const rateLimitHeaders = ({ allowances }: RateLimitResult): Record<string, string> => ({
  'ratelimit-policy': allowances
    .map(({ window, max }) => `"${window.toLowerCase()}";q=${max};w=${windowLengths[window] / 1000}`)
    .join(', '),
  ratelimit: allowances
    .map(({ window, remaining, resetMs }) => `"${window.toLowerCase()}";r=${remaining};t=${seconds(resetMs)}`)
    .join(', '),
})

/** Counts the request against the limits of its key, if it has any. @throws RequestError RATE_LIMITED; then nothing was counted. */
export async function enforceRateLimit(ctx: Context, reply: FastifyReply): Promise<void> {
  const { apiKey, organizationId } = ctx.actor
  if (!apiKey || apiKey.rateLimits.length === 0) return
  const admission = await ctx.app.limiter.take({ id: apiKey.id, organizationId, rateLimits: apiKey.rateLimits }, ctx.now())
  void reply.headers(rateLimitHeaders(admission))
  if (admission.isAllowed) return
  ctx.recordUsage(null, true)
  throw tooMany('A rate limit of this API key is used up. Try again later.', admission.retryAfterMs)
}

const addressLimit: readonly Limit[] = [{ window: 'MINUTE', max: maxUnknownCredentials }]

/** What a guesser gets in place of the refusal that it earned; whoever sends a good credential is never asked. @throws RequestError RATE_LIMITED */
export function throttleUnknownCredentials(app: Services, refusal: unknown, address: string): void {
  if (!(refusal instanceof UnknownCredentialError)) return
  const { isAllowed, retryAfterMs } = app.unknownCredentialCounter.take(toRateLimitSubnet(address), addressLimit, app.clock().getTime())
  if (!isAllowed) throw tooMany('Too many credentials from this address were not valid. Try again later.', retryAfterMs)
}
