/** Exchanges a refresh token for its successor and a new access token (RFC 6749 §6, RFC 9700 §4.14). */
import type { EntityManager } from '@mikro-orm/core'

import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import type { Presented, RefreshTokenRow } from '../../database/queries/oauth-grants.js'
import { OAuthRefreshToken, successorAad } from '../../entities/oauth-refresh-token.js'
import { addSeconds } from '../../lib/clock.js'
import { open, seal, type MasterKeys } from '../../lib/crypto/seal.js'
import { invalidState } from '../../lib/errors.js'
import { issueGrantTokens, type GrantTokens } from './issue-grant-tokens.js'
import { revokeReplayed } from './revoke-replayed.js'

/** How long a used refresh token gives the same response again: a client may have lost it, or have refreshed twice at once. */
export const replayWindowSeconds = 30

/** Response of the first use. @throws DomainError INVALID_STATE for an expired token, or if the window has just closed */
async function firstResponse(em: EntityManager, masterKeys: MasterKeys, id: string, now: Date): Promise<GrantTokens> {
  const token = await em.findOneOrFail(OAuthRefreshToken, { id })
  if (token.sealedSuccessor === null || !token.replayUntil || token.replayUntil <= now)
    throw invalidState('The refresh token is used or expired. Start a new authorization.')
  return JSON.parse(open(masterKeys, successorAad(token), token.sealedSuccessor)) as GrantTokens
}

/**
 * @param requested permissions of the access token; null: all of the grant
 * @throws OAuthError invalid_grant after a use outside of the window, which revokes the grant; DomainError
 */
export async function refreshGrant(
  ctx: Context,
  { grant, ...token }: Presented<RefreshTokenRow>,
  requested: readonly string[] | null,
): Promise<GrantTokens> {
  const { masterKeys } = ctx.services
  if (token.usedAt && !(token.replayUntil && token.replayUntil > ctx.now())) return revokeReplayed(ctx, grant, 'refresh_token')
  return perform(ctx, 'oauth_grant:refresh', async (scope) => {
    const { em, now, permit, addDetails } = scope
    permit({ id: grant.id, projectId: grant.projectId, environment: grant.environment })
    const first = { usedAt: now, replayUntil: addSeconds(now, replayWindowSeconds) }
    // Conditional update: of concurrent requests, one gets a count of 1, and the others its response.
    const used = await em.nativeUpdate(OAuthRefreshToken, { id: token.id, usedAt: null, expiresAt: { $gt: now } }, first)
    if (used !== 1) {
      addDetails({ repeated: true })
      return firstResponse(em, masterKeys, token.id, now)
    }
    const tokens = await issueGrantTokens(ctx.services, scope, grant, requested)
    const aad = successorAad({ organizationId: grant.organizationId, grantId: grant.id, id: token.id })
    await em.nativeUpdate(OAuthRefreshToken, { id: token.id }, { sealedSuccessor: seal(masterKeys, aad, JSON.stringify(tokens)) })
    return tokens
  })
}
