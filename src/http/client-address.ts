/** The client's IP address: the peer, or the address that a trusted proxy forwards. */
import { isIP } from 'node:net'

import type { FastifyRequest } from 'fastify'

/** Null when the connection is already closed. */
export function clientAddress(request: FastifyRequest): string | null {
  const { remoteAddress } = request.raw.socket
  // Fastify reads X-Forwarded-For only from trusted proxies. The value may still not be an IP address.
  return isIP(request.ip ?? '') ? request.ip : (remoteAddress ?? null)
}
