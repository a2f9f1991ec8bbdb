/** Token introspection endpoint of each issuer (RFC 7662), for services with an API key. */
import type { FastifyInstance } from 'fastify'

import { introspectToken } from '../../access-tokens/introspect-token.js'
import type { Context } from '../../context/context.js'
import type { Services } from '../../context/services.js'
import { Secret } from '../../lib/secret.js'
import { requireParameter } from '../form.js'
import { registerIssuerForm } from '../issuer-route.js'
import { authenticateKey } from './authenticate-client.js'

/** The token as signed, but with the permissions that its API key still holds. */
async function introspect(ctx: Context, token: Secret): Promise<object> {
  const { active, claims, permissions = [] } = await introspectToken(ctx, { token })
  if (!active) return { active }
  const { scope: _signed, ...signed } = claims ?? {}
  return { active, token_type: 'Bearer', ...signed, permissions, ...(permissions.length > 0 ? { scope: permissions.join(' ') } : {}) }
}

export function registerIntrospectionEndpoint(scope: FastifyInstance, services: Services): void {
  registerIssuerForm(scope, services.config, 'introspect', async (request, reply, { form, issuer }) => {
    const ctx = await authenticateKey(services, request, reply, { form, issuer })
    let isDenied = true
    try {
      const response = await introspect(ctx, new Secret(requireParameter(form, 'token')))
      isDenied = false
      return response
    } finally {
      ctx.recordUsage('introspectToken', isDenied)
    }
  })
}
