/** What other services read: the public halves of the keys that sign tokens, and what is no longer to be believed. */
import type { FastifyInstance } from 'fastify'

import { RevocationLists } from '../access-tokens/revocation-lists.js'
import type { Services } from '../context/services.js'
import { sendCacheableJson, publishPrepared } from '../http/cacheable-json.js'
import { parseIssuer } from '../lib/issuer.js'
import { getAuditJwks, jwksMaxAge, getJwks } from '../signing-keys/jwks.js'

/** Seconds that a cache may keep the revocation list: so much later than their next poll do those behind one learn of it. */
export const revokedMaxAge = 5

export function registerWellKnown(server: FastifyInstance, app: Services): void {
  server.get('/.well-known/jwks.json', async (request, reply) =>
    sendCacheableJson(request, reply, { keys: await getJwks(app) }, jwksMaxAge),
  )
  const lists = new RevocationLists(app)
  server.get('/.well-known/revoked.json', async (request, reply) =>
    publishPrepared(request, reply, await lists.ofDeployment(), revokedMaxAge),
  )
  server.get<{ Params: { organizationId: string; environment: string } }>(
    '/o/:organizationId/:environment/.well-known/revoked.json',
    async (request, reply) => {
      const { organizationId, environment } = request.params
      const issuer = parseIssuer('', `/o/${organizationId}/${environment}`)
      return issuer ? publishPrepared(request, reply, await lists.ofIssuer(issuer), revokedMaxAge) : reply.callNotFound()
    },
  )
  server.get('/.well-known/audit-jwks.json', async (request, reply) =>
    sendCacheableJson(request, reply, { keys: await getAuditJwks(app) }, jwksMaxAge),
  )
}
