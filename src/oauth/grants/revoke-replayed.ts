/** Revokes a grant whose code or refresh token was used again: one of its two holders is not the client (RFC 9700 §4.14.2). */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import type { GrantRow } from '../../database/queries/oauth-grants.js'
import { invalidGrant } from './grant-actor.js'
import { revokeGrants } from './revoke-grants.js'

/** @throws OAuthError invalid_grant, always: the caller gets nothing */
export async function revokeReplayed(ctx: Context, grant: GrantRow, credential: 'code' | 'refresh_token'): Promise<never> {
  await perform(ctx, 'oauth_grant:replayed', async ({ em, now, permit, addDetails }) => {
    const { id, projectId, environment } = grant
    const permitted = permit({ id, projectId, environment })
    addDetails({ credential, revokedTokens: await revokeGrants(em, permitted, { id }, now) })
  })
  // By the action: every unknown or expired credential is `invalid_grant` too.
  ctx.services.metrics.countRefusal('oauth_grant:replayed', 'invalid_grant')
  throw invalidGrant(
    credential === 'code'
      ? 'The code was used before. Its grant is now revoked. Start a new authorization.'
      : 'The refresh token was used before. Its grant is now revoked. Start a new authorization.',
  )
}
