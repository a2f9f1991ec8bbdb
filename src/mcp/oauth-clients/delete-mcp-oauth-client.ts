/** Deletes an OAuth client. Accounts that were connected with it must be connected again, once their access tokens expire. */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import { objectNotFound } from '../../lib/errors.js'

/** @throws DomainError NOT_FOUND or FORBIDDEN */
export async function deleteMcpOAuthClient(ctx: Context, input: { readonly id: string }): Promise<{ deletedClientId: string }> {
  return perform(ctx, 'mcp_oauth_client:delete', async ({ em, permit, addDetails }) => {
    permit({ requestedId: input.id })
    const client = await em.findOne(McpOAuthClient, { id: input.id })
    if (!client) throw objectNotFound('OAuth client', ['input', 'id'])
    permit(client)
    addDetails({ issuer: client.issuer, kind: client.kind })
    em.remove(client)
    return { deletedClientId: client.id }
  })
}
