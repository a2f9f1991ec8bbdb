/** Revokes one access token, and those that were narrowed from it. Immediate, permanent and idempotent. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { AccessToken } from '../entities/access-token.js'
import { objectNotFound } from '../lib/errors.js'
import { revokeWithNarrowed } from './revoke-with-narrowed.js'

/** @throws DomainError NOT_FOUND or FORBIDDEN */
export async function revokeAccessToken(ctx: Context, { id }: { id: string }): Promise<{ accessToken: AccessToken }> {
  return perform(ctx, 'access_token:revoke', async ({ em, now, permit, addDetails }) => {
    permit({ requestedId: id })
    const accessToken = await em.findOne(AccessToken, { id })
    if (!accessToken) throw objectNotFound('access token', ['input', 'id'])
    permit(accessToken)
    addDetails(await revokeWithNarrowed(em, accessToken, now))
    return { accessToken }
  })
}
