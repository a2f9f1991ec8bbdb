/** Revokes an OAuth grant with its tokens. Immediate, permanent and idempotent. */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { OAuthGrant } from '../../entities/oauth-grant.js'
import { objectNotFound } from '../../lib/errors.js'
import { revokeGrants } from './revoke-grants.js'

/** @throws DomainError NOT_FOUND or FORBIDDEN */
export async function revokeOAuthGrant(
  ctx: Context,
  { id }: { readonly id: string },
): Promise<{ grant: OAuthGrant; revokedTokens: number }> {
  return perform(ctx, 'oauth_grant:revoke', async ({ em, now, permit, addDetails }) => {
    permit({ requestedId: id })
    const grant = await em.findOne(OAuthGrant, { id })
    if (!grant) throw objectNotFound('OAuth grant', ['input', 'id'])
    const permitted = permit(grant)
    const revokedTokens = await revokeGrants(em, permitted, { id: grant.id }, now)
    grant.revokedAt ??= now
    addDetails({ serverId: grant.serverId, revokedTokens })
    return { grant, revokedTokens }
  })
}
