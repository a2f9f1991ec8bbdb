/** Token revocation endpoint of each issuer (RFC 7009). */
import type { FastifyInstance } from 'fastify'

import { revokeOwnAccessToken } from '../../access-tokens/revoke-own-access-token.js'
import type { Context } from '../../context/context.js'
import type { Services } from '../../context/services.js'
import { Secret } from '../../lib/secret.js'
import { requireParameter } from '../form.js'
import { registerIssuerForm } from '../issuer-route.js'
import { authenticateClient } from './authenticate-client.js'
import { revokeByClient } from './revoke-by-client.js'

async function revokeByKey(ctx: Context, token: Secret): Promise<void> {
  let isDenied = true
  try {
    await revokeOwnAccessToken(ctx, token)
    isDenied = false
  } finally {
    // Not that of the mutation, which needs a permission.
    ctx.recordUsage('oauth:revoke', isDenied)
  }
}

export function registerRevocationEndpoint(scope: FastifyInstance, services: Services): void {
  registerIssuerForm(scope, services.config, 'revoke', async (request, reply, { form, issuer }) => {
    const client = await authenticateClient(services, request, reply, { form, issuer })
    const token = requireParameter(form, 'token')
    if (client.kind === 'API_KEY') await revokeByKey(client.ctx, new Secret(token))
    else await revokeByClient({ services, request, issuer, client }, token)
    // An unknown token is revoked already (RFC 7009 §2.2).
    return {}
  })
}
