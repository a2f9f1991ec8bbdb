/** Revokes one access token. Immediate, permanent and idempotent. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { AccessToken } from '../entities/access-token.js'
import { objectNotFound } from '../lib/errors.js'

/** @throws DomainError NOT_FOUND or FORBIDDEN */
export async function revokeAccessToken(ctx: Context, { id }: { id: string }): Promise<{ accessToken: AccessToken }> {
  return perform(ctx, 'access_token:revoke', async ({ em, now, permit }) => {
    permit({ requestedId: id })
    const accessToken = await em.findOne(AccessToken, { id })
    if (!accessToken) throw objectNotFound('access token', ['input', 'id'])
    permit(accessToken)
    accessToken.revokedAt ??= now
    return { accessToken }
  })
}
