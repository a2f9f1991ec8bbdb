/**
 * Key set and metadata of each issuer (RFC 8414 §3, OpenID Connect Discovery 1.0 §4).
 * Every well-formed issuer gets the same response without a lookup, which prevents enumeration of organizations.
 */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../context/services.js'
import { sendCacheableJson } from '../http/cacheable-json.js'
import { algorithms } from '../lib/crypto/jwt.js'
import { jwksMaxAgeSeconds, getJwks } from '../signing-keys/jwks.js'
import { findIssuer, issuerPath } from './issuer-route.js'
import { grantHandlers } from './token/grant-handlers.js'

/** An API key authenticates by its id and secret; a client without a secret is public. */
const secretMethods = ['client_secret_basic', 'client_secret_post']

const issuerMetadata = (issuer: string): object => ({
  issuer,
  authorization_endpoint: `${issuer}/oauth/authorize`,
  token_endpoint: `${issuer}/oauth/token`,
  registration_endpoint: `${issuer}/oauth/register`,
  revocation_endpoint: `${issuer}/oauth/revoke`,
  introspection_endpoint: `${issuer}/oauth/introspect`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: Object.keys(grantHandlers),
  code_challenge_methods_supported: ['S256'],
  // Without "none", clients with a Client ID Metadata Document register themselves instead.
  token_endpoint_auth_methods_supported: ['none', ...secretMethods],
  revocation_endpoint_auth_methods_supported: ['none', ...secretMethods],
  introspection_endpoint_auth_methods_supported: secretMethods,
  authorization_response_iss_parameter_supported: true,
  client_id_metadata_document_supported: true,
  // Required by OpenID Connect. No ID token is issued.
  subject_types_supported: ['public'],
  // Libraries also read access-token algorithms from here, so it lists every algorithm that a rotation may introduce.
  id_token_signing_alg_values_supported: algorithms,
})

export function registerIssuers(server: FastifyInstance, services: Services): void {
  const serve = (route: string, createDocument: (issuer: string) => object | Promise<object>): void => {
    server.get(route, async (request, reply) => {
      const issuer = findIssuer(services.config, request)
      if (!issuer) return reply.callNotFound()
      return sendCacheableJson(request, reply, await createDocument(issuer.url), jwksMaxAgeSeconds)
    })
  }

  serve(`${issuerPath}/.well-known/jwks.json`, async () => ({ keys: await getJwks(services) }))
  serve(`${issuerPath}/.well-known/openid-configuration`, issuerMetadata)
  // RFC 8414 §3.1 inserts the well-known part before the issuer's path.
  serve(`/.well-known/oauth-authorization-server${issuerPath}`, issuerMetadata)
  serve(`/.well-known/openid-configuration${issuerPath}`, issuerMetadata)
}
