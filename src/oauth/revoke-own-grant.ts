/** Revokes the OAuth grant of a client, with its tokens, when the client presents its refresh token (RFC 7009 §2.1). */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { GrantRow } from '../database/queries/oauth-grants.js'
import { revokeGrants } from './revoke-grants.js'

/** @param ctx the client's, within the grant */
export async function revokeOwnGrant(ctx: Context, { id, projectId, environment, serverId }: GrantRow): Promise<void> {
  await perform(ctx, 'oauth_grant:revoke_own', async ({ em, now, permit, addDetails }) => {
    const permitted = permit({ id, projectId, environment })
    addDetails({ serverId, revokedTokens: await revokeGrants(em, permitted, { id }, now) })
  })
}
