/** Retires a client that Keyhouse registered and the authorization server knows no longer. The next connection registers anew. */
import { systemContext } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import type { Services } from '../../context/services.js'
import { McpOAuthClient } from '../../entities/mcp-oauth-client.js'

/** Leaves stored and published clients alone: their answer says that the operator must act. */
export async function retireClient(services: Services, { id, organizationId, kind, issuer }: McpOAuthClient): Promise<void> {
  services.log.warn({ clientId: id, kind, issuer }, 'an authorization server does not accept the client')
  if (kind !== 'DCR') return
  await perform(systemContext(services, organizationId), 'mcp_oauth_client:retire', async ({ em, now, permit, addDetails }) => {
    permit()
    const client = await em.findOne(McpOAuthClient, { id })
    if (!client) return
    permit(client)
    addDetails({ issuer })
    client.retiredAt ??= now
  })
}
