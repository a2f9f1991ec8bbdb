/** Redeems an authorization code for tokens, once (RFC 6749 §4.1.3). */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { readCode, type CodeRow, type Presented } from '../../database/queries/oauth-grants.js'
import { OAuthCode } from '../../entities/oauth-code.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { DomainError, invalidState } from '../../lib/errors.js'
import { issueGrantTokens, type GrantTokens } from './issue-grant-tokens.js'
import { revokeReplayed } from './revoke-replayed.js'

/**
 * The caller has checked that the client, redirect URI and code verifier are those of the code. A second use by the same client
 * revokes the grant with its tokens.
 * @throws OAuthError invalid_grant, or DomainError INVALID_STATE
 */
export async function redeemCode(ctx: Context, text: string, { grant, ...code }: Presented<CodeRow>): Promise<GrantTokens> {
  if (code.usedAt) return revokeReplayed(ctx, grant, 'code')
  try {
    return await perform(ctx, 'oauth_grant:redeem', async (scope) => {
      const { em, now, permit } = scope
      permit({ id: grant.id, projectId: grant.projectId, environment: grant.environment })
      // Conditional update: of concurrent requests, one gets a count of 1.
      const used = await em.nativeUpdate(OAuthCode, { id: code.id, usedAt: null, expiresAt: { $gt: now } }, { usedAt: now })
      if (used !== 1) throw invalidState('The code is used or expired. Start a new authorization.')
      return issueGrantTokens(ctx.services, scope, grant, null)
    })
  } catch (error) {
    const isRefused = error instanceof DomainError && error.code === 'INVALID_STATE'
    // A concurrent request may have used it since the caller read it.
    if (isRefused && (await readCode(ctx.services.queryRunner, sha256(text)))?.usedAt) return revokeReplayed(ctx, grant, 'code')
    throw error
  }
}
