/** Rotates an API key: same id, new secret. The old secret stays valid for `overlapSeconds`. */
import { assertKeyWithinActor } from '../access/grants.js'
import { findRootKeyIds } from '../access/key-families.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { ApiKey } from '../entities/api-key.js'
import { credentialStatus } from '../entities/credential-status.js'
import { generateApiKey, maskApiKey } from '../lib/api-key-format.js'
import { sha256 } from '../lib/crypto/digest.js'
import { invalidState } from '../lib/errors.js'
import { Secret } from '../lib/secret.js'
import { Validator } from '../validation/validator.js'
import { assertCanManageKeys, assertExpiryWithinActor } from './api-key-rules.js'
import { findApiKey } from './find-api-key.js'

/** Seven days. */
export const maxOverlapSeconds = 604_800

export interface RotateApiKeyArgs {
  readonly id: string
  readonly overlapSeconds?: number | null | undefined
  readonly endOverlapAtFirstUse?: boolean | null | undefined
}

export async function rotateApiKey(ctx: Context, input: RotateApiKeyArgs): Promise<{ apiKey: ApiKey; secret: Secret }> {
  return perform(ctx, 'api_key:rotate', async ({ em, actor, now, permit }) => {
    const validator = new Validator()
    validator.notNull('overlapSeconds', input.overlapSeconds)
    validator.notNull('endOverlapAtFirstUse', input.endOverlapAtFirstUse)
    validator.integer('overlapSeconds', input.overlapSeconds, 0, maxOverlapSeconds)
    validator.throwIfInvalid()
    permit({ requestedId: input.id })
    assertCanManageKeys(actor, input.id)
    const apiKey = await findApiKey(em, input.id)
    permit(apiKey)
    assertKeyWithinActor(actor, apiKey)
    assertExpiryWithinActor(actor, apiKey.expiresAt, ['input', 'id'])
    // A suspended key may be rotated: after a leak it is resumed with a new secret only.
    const { revokedAt, expiresAt } = apiKey
    const status = credentialStatus({ revokedAt, expiresAt }, now)
    if (status !== 'ACTIVE') throw invalidState(`The API key is not active: it is ${status.toLowerCase()}.`)
    // The rotating key receives the new secret, so both keys become one family (docs/decisions/0163).
    if (actor.apiKey && actor.apiKey.id !== apiKey.id) apiKey.rootKeyIds = [...(await findRootKeyIds(em, [apiKey.id, actor.apiKey.id]))]
    const secret = generateApiKey(ctx.services.config.keyPrefix, apiKey.environment)
    apiKey.rotate(
      { digest: sha256(secret), preview: maskApiKey(secret) },
      input.overlapSeconds ?? 0,
      input.endOverlapAtFirstUse ?? false,
      now,
    )
    return { apiKey, secret: new Secret(secret) }
  })
}
