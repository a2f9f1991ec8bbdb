/** Grant type `refresh_token` (RFC 6749 §6). */
import { readRefreshToken } from '../../database/queries/oauth-grants.js'
import { enforceRateLimit } from '../../http/rate-limits.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { parseScope } from '../../oauth/grants/offered-permissions.js'
import { refreshGrant } from '../../oauth/grants/refresh-grant.js'
import { OAuthError } from '../../oauth/oauth-error.js'
import { requireParameter, type Form } from '../form.js'
import { assertKnownClient, assertSameResource, grantContext, requireGrant } from './grant-request.js'
import type { GrantHandler } from './token-request.js'

/** Null: all of the grant. @throws OAuthError for a scope that names no permission */
function requestedPermissions(form: Form): readonly string[] | null {
  const requested = parseScope(form.get('scope'))
  if (requested?.length === 0) throw new OAuthError('invalid_scope', 'scope names no permission of the grant. Omit it.')
  return requested
}

export const refreshByToken: GrantHandler = async (presented) => {
  const { services, reply, form } = presented
  assertKnownClient(presented)
  const text = requireParameter(form, 'refresh_token')
  const requested = requestedPermissions(form)
  const token = requireGrant(presented, await readRefreshToken(services.queryRunner, sha256(text)), 'refresh token')
  assertSameResource(services, form, token.grant)
  const ctx = await grantContext(presented, token.grant)
  await enforceRateLimit(ctx, reply)
  return refreshGrant(ctx, token, requested)
}
