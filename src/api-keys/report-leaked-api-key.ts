/** Reports a leaked API key. Needs no credential, and answers the same for every text. */
import { setTimeout } from 'node:timers/promises'

import type { Context } from '../context/context.js'
import { RequestError } from '../lib/errors.js'
import type { WindowLimit } from '../lib/fixed-window.js'
import { toRateLimitSubnet } from '../lib/network/address.js'
import type { Secret } from '../lib/secret.js'
import { revokeLeakedApiKey } from './revoke-leaked-api-key.js'

/** Reports that one IPv4 address or IPv6 /64 may send in a minute. */
export const maxLeakReports = 100

/** A report is answered after this time, by when a revocation has ended (docs/decisions/0203). */
export const leakReportMs = 250

const addressLimit: readonly WindowLimit[] = [{ window: 'MINUTE', max: maxLeakReports }]

/** @throws RequestError RATE_LIMITED */
export async function reportLeakedApiKey(ctx: Context, { secret }: { secret: Secret }): Promise<{ received: true }> {
  const subnet = toRateLimitSubnet(ctx.origin.ipAddress ?? '')
  const { isAllowed, retryAfterMs } = ctx.services.leakReportCounter.consume(subnet, addressLimit, ctx.now().getTime())
  if (!isAllowed)
    throw new RequestError('RATE_LIMITED', 'This address sent too many reports of leaked keys. Wait for the seconds in Retry-After.', {
      'retry-after': String(Math.ceil(retryAfterMs / 1000)),
    })
  const [revocation] = await Promise.allSettled([revokeLeakedApiKey(ctx, secret), setTimeout(leakReportMs)])
  if (revocation.status === 'rejected') throw revocation.reason
  return { received: true }
}
