/** Resumes a suspended API key. It and its access tokens work again unless revoked or expired. */
import { assertKeyWithinActor } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { ApiKey } from '../entities/api-key.js'
import { invalidState } from '../lib/errors.js'
import { assertCanManageKeys, assertExpiryWithinActor } from './api-key-rules.js'
import { findApiKey } from './find-api-key.js'

/**
 * Idempotent. Resuming gives access back, so it needs what granting that access would need.
 * @throws DomainError NOT_FOUND, FORBIDDEN, PERMISSION_NOT_HELD, INVALID or INVALID_STATE
 */
export async function resumeApiKey(ctx: Context, { id }: { id: string }): Promise<{ apiKey: ApiKey }> {
  return perform(ctx, 'api_key:resume', async ({ em, actor, now, permit }) => {
    permit({ requestedId: id })
    assertCanManageKeys(actor, id)
    const apiKey = await findApiKey(em, id)
    permit(apiKey)
    assertKeyWithinActor(actor, apiKey)
    assertExpiryWithinActor(actor, apiKey.expiresAt, ['input', 'id'])
    if (apiKey.revokedAt) throw invalidState('The API key is revoked, which is final. Create a new key.')
    if (apiKey.suspendedAt) apiKey.resume(now)
    return { apiKey }
  })
}
