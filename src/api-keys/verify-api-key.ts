/** Verifies an API key that a service received. An invalid key is a verdict, not an error. */
import { allowsAddress } from '../access/address-scope.js'
import { missingKeyPermissions, expandKeyWildcard } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import { authorizeRead } from '../context/perform.js'
import { importedKeyInOrganization, keyInOrganization, previousKeyInOrganization } from '../database/queries/secrets.js'
import { hydrate } from '../database/row-mapper.js'
import { ApiKey } from '../entities/api-key.js'
import type { Environment } from '../entities/enums.js'
import { parseApiKey } from '../lib/api-key-format.js'
import { sha256 } from '../lib/crypto/digest.js'
import { isAddress } from '../lib/network/address.js'
import type { Secret } from '../lib/secret.js'
import { Validator } from '../validation/validator.js'
import { endOverlap } from './end-overlap.js'

export const verdictCodes = [
  'VALID',
  'NOT_FOUND',
  'REVOKED',
  'SUSPENDED',
  'EXPIRED',
  'ENVIRONMENT_MISMATCH',
  'ADDRESS_NOT_ALLOWED',
  'INSUFFICIENT_PERMISSIONS',
  'RATE_LIMITED',
] as const
export type VerdictCode = (typeof verdictCodes)[number]

/** Result of verifying a key: the first failing check, or VALID. */
export interface ApiKeyVerdict {
  readonly valid: boolean
  readonly code: VerdictCode
  readonly apiKey: ApiKey | null
  readonly missingPermissions: readonly string[]
  /** Null unless RATE_LIMITED. */
  readonly retryAfterMs: number | null
}

export interface VerifyApiKeyArgs {
  readonly secret: Secret
  readonly permissions?: readonly string[] | null | undefined
  readonly environment?: Environment | null | undefined
  /** Omitted: `allowedIps` of the key is not checked. */
  readonly clientAddress?: string | null | undefined
}

const verdict = (code: VerdictCode, apiKey: ApiKey | null, missingPermissions: readonly string[] = []): ApiKeyVerdict => ({
  valid: code === 'VALID',
  code,
  apiKey,
  missingPermissions,
  retryAfterMs: null,
})

/** Consumes the key's rate limits only when every other check passes. @throws DomainError INVALID or FORBIDDEN */
export async function verifyApiKey(ctx: Context, input: VerifyApiKeyArgs): Promise<ApiKeyVerdict> {
  const result = await authorizeRead(ctx, 'api_key:verify', async ({ actor, now, permit }) => {
    const validator = new Validator()
    validator.permissions('permissions', input.permissions)
    if (input.clientAddress != null && !isAddress(input.clientAddress))
      validator.addIssue('clientAddress', 'must be an IPv4 or IPv6 address without a port')
    validator.throwIfInvalid()
    permit()
    const found = await findBySecret(ctx, actor.organizationId, input.secret.reveal(), now)
    return found ? applyRateLimit(ctx, evaluate(found, input, now), now) : verdict('NOT_FOUND', null)
  })
  if (result.valid && result.apiKey) await recordUse(ctx, result.apiKey, input.secret)
  return result
}

async function recordUse(ctx: Context, apiKey: ApiKey, secret: Secret): Promise<void> {
  const isCurrentSecret = sha256(secret.reveal()) === apiKey.digest
  if (isCurrentSecret && apiKey.endOverlapAtFirstUse && apiKey.previousSecretExpiresAt && apiKey.previousSecretExpiresAt > ctx.now()) {
    // The key may be outside the caller's projects and environment. Possession of its secret authorizes the change.
    await endOverlap(ctx.withActor({ ...ctx.actor, projectIds: null, environment: null, authVersion: null }), apiKey)
  }
  ctx.services.writeBehind.touchApiKey(apiKey.id, ctx.now())
}

/** Searches the whole organization: possession of the secret is the proof, so project and environment do not filter. */
async function findBySecret(ctx: Context, organizationId: string, secret: string, now: Date): Promise<ApiKey | undefined> {
  const digest = sha256(secret)
  // A text of another form can only have been imported, as in authentication.
  for (const query of parseApiKey(secret) ? [keyInOrganization, previousKeyInOrganization] : [importedKeyInOrganization]) {
    const row = await ctx.services.queryRunner.read(query, [digest, organizationId])
    if (!row) continue
    const apiKey = hydrate(ctx.services.orm.getMetadata(), ApiKey, row)
    return apiKey.acceptsDigest(digest, now) ? apiKey : undefined
  }
  return undefined
}

/** Applied last, so that a key rejected for another reason consumes nothing. */
async function applyRateLimit(ctx: Context, evaluated: ApiKeyVerdict, now: Date): Promise<ApiKeyVerdict> {
  const { apiKey } = evaluated
  if (!evaluated.valid || !apiKey || apiKey.rateLimits.length === 0) return evaluated
  const { isAllowed, retryAfterMs } = await ctx.services.limiter.consume(apiKey, now)
  return isAllowed ? evaluated : { ...verdict('RATE_LIMITED', apiKey), retryAfterMs }
}

function evaluate(apiKey: ApiKey, { permissions, environment, clientAddress }: VerifyApiKeyArgs, now: Date): ApiKeyVerdict {
  const status = apiKey.status(now)
  if (status !== 'ACTIVE') return verdict(status, apiKey)
  if (environment && environment !== apiKey.environment) return verdict('ENVIRONMENT_MISMATCH', apiKey)
  if (clientAddress != null && !allowsAddress(apiKey.allowedIps, clientAddress)) return verdict('ADDRESS_NOT_ALLOWED', apiKey)
  const missing = missingKeyPermissions(expandKeyWildcard(apiKey.permissions), permissions ?? [])
  return missing.length > 0 ? verdict('INSUFFICIENT_PERMISSIONS', apiKey, missing) : verdict('VALID', apiKey)
}
