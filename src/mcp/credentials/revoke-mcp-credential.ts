/** Revokes a credential: erases its value and keeps the record. Immediate, permanent and idempotent. */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import type { McpCredential } from '../../entities/mcp-credential.js'
import { findUpstreamGrants, revokeUpstreamGrants, type UpstreamGrant } from '../connections/revoke-upstream.js'
import { findMcpCredential } from './find-mcp-credential.js'

type RevokeAction = 'mcp_credential:revoke' | 'mcp_credential:revoke_own'

export async function revokeMcpCredential(
  ctx: Context,
  input: { readonly id: string },
  action: RevokeAction = 'mcp_credential:revoke',
): Promise<{ credential: McpCredential }> {
  let grants: UpstreamGrant[] = []
  const revoked = await perform(ctx, action, async ({ em, now, permit, addDetails }) => {
    permit({ requestedId: input.id })
    const credential = await findMcpCredential(em, input.id)
    const permitted = permit(credential)
    grants = await findUpstreamGrants(em, permitted, ctx.services, { id: credential.id })
    addDetails({ serverId: credential.serverId })
    if (!credential.revokedAt) credential.revoke(now)
    return { credential }
  })
  revokeUpstreamGrants(ctx.services, grants)
  return revoked
}
