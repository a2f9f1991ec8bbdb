/**
 * Documents of each issuer of access tokens: its key set, and its metadata (RFC 8414 §3, OpenID Connect Discovery 1.0 §4).
 * They answer for every well-formed issuer without a look-up, so they do not tell which organizations exist.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Services } from '../context/services.js'
import { sendCacheableJson } from '../http/cacheable-json.js'
import { parseIssuer } from '../lib/issuer.js'
import { algorithms } from '../lib/jwt.js'
import { jwksMaxAge, getJwks } from '../signing-keys/jwks.js'

const path = '/o/:organizationId/:environment'

const issuerMetadata = (issuer: string): object => ({
  issuer,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  // Required by OpenID Connect. Without an authorization endpoint only "none" is true, the type that returns no token.
  response_types_supported: ['none'],
  subject_types_supported: ['public'],
  // Libraries take the algorithms of access tokens from here too, so it lists all that a rotation may bring.
  id_token_signing_alg_values_supported: algorithms,
})

export function registerIssuers(server: FastifyInstance, app: Services): void {
  const { url } = app.config

  const serve = (route: string, documentOf: (issuer: string) => object | Promise<object>): void => {
    server.get(route, async (request: FastifyRequest, reply: FastifyReply) => {
      const { organizationId, environment } = request.params as { organizationId: string; environment: string }
      const issuer = `${url}/o/${organizationId}/${environment}`
      if (!parseIssuer(url, issuer)) return reply.callNotFound()
      return sendCacheableJson(request, reply, await documentOf(issuer), jwksMaxAge)
    })
  }

  serve(`${path}/.well-known/jwks.json`, async () => ({ keys: await getJwks(app) }))
  serve(`${path}/.well-known/openid-configuration`, issuerMetadata)
  // RFC 8414 §3.1: the well-known part comes before the issuer's path.
  serve(`/.well-known/oauth-authorization-server${path}`, issuerMetadata)
  serve(`/.well-known/openid-configuration${path}`, issuerMetadata)
}
