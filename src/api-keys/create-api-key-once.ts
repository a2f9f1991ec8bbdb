/** Makes a key, once however often it is asked for under the same idempotency key: the text is in the first answer alone. */
import type { Context } from '../context/context.js'
import type { ApiKey } from '../entities/api-key.js'
import type { Secret } from '../lib/secret.js'
import { createApiKey, type NewApiKey } from './create-api-key.js'
import { findApiKey } from './find-api-key.js'

export async function createApiKeyOnce(ctx: Context, input: NewApiKey): Promise<{ apiKey: ApiKey; secret: Secret | null }> {
  return createApiKey(ctx, input, {
    key: input.idempotencyKey,
    input,
    async again({ em, permit }, id) {
      const apiKey = await findApiKey(em, id)
      permit(apiKey)
      return { apiKey, secret: null }
    },
  })
}
