/** Exchanges an API key for a short-lived JWT access token (RFC 9068) that services verify offline. */
import { setTimeout } from 'node:timers/promises'

import type { Actor } from '../access/actor.js'
import { assertMayNameEndUser } from '../access/end-user-scope.js'
import { assertCanGrant } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { AccessToken, minTokenTtlSeconds, maxTokenTtlSeconds } from '../entities/access-token.js'
import { EndUser } from '../entities/end-user.js'
import { epochSeconds } from '../lib/clock.js'
import { DomainError, forbidden, invalid, RequestError } from '../lib/errors.js'
import { externalIdMessage, isExternalId } from '../lib/external-id.js'
import { newId } from '../lib/id.js'
import { trimTrailing } from '../lib/trailing.js'
import { defaultTokenTtlSeconds, earliestIssueTime, issueAccessToken } from '../signing-keys/issue-access-token.js'
import { buildEndUser } from '../tenancy/end-user.js'
import { Validator, validateAudience } from '../validation/validator.js'

/** Maximum wait after a sandbox reset. Only a clock difference between replicas of this size makes it longer. */
const maxResetWaitMs = 5000

export interface ExchangeApiKeyArgs {
  readonly audience: string
  readonly externalUserId?: string | null | undefined
  /** Seconds. */
  readonly expiresIn?: number | null | undefined
  readonly permissions?: readonly string[] | null | undefined
}

/** @throws DomainError INVALID, FORBIDDEN, URL_NOT_ALLOWED or PERMISSION_NOT_HELD; RequestError UNAVAILABLE */
export async function exchangeApiKey(
  ctx: Context,
  input: ExchangeApiKeyArgs,
): Promise<{ token: string; accessToken: AccessToken; issuer: string }> {
  return perform(ctx, 'api_key:exchange', async ({ actor, now, permit, append }) => {
    const subject = validate(actor, input, ctx.services.config.url)
    const { apiKey, projectIds, environment, organizationId } = actor
    const projectId = projectIds?.[0]
    if (actor.kind !== 'API_KEY' || !apiKey || !environment || projectId === undefined)
      throw forbidden('Only an API key can be exchanged. Send one as the credential.')
    const id = newId('at', now)
    const endUser = buildEndUser({ organizationId, projectId, environment }, subject, now)
    permit({ id, isNew: true, projectId, environment, forEndUserId: endUser.id })
    assertMayNameEndUser(actor, subject, ['input', 'externalUserId'])
    if (apiKey.allowedAudiences && !apiKey.allowedAudiences.includes(input.audience)) {
      throw new DomainError([
        {
          code: 'URL_NOT_ALLOWED',
          message: 'The API key does not allow this audience. Use one of its "allowedAudiences", which are compared as exact strings.',
          path: ['input', 'audience'],
        },
      ])
    }
    if (input.permissions) assertCanGrant(actor, input.permissions)
    const permissions = [...(input.permissions ?? actor.permissions)]
    const issuedAt = earliestIssueTime(apiKey.sandboxResetAt, now)
    const expiresAt = resolveExpiry(actor, input.expiresIn, issuedAt)
    await waitUntil(issuedAt, now)
    ctx.deadline?.throwIfExpired()
    const { token, row, issuer } = await issueAccessToken(ctx.services, {
      id,
      organizationId,
      projectId,
      environment,
      apiKeyId: apiKey.id,
      endUserId: endUser.id,
      grantId: null,
      subjectTokenId: null,
      audience: input.audience,
      permissions,
      subject,
      clientId: apiKey.id,
      issuedAt,
      expiresAt,
    })
    append(EndUser, endUser, { isIfAbsent: true })
    append(AccessToken, row)
    ctx.services.writeBehind.touchEndUser(endUser.id, now)
    return { token, accessToken: Object.assign(new AccessToken(), row), issuer }
  })
}

/** Returns the `sub` claim. @throws DomainError INVALID with every issue */
function validate(actor: Actor, { audience, externalUserId, expiresIn, permissions }: ExchangeApiKeyArgs, ownUrl: string): string {
  const validator = new Validator()
  const issue = validateAudience(audience)
  if (issue) validator.addIssue('audience', issue)
  // Audiences are compared as exact strings, so this server would refuse the token.
  else if (audience !== ownUrl && trimTrailing(audience, '/') === ownUrl)
    validator.addIssue('audience', `must be ${ownUrl} (KEYHOUSE_URL) without the trailing slash, or this server would refuse the token`)
  if (externalUserId != null && !isExternalId(externalUserId)) validator.addIssue('externalUserId', externalIdMessage)
  validator.notNull('externalUserId', externalUserId)
  validator.notNull('expiresIn', expiresIn)
  validator.integer('expiresIn', expiresIn, minTokenTtlSeconds, maxTokenTtlSeconds)
  validator.permissions('permissions', permissions)
  const onBehalfOf = actor.endUser?.externalId
  const subject = externalUserId ?? onBehalfOf
  if (subject === undefined) validator.addIssue('externalUserId', 'is required when no X-On-Behalf-Of header is sent')
  else if (onBehalfOf !== undefined && onBehalfOf !== subject) validator.addIssue('externalUserId', 'must equal the X-On-Behalf-Of header')
  validator.throwIfInvalid()
  return subject ?? ''
}

/** A sandbox reset also revokes tokens issued in its own second, so an exchange waits for the next. @throws RequestError UNAVAILABLE */
async function waitUntil(issuedAt: number, now: Date): Promise<void> {
  const waitMs = issuedAt * 1000 - now.getTime()
  if (waitMs <= 0) return
  if (waitMs > maxResetWaitMs) {
    const retryAfter = { 'retry-after': String(Math.ceil(waitMs / 1000)) }
    throw new RequestError(
      'UNAVAILABLE',
      'The clocks of the replicas differ, and the latest sandbox reset is in the future of this one. Retry after the time in Retry-After.',
      retryAfter,
    )
  }
  await setTimeout(waitMs)
}

/** `exp` in seconds since 1970. A token outlives neither its key nor a superseded secret's overlap. @throws DomainError INVALID */
function resolveExpiry({ authVersion, apiKey }: Actor, expiresIn: number | null | undefined, issuedAt: number): number {
  const maxExpiresAt = authVersion?.expiresAt ? epochSeconds(authVersion.expiresAt) : Infinity
  if (expiresIn == null) return Math.min(issuedAt + defaultTokenTtlSeconds, maxExpiresAt)
  const maxTtlSeconds = maxExpiresAt - issuedAt
  if (expiresIn <= maxTtlSeconds) return issuedAt + expiresIn
  const key = apiKey?.isSuperseded ? 'superseded secret' : 'key'
  const rule =
    maxTtlSeconds < minTokenTtlSeconds
      ? `omitted: this ${key} expires in ${maxTtlSeconds} seconds.`
      : `at most ${maxTtlSeconds}, the remaining lifetime of its ${key}.`
  throw invalid(`"expiresIn" must be ${rule}`, ['input', 'expiresIn'])
}
