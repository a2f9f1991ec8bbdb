/** Revokes an access token that is presented by the API key that it was issued under (RFC 7009). Permanent and idempotent. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { AccessToken } from '../entities/access-token.js'
import { forbidden, objectNotFound } from '../lib/errors.js'
import { isId } from '../lib/id.js'
import type { Secret } from '../lib/secret.js'
import { revokeWithNarrowed } from './revoke-with-narrowed.js'

/** Does nothing for a token that is unknown, malformed or not visible to the caller. @throws DomainError FORBIDDEN */
export async function revokeOwnAccessToken(ctx: Context, token: Secret): Promise<void> {
  const id = (await ctx.services.keyring.verify(token.reveal(), 'at+jwt'))?.['jti']
  if (!isId(id, 'at') || !(await ctx.load(AccessToken, id))) return
  await perform(ctx, 'access_token:revoke_own', async ({ em, actor, now, permit, addDetails }) => {
    permit({ requestedId: id })
    const accessToken = await em.findOne(AccessToken, { id })
    if (!accessToken) throw objectNotFound('access token')
    permit(accessToken)
    if (accessToken.apiKeyId !== actor.apiKey?.id)
      throw forbidden(
        'The access token was issued under another API key. Authenticate with that key, or call revokeAccessToken, which needs the permission "access_token:revoke".',
      )
    addDetails(await revokeWithNarrowed(em, accessToken, now))
  })
}
