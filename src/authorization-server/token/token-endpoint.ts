/** Token endpoint of each issuer (RFC 6749 §3.2). */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../../context/services.js'
import { OAuthError } from '../../oauth/oauth-error.js'
import { requireParameter } from '../form.js'
import { registerIssuerForm } from '../issuer-route.js'
import { authenticateClient } from './authenticate-client.js'
import { grantHandlers } from './grant-handlers.js'

export function registerTokenEndpoint(scope: FastifyInstance, services: Services): void {
  registerIssuerForm(scope, services.config, 'token', async (request, reply, { form, issuer }) => {
    const grantType = requireParameter(form, 'grant_type')
    const handle = Object.hasOwn(grantHandlers, grantType) ? grantHandlers[grantType] : undefined
    if (!handle)
      throw new OAuthError(
        'unsupported_grant_type',
        `The grant_type is not supported. Use one of ${Object.keys(grantHandlers).join(', ')}.`,
      )
    const client = await authenticateClient(services, request, reply, { form, issuer })
    return handle({ services, request, reply, issuer, form, client })
  })
}
