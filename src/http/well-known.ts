/** What other services read: the public halves of the keys that sign tokens. */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../context.js'
import { publishedKeys } from '../tokens/published-keys.js'

/** Seconds that a verifier may keep the key set; a rotation waits at least as long for the next one. */
export const jwksMaxAge = 300

export function serveWellKnown(server: FastifyInstance, app: Services): void {
  server.get('/.well-known/jwks.json', async (_request, reply) => {
    const keys = await publishedKeys(app)
    return reply
      .header('cache-control', `public, max-age=${jwksMaxAge}`)
      .header('access-control-allow-origin', '*')
      .type('application/json')
      .send({ keys })
  })
}
