/**
 * Key set and metadata of each access-token issuer (RFC 8414 §3, OpenID Connect Discovery 1.0 §4).
 * Every well-formed issuer gets the same response without a lookup, which prevents enumeration of organizations.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Services } from '../context/services.js'
import { sendCacheableJson } from '../http/cacheable-json.js'
import { algorithms } from '../lib/crypto/jwt.js'
import { parseIssuer } from '../lib/issuer.js'
import { jwksMaxAgeSeconds, getJwks } from '../signing-keys/jwks.js'

const path = '/o/:organizationId/:environment'

const issuerMetadata = (issuer: string): object => ({
  issuer,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  // Required by OpenID Connect. Without an authorization endpoint, only "none" applies.
  response_types_supported: ['none'],
  subject_types_supported: ['public'],
  // Libraries also read access-token algorithms from here, so it lists every algorithm that a rotation may introduce.
  id_token_signing_alg_values_supported: algorithms,
})

export function registerIssuers(server: FastifyInstance, services: Services): void {
  const { url, previousUrl } = services.config
  const previousHost = previousUrl === undefined ? undefined : new URL(previousUrl).host

  const serve = (route: string, createDocument: (issuer: string) => object | Promise<object>): void => {
    server.get(route, async (request: FastifyRequest, reply: FastifyReply) => {
      const { organizationId, environment } = request.params as { organizationId: string; environment: string }
      // Metadata must name the issuer that it was fetched for (RFC 8414 §3.3). `Host` only selects one of two configured origins.
      const base = previousUrl !== undefined && request.raw.headers.host === previousHost ? previousUrl : url
      const issuer = `${base}/o/${organizationId}/${environment}`
      if (!parseIssuer(base, issuer)) return reply.callNotFound()
      return sendCacheableJson(request, reply, await createDocument(issuer), jwksMaxAgeSeconds)
    })
  }

  serve(`${path}/.well-known/jwks.json`, async () => ({ keys: await getJwks(services) }))
  serve(`${path}/.well-known/openid-configuration`, issuerMetadata)
  // RFC 8414 §3.1 inserts the well-known part before the issuer's path.
  serve(`/.well-known/oauth-authorization-server${path}`, issuerMetadata)
  serve(`/.well-known/openid-configuration${path}`, issuerMetadata)
}
