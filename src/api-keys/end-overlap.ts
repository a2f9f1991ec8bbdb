/** Ends a rotation's overlap at the first use of the new secret. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { ApiKey } from '../entities/api-key.js'
import type { Environment } from '../entities/enums.js'

/** A concurrent request or the deadline has ended the overlap. Thrown to roll back, so that no audit event is written. */
class NoOverlapError extends Error {
  override readonly name = 'NoOverlapError'
}

export interface EndOverlapArgs {
  readonly id: string
  readonly projectId: string
  readonly environment: Environment
}

/** Does nothing when the overlap has ended already. */
export async function endOverlap(ctx: Context, { id, projectId, environment }: EndOverlapArgs): Promise<void> {
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
