/** Grant type `authorization_code` (RFC 6749 §4.1.3) with PKCE (RFC 7636 §4.5). */
import { hash } from 'node:crypto'

import { readCode } from '../../database/queries/oauth-grants.js'
import { enforceRateLimit } from '../../http/rate-limits.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { invalidGrant } from '../../oauth/grants/grant-actor.js'
import { redeemCode } from '../../oauth/grants/redeem-code.js'
import { OAuthError } from '../../oauth/oauth-error.js'
import { requireParameter, type Form } from '../form.js'
import { assertKnownClient, assertSameResource, grantContext, requireGrant } from './grant-request.js'
import type { GrantHandler } from './token-request.js'

/** @throws OAuthError */
function requireVerifier(form: Form): string {
  const verifier = requireParameter(form, 'code_verifier')
  if (!/^[\w.~-]{43,128}$/.test(verifier))
    throw new OAuthError('invalid_request', 'code_verifier must have 43 to 128 letters, digits, hyphens, periods, underscores or tildes.')
  return verifier
}

/** The code is spent only by who began the authorization, so that a stranger with a leaked code cannot end it. */
export const redeemAuthorizationCode: GrantHandler = async (presented) => {
  const { services, reply, form } = presented
  assertKnownClient(presented)
  const text = requireParameter(form, 'code')
  const redirectUri = requireParameter(form, 'redirect_uri')
  const verifier = requireVerifier(form)
  const code = requireGrant(presented, await readCode(services.queryRunner, sha256(text)), 'code')
  if (redirectUri !== code.redirectUri)
    throw invalidGrant('redirect_uri is not that of the authorization request. Start a new authorization.')
  if (hash('sha256', verifier, 'base64url') !== code.codeChallenge)
    throw invalidGrant('code_verifier does not match the code_challenge of the authorization request. Start a new authorization.')
  assertSameResource(services, form, code.grant)
  const ctx = await grantContext(presented, code.grant)
  await enforceRateLimit(ctx, reply)
  return redeemCode(ctx, text, code)
}
