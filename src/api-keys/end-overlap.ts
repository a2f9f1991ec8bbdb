/** Ends the overlap of a rotation, because the new text was used: a conditional update, so it happens once. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { ApiKey } from '../entities/api-key.js'
import type { Environment } from '../entities/enums.js'

/** Another use came first, or the deadline: rolls back what is no change, so that it leaves no event. */
class NoOverlapError extends Error {
  override readonly name = 'NoOverlapError'
}

export interface UsedKey {
  readonly id: string
  readonly projectId: string
  readonly environment: Environment
}

export async function endOverlap(ctx: Context, { id, projectId, environment }: UsedKey): Promise<void> {
  try {
    await perform(ctx, 'api_key:end_overlap', async ({ em, now, permit }) => {
      permit({ id, projectId, environment })
      const apiKey = await em.findOne(ApiKey, { id, endOverlapAtFirstUse: true, previousSecretExpiresAt: { $gt: now } })
      if (!apiKey) throw new NoOverlapError()
      apiKey.previousSecretExpiresAt = now
      apiKey.endOverlapAtFirstUse = false
      apiKey.bumpVersion(now)
    })
  } catch (error) {
    if (!(error instanceof NoOverlapError)) throw error
  }
}
