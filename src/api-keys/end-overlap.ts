/** Ends the overlap of a rotation, because the new text was used: a conditional update, so it happens once. */
import type { Context } from '../context.js'
import { ApiKey } from '../entities/api-key.js'
import { perform } from '../perform.js'

export async function endOverlap(ctx: Context, keyId: string): Promise<void> {
  await perform(ctx, 'api_key:end_overlap', async ({ em, now, permit, note }) => {
    permit({ id: keyId })
    const apiKey = await em.findOne(ApiKey, { id: keyId, endOverlapAtFirstUse: true, previousSecretExpiresAt: { $gt: now } })
    note({ ended: apiKey !== null })
    if (!apiKey) return
    apiKey.previousSecretExpiresAt = now
    apiKey.endOverlapAtFirstUse = false
    apiKey.touch(now)
  })
}
