/** Updates an API key's label, permissions and limits. An omitted field is unchanged; null clears a nullable one. */
import { assertCanGrant, assertKeyWithinActor } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { ApiKey } from '../entities/api-key.js'
import { forbidden, invalidState } from '../lib/errors.js'
import { Validator } from '../validation/validator.js'
import { validateGrants, assertCanManageKeys, assertNoLastingGain, type ApiKeyGrants } from './api-key-rules.js'
import { findApiKey } from './find-api-key.js'
import { toAllowedIps, toEndUserScope } from './key-scope-input.js'

export async function updateApiKey(ctx: Context, input: ApiKeyGrants & { readonly id: string }): Promise<{ apiKey: ApiKey }> {
  return perform(ctx, 'api_key:update', async ({ em, actor, now, permit }) => {
    const validator = new Validator()
    validateGrants(validator, input)
    validator.throwIfInvalid()
    permit({ requestedId: input.id })
    assertCanManageKeys(actor, input.id)
    const apiKey = await findApiKey(em, input.id)
    permit(apiKey)
    if (actor.apiKey?.id === apiKey.id) throw forbidden('An API key cannot update itself. Use another credential.')
    assertKeyWithinActor(actor, apiKey)
    if (input.permissions) assertCanGrant(actor, input.permissions)
    assertNoLastingGain(actor, apiKey, input)
    if (apiKey.revokedAt) throw invalidState('The API key is revoked and cannot be updated. Create a new key.')
    if (input.label !== undefined) apiKey.label = input.label
    if (input.permissions) apiKey.permissions = [...input.permissions]
    if (input.rateLimits) apiKey.rateLimits = [...input.rateLimits]
    if (input.allowedAudiences !== undefined) apiKey.allowedAudiences = input.allowedAudiences && [...input.allowedAudiences]
    if (input.endUsers) apiKey.endUserScope = toEndUserScope(input.endUsers)
    if (input.allowedIps !== undefined) apiKey.allowedIps = toAllowedIps(input.allowedIps)
    if (input.metadata) apiKey.metadata = { ...input.metadata }
    apiKey.bumpVersion(now)
    return { apiKey }
  })
}
