/** Deletes an MCP server; revokes its credentials and OAuth grants, of every end user, in the same transaction. */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { revokeGrants } from '../../oauth/grants/revoke-grants.js'
import { expireApprovals } from '../approvals/expire-approvals.js'
import { findUpstreamGrants, revokeUpstreamGrants, type UpstreamGrant } from '../connections/revoke-upstream.js'
import { revokeCredentials } from '../credentials/revoke-credentials.js'
import { findMcpServer } from '../find-mcp-server.js'
import { assertCanModify } from './server-rules.js'

/** @throws DomainError NOT_FOUND or FORBIDDEN */
export async function deleteMcpServer(
  ctx: Context,
  input: { readonly id: string },
): Promise<{ deletedServerId: string; revokedCredentialCount: number }> {
  let grants: UpstreamGrant[] = []
  const deleted = await perform(ctx, 'mcp_server:delete', async ({ em, actor, now, permit, addDetails }) => {
    permit({ requestedId: input.id })
    const server = await findMcpServer(em, input.id)
    const permitted = permit(server)
    assertCanModify(actor, server)
    grants = await findUpstreamGrants(em, permitted, ctx.services, { serverId: server.id })
    const revokedCredentialCount = await revokeCredentials(em, permitted, { serverId: server.id }, now)
    await expireApprovals(em, permitted, server.id)
    await revokeGrants(em, permitted, { serverId: server.id }, now)
    addDetails({ revokedCredentialCount })
    em.remove(server)
    return { deletedServerId: server.id, revokedCredentialCount }
  })
  revokeUpstreamGrants(ctx.services, grants)
  return deleted
}
