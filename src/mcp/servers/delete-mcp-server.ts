/** Removes a server, and wipes its credentials, every end user's, in the same transaction. */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { closeApprovals } from '../approvals/expire-approvals.js'
import { wipeCredentials } from '../credentials/revoke-credentials.js'
import { findMcpServer } from '../find-mcp-server.js'
import { mayChange } from './server-rules.js'

export async function deleteMcpServer(
  ctx: Context,
  input: { readonly id: string },
): Promise<{ deletedServerId: string; revokedCredentialCount: number }> {
  return perform(ctx, 'mcp_server:delete', async ({ em, actor, now, permit, note }) => {
    permit({ named: input.id })
    const server = await findMcpServer(em, input.id)
    const permitted = permit(server)
    mayChange(actor, server)
    const revokedCredentialCount = await wipeCredentials(em, permitted, { serverId: server.id }, now)
    await closeApprovals(em, permitted, server.id)
    note({ revokedCredentialCount })
    em.remove(server)
    return { deletedServerId: server.id, revokedCredentialCount }
  })
}
