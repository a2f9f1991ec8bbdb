/** What a service behind Keyhouse asks about a key that it was handed. It answers a verdict, never an exception. */
import { missingKeyPermissions, expandKeyWildcard } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import { authorizeRead } from '../context/perform.js'
import { ownKey, ownOlderKey } from '../database/queries/credentials.js'
import type { QueryRunner } from '../database/query-runner.js'
import type { Row } from '../database/row-mapper.js'
import { hydrate } from '../database/row-mapper.js'
import { ApiKey } from '../entities/api-key.js'
import type { Environment } from '../entities/enums.js'
import { parseApiKey } from '../lib/api-key-format.js'
import { sha256 } from '../lib/digest.js'
import type { Secret } from '../lib/secret.js'
import { Validator } from '../validation/validator.js'
import { endOverlap } from './end-overlap.js'

export const verdictCodes = [
  'VALID',
  'NOT_FOUND',
  'REVOKED',
  'EXPIRED',
  'ENVIRONMENT_MISMATCH',
  'INSUFFICIENT_PERMISSIONS',
  'RATE_LIMITED',
] as const
export type VerdictCode = (typeof verdictCodes)[number]

export interface Verdict {
  readonly valid: boolean
  readonly code: VerdictCode
  readonly apiKey: ApiKey | null
  readonly missingPermissions: readonly string[]
  readonly retryAfterMs: number | null
}

export interface VerifyApiKeyArgs {
  readonly secret: Secret
  readonly permissions?: readonly string[] | null | undefined
  readonly environment?: Environment | null | undefined
}

// They name the organization: holding the secret is the proof, so project and environment do not confine the answer.
const verdict = (code: VerdictCode, apiKey: ApiKey | null, missingPermissions: readonly string[] = []): Verdict => ({
  valid: code === 'VALID',
  code,
  apiKey,
  missingPermissions,
  retryAfterMs: null,
})

export async function verifyApiKey(ctx: Context, input: VerifyApiKeyArgs): Promise<Verdict> {
  const answer = await authorizeRead(ctx, 'api_key:verify', async ({ actor, now, permit }) => {
    const check = new Validator()
    check.permissions('permissions', input.permissions)
    check.throwIfInvalid()
    permit()
    const found = await findBySecret(ctx, actor.organizationId, input.secret.reveal(), now)
    return found ? applyRateLimit(ctx, evaluate(found, input, now), now) : verdict('NOT_FOUND', null)
  })
  if (answer.valid && answer.apiKey) await recordUse(ctx, answer.apiKey, input.secret)
  return answer
}

async function recordUse(ctx: Context, apiKey: ApiKey, secret: Secret): Promise<void> {
  const isNewText = sha256(secret.reveal()) === apiKey.digest
  if (isNewText && apiKey.endOverlapAtFirstUse && apiKey.previousSecretExpiresAt && apiKey.previousSecretExpiresAt > ctx.now()) {
    // The key may stand where the caller does not reach: holding its text was the proof.
    await endOverlap(ctx.withActor({ ...ctx.actor, projectIds: null, environment: null, authVersion: null }), apiKey)
  }
  ctx.app.writeBehind.touchApiKey(apiKey.id, ctx.now())
}

async function findBySecret(ctx: Context, organizationId: string, text: string, now: Date): Promise<ApiKey | undefined> {
  if (!parseApiKey(text)) return undefined
  const reader: QueryRunner = ctx.app.queryRunner
  const digest = sha256(text)
  const toKey = (row: Row): ApiKey => hydrate(ctx.app.orm.getMetadata(), ApiKey, row)
  const row = await reader.read(ownKey, [digest, organizationId])
  if (row) return toKey(row)
  const older = await reader.read(ownOlderKey, [digest, organizationId])
  const apiKey = older && toKey(older)
  // A text whose overlap has ended is no key's text any more.
  return apiKey?.previousSecretExpiresAt && apiKey.previousSecretExpiresAt > now ? apiKey : undefined
}

/** Only what is valid otherwise consumes from the key's limits. */
async function applyRateLimit(ctx: Context, judged: Verdict, now: Date): Promise<Verdict> {
  const { apiKey } = judged
  if (!judged.valid || !apiKey || apiKey.rateLimits.length === 0) return judged
  const { isAllowed, retryAfterMs } = await ctx.app.limiter.take(apiKey, now)
  return isAllowed ? judged : { ...verdict('RATE_LIMITED', apiKey), retryAfterMs }
}

function evaluate(apiKey: ApiKey, { permissions, environment }: VerifyApiKeyArgs, now: Date): Verdict {
  const status = apiKey.status(now)
  if (status !== 'ACTIVE') return verdict(status, apiKey)
  if (environment && environment !== apiKey.environment) return verdict('ENVIRONMENT_MISMATCH', apiKey)
  const missing = missingKeyPermissions(expandKeyWildcard(apiKey.permissions), permissions ?? [])
  return missing.length > 0 ? verdict('INSUFFICIENT_PERMISSIONS', apiKey, missing) : verdict('VALID', apiKey)
}
