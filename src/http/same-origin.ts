/** Protection of the console against cross-site requests (Fetch Metadata Request Headers, W3C). */
import type { FastifyRequest } from 'fastify'

import { RequestError } from '../lib/errors.js'

/**
 * Browsers set `Sec-Fetch-Site` themselves, on https and loopback only, so a script cannot change it. Another port of one host
 * is `same-site`. A program that is no browser may send anything: it has no session of somebody else to abuse.
 * @throws RequestError FORBIDDEN
 */
export function assertSameOrigin({ headers }: FastifyRequest): void {
  if (headers['sec-fetch-site'] === 'same-origin') return
  throw new RequestError('FORBIDDEN', 'Only a page of this server may send this request, from an https or loopback address.')
}
