/** Well-known documents for offline verifiers: public keys (JWKS) and revocation lists. */
import type { FastifyInstance } from 'fastify'

import { RevocationLists } from '../access-tokens/revocation-lists.js'
import type { Services } from '../context/services.js'
import { sendCacheableJson, sendPreparedDocument } from '../http/cacheable-json.js'
import { parseIssuer } from '../lib/issuer.js'
import { getAuditJwks, jwksMaxAgeSeconds, getJwks } from '../signing-keys/jwks.js'

/** Seconds that a cache may keep a revocation list. Verifiers behind a cache see a revocation that much later. */
export const revocationListMaxAgeSeconds = 5

export function registerWellKnown(server: FastifyInstance, services: Services): void {
  server.get('/.well-known/jwks.json', async (request, reply) =>
    sendCacheableJson(request, reply, { keys: await getJwks(services) }, jwksMaxAgeSeconds),
  )
  const lists = new RevocationLists(services)
  server.get('/.well-known/revoked.json', async (request, reply) =>
    sendPreparedDocument(request, reply, await lists.ofDeployment(), revocationListMaxAgeSeconds),
  )
  server.get<{ Params: { organizationId: string; environment: string } }>(
    '/o/:organizationId/:environment/.well-known/revoked.json',
    async (request, reply) => {
      const { organizationId, environment } = request.params
      const issuer = parseIssuer('', `/o/${organizationId}/${environment}`)
      return issuer ? sendPreparedDocument(request, reply, await lists.ofIssuer(issuer), revocationListMaxAgeSeconds) : reply.callNotFound()
    },
  )
  server.get('/.well-known/audit-jwks.json', async (request, reply) =>
    sendCacheableJson(request, reply, { keys: await getAuditJwks(services) }, jwksMaxAgeSeconds),
  )
}
