/** Where a request comes from: the peer, or what a trusted proxy says of it, as long as that is an address at all. */
import { isIP } from 'node:net'

import type { FastifyRequest } from 'fastify'

/** Null when the connection is gone already. */
export function clientAddress(request: FastifyRequest): string | null {
  const { remoteAddress } = request.raw.socket
  // Fastify looks at X-Forwarded-For only when the peer is one of the trusted proxies.
  return isIP(request.ip ?? '') ? request.ip : (remoteAddress ?? null)
}
