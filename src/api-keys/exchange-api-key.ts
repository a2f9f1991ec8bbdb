/** Exchanges a key for a short-lived JWT (RFC 9068) that any service verifies offline. */
import { setTimeout } from 'node:timers/promises'

import type { Actor } from '../access/actor.js'
import { assertCanGrant } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { AccessToken, minTokenTtlSeconds, maxTokenTtlSeconds } from '../entities/access-token.js'
import { EndUser } from '../entities/end-user.js'
import { epochSeconds } from '../lib/clock.js'
import { DomainError, forbidden, invalid, RequestError } from '../lib/errors.js'
import { externalIdRule, isExternalId } from '../lib/external-id.js'
import { newId } from '../lib/id.js'
import { issuerUrl } from '../lib/issuer.js'
import { buildEndUser } from '../tenancy/end-user.js'
import { Validator, validateAudience } from '../validation/validator.js'

const defaultTokenTtlSeconds = 3600

export interface ExchangeApiKeyArgs {
  readonly audience: string
  readonly externalUserId?: string | null | undefined
  readonly expiresIn?: number | null | undefined
  readonly permissions?: readonly string[] | null | undefined
}

export async function exchangeApiKey(
  ctx: Context,
  input: ExchangeApiKeyArgs,
): Promise<{ token: string; accessToken: AccessToken; issuer: string }> {
  return perform(ctx, 'api_key:exchange', async ({ actor, now, permit, append }) => {
    const subject = validate(actor, input)
    const { apiKey, projectIds, environment, organizationId } = actor
    const projectId = projectIds?.[0]
    if (actor.kind !== 'API_KEY' || !apiKey || !environment || projectId === undefined) throw forbidden('Only an API key can be exchanged.')
    const id = newId('at', now)
    const endUser = buildEndUser({ organizationId, projectId, environment }, subject, now)
    permit({ id, isNew: true, projectId, environment, forEndUserId: endUser.id })
    if (apiKey.allowedAudiences && !apiKey.allowedAudiences.includes(input.audience)) {
      throw new DomainError([
        { code: 'URL_NOT_ALLOWED', message: 'This key may not be exchanged for this audience.', path: ['input', 'audience'] },
      ])
    }
    if (input.permissions) assertCanGrant(actor, input.permissions)
    const permissions = [...(input.permissions ?? actor.permissions)]
    const earliest = apiKey.sandboxResetAt ? epochSeconds(apiKey.sandboxResetAt) + 1 : 0
    const issuedAt = Math.max(epochSeconds(now), earliest)
    const expiresAt = resolveExpiry(actor, input.expiresIn, issuedAt)
    await waitUntil(issuedAt, now)
    ctx.deadline?.throwIfExpired()
    const issuer = issuerUrl(ctx.app.config.url, organizationId, environment)
    const { text, kid } = await ctx.app.keyring.sign('at+jwt', {
      iss: issuer,
      aud: input.audience,
      sub: subject,
      client_id: apiKey.id,
      iat: issuedAt,
      exp: expiresAt,
      jti: id,
      permissions,
      ...(permissions.length > 0 ? { scope: permissions.join(' ') } : {}),
      org: organizationId,
      project: projectId,
      env: environment,
    })
    const row = {
      id,
      organizationId,
      projectId,
      environment,
      apiKeyId: apiKey.id,
      endUserId: endUser.id,
      audience: input.audience,
      permissions,
      signingKeyId: kid,
      hasTenantIssuer: true,
      issuedAt: new Date(issuedAt * 1000),
      expiresAt: new Date(expiresAt * 1000),
      revokedAt: null,
    }
    append(EndUser, endUser, { isIfAbsent: true })
    append(AccessToken, row)
    ctx.app.writeBehind.touchEndUser(endUser.id, now)
    return { token: text, accessToken: Object.assign(new AccessToken(), row), issuer }
  })
}

/** The subject. @throws DomainError INVALID with every fault. */
function validate(actor: Actor, { audience, externalUserId, expiresIn, permissions }: ExchangeApiKeyArgs): string {
  const check = new Validator()
  const fault = validateAudience(audience)
  if (fault) check.addIssue('audience', fault)
  if (externalUserId != null && !isExternalId(externalUserId)) check.addIssue('externalUserId', externalIdRule)
  check.notNull('externalUserId', externalUserId)
  check.notNull('expiresIn', expiresIn)
  check.integer('expiresIn', expiresIn, minTokenTtlSeconds, maxTokenTtlSeconds)
  check.permissions('permissions', permissions)
  const named = actor.endUser?.externalId
  const subject = externalUserId ?? named
  if (subject === undefined) check.addIssue('externalUserId', 'is required without X-On-Behalf-Of')
  else if (named !== undefined && named !== subject) check.addIssue('externalUserId', 'must equal X-On-Behalf-Of')
  check.throwIfInvalid()
  return subject ?? ''
}

/** Milliseconds; a reset lies further ahead only when the clocks of two replicas differ by as much. */
const maxResetWaitMs = 5000

/** A reset revokes the tokens of its own second too, so an exchange after it waits for the next. @throws RequestError UNAVAILABLE */
async function waitUntil(issuedAt: number, now: Date): Promise<void> {
  const left = issuedAt * 1000 - now.getTime()
  if (left <= 0) return
  if (left > maxResetWaitMs) {
    const retryAfter = { 'retry-after': String(Math.ceil(left / 1000)) }
    throw new RequestError('UNAVAILABLE', 'This sandbox was reset by a server whose clock is ahead of ours. Try again shortly.', retryAfter)
  }
  await setTimeout(left)
}

/** In seconds since 1970; a token outlives neither its key nor the overlap of a text that was rotated. @throws DomainError INVALID */
function resolveExpiry({ authVersion, apiKey }: Actor, expiresIn: number | null | undefined, issuedAt: number): number {
  const last = authVersion?.expiresAt ? epochSeconds(authVersion.expiresAt) : Infinity
  if (expiresIn == null) return Math.min(issuedAt + defaultTokenTtlSeconds, last)
  const left = last - issuedAt
  if (expiresIn <= left) return issuedAt + expiresIn
  const key = apiKey?.isSuperseded ? 'superseded key text' : 'key'
  const rule =
    left < minTokenTtlSeconds ? `left out: this ${key} ends in ${left} seconds.` : `at most ${left}: a token never outlives its ${key}.`
  throw invalid(`"expiresIn" must be ${rule}`, ['input', 'expiresIn'])
}
