/** Revokes an API key and every access token exchanged from it. Immediate, permanent and idempotent. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { ApiKey } from '../entities/api-key.js'
import { Validator } from '../validation/validator.js'
import { findApiKey } from './find-api-key.js'

export const maxReasonLength = 500

export async function revokeApiKey(ctx: Context, input: { id: string; reason?: string | null | undefined }): Promise<{ apiKey: ApiKey }> {
  return perform(ctx, 'api_key:revoke', async ({ em, actor, now, permit, addDetails }) => {
    const validator = new Validator()
    validator.text('reason', input.reason, maxReasonLength, 0)
    validator.throwIfInvalid()
    permit({ requestedId: input.id })
    const apiKey = await findApiKey(em, input.id)
    permit(apiKey)
    if (input.reason) addDetails({ reason: input.reason })
    if (!apiKey.revokedAt) apiKey.revoke(actor.id, now)
    return { apiKey }
  })
}
