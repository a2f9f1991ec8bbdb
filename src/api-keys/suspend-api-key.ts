/** Suspends an API key: every process refuses it and its access tokens until it is resumed. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { ApiKey } from '../entities/api-key.js'
import { invalidState } from '../lib/errors.js'
import { Validator } from '../validation/validator.js'
import { findApiKey } from './find-api-key.js'
import { maxReasonLength } from './revoke-api-key.js'

/** Idempotent: a suspended key keeps its `suspendedAt`. @throws DomainError INVALID, NOT_FOUND, FORBIDDEN or INVALID_STATE */
export async function suspendApiKey(ctx: Context, input: { id: string; reason?: string | null | undefined }): Promise<{ apiKey: ApiKey }> {
  return perform(ctx, 'api_key:suspend', async ({ em, now, permit, addDetails }) => {
    const validator = new Validator()
    validator.text('reason', input.reason, maxReasonLength, 0)
    validator.throwIfInvalid()
    permit({ requestedId: input.id })
    const apiKey = await findApiKey(em, input.id)
    permit(apiKey)
    if (apiKey.revokedAt) throw invalidState('The API key is revoked, which is final. Create a new key.')
    if (input.reason) addDetails({ reason: input.reason })
    if (!apiKey.suspendedAt) apiKey.suspend(now)
    return { apiKey }
  })
}
