/** Token endpoint of each issuer (RFC 6749 §3.2). */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../context/services.js'
import { OAuthError } from '../oauth/oauth-error.js'
import { authenticateClient } from './authenticate-client.js'
import { requireParameter, type Form } from './form.js'
import { grantHandlers } from './grant-handlers.js'
import { findIssuer, issuerPath } from './issuer-route.js'

/** @param scope has the form parser and the error handler of OAuth */
export function registerTokenEndpoint(scope: FastifyInstance, services: Services): void {
  scope.post(`${issuerPath}/oauth/token`, { config: { cors: { origin: '*' } } }, async (request, reply) => {
    const issuer = findIssuer(services.config, request)
    if (!issuer) return reply.callNotFound()
    const form = (request.body ?? new Map()) as Form
    const grantType = requireParameter(form, 'grant_type')
    const handle = Object.hasOwn(grantHandlers, grantType) ? grantHandlers[grantType] : undefined
    if (!handle)
      throw new OAuthError(
        'unsupported_grant_type',
        `The grant_type is not supported. Use one of ${Object.keys(grantHandlers).join(', ')}.`,
      )
    const client = await authenticateClient(services, request, reply, { form, issuer })
    const response = await handle({ services, request, reply, issuer, form, client })
    // RFC 6749 §5.1 requires both headers for HTTP/1.0 caches too.
    return reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send(response)
  })
}
