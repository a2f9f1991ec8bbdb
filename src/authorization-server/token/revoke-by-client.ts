/** Revokes what a public client presents: an access token, or a refresh token with its grant (RFC 7009 §2.1). */
import { revokeOwnAccessToken } from '../../access-tokens/revoke-own-access-token.js'
import { readAccessToken } from '../../database/queries/credentials.js'
import { readGrantById, readRefreshToken, type GrantRow } from '../../database/queries/oauth-grants.js'
import { signatureGate } from '../../http/create-context.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { isId } from '../../lib/id.js'
import { Secret } from '../../lib/secret.js'
import { revokeOwnGrant } from '../../oauth/grants/revoke-own-grant.js'
import { OAuthError } from '../../oauth/oauth-error.js'
import { grantContext, requireGrant, type PresentedGrant } from './grant-request.js'

/** Grant of an access token with a valid signature. */
async function findGrant({ services, request }: PresentedGrant, token: string): Promise<{ readonly grant: GrantRow } | undefined> {
  const id = (await services.keyring.verify(token, 'at+jwt', signatureGate(services, request)))?.['jti']
  const grantId = isId(id, 'at') ? (await readAccessToken(services.queryRunner, id))?.grantId : undefined
  const grant = grantId == null ? undefined : await readGrantById(services.queryRunner, grantId)
  return grant && { grant }
}

/** Does nothing for a token that is unknown or of another client, or whose grant has ended. @throws RequestError RATE_LIMITED */
export async function revokeByClient(presented: PresentedGrant, token: string): Promise<void> {
  const refreshToken = await readRefreshToken(presented.services.queryRunner, sha256(token))
  try {
    const { grant } = requireGrant(presented, refreshToken ?? (await findGrant(presented, token)), 'token')
    const ctx = await grantContext(presented, grant)
    await (refreshToken ? revokeOwnGrant(ctx, grant) : revokeOwnAccessToken(ctx, new Secret(token)))
  } catch (error) {
    if (!(error instanceof OAuthError && error.code === 'invalid_grant')) throw error
  }
}
