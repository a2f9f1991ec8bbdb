/** What other services read: the public halves of the keys that sign tokens, and what is no longer to be believed. */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../context.js'
import { everySigningKey, jwksMaxAge, publishedKeys } from '../tokens/published-keys.js'
import { revocations } from '../tokens/revocations.js'
import { publish } from './published.js'

/** Seconds that a cache may keep the revocation list: so much later than their next poll do those behind one learn of it. */
export const revokedMaxAge = 5

export function serveWellKnown(server: FastifyInstance, app: Services): void {
  server.get('/.well-known/jwks.json', async (request, reply) => publish(request, reply, { keys: await publishedKeys(app) }, jwksMaxAge))
  server.get('/.well-known/revoked.json', async (request, reply) => publish(request, reply, await revocations(app), revokedMaxAge))
  server.get('/.well-known/audit-jwks.json', async (request, reply) =>
    publish(request, reply, { keys: await everySigningKey(app) }, jwksMaxAge),
  )
}
