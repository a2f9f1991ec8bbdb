/** Revokes an OAuth grant with its tokens: by its end user in a browser, or by the client with its refresh token (RFC 7009 §2.1). */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import type { GrantRow } from '../../database/queries/oauth-grants.js'
import { revokeGrants } from './revoke-grants.js'

type OwnGrant = Pick<GrantRow, 'id' | 'projectId' | 'environment' | 'serverId'>

/** @param ctx of the end user, or of the client within the grant */
export async function revokeOwnGrant(ctx: Context, { id, projectId, environment, serverId }: OwnGrant): Promise<void> {
  await perform(ctx, 'oauth_grant:revoke_own', async ({ em, now, permit, addDetails }) => {
    const permitted = permit({ id, projectId, environment })
    addDetails({ serverId, revokedTokens: await revokeGrants(em, permitted, { id }, now) })
  })
}
