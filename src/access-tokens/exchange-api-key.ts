/** Exchanges an API key for a short-lived JWT access token (RFC 9068) that services verify offline. */
import { setTimeout } from 'node:timers/promises'

import type { Actor } from '../access/actor.js'
import { assertCanGrant } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { AccessToken, minTokenTtlSeconds, maxTokenTtlSeconds } from '../entities/access-token.js'
import { EndUser } from '../entities/end-user.js'
import { mcpResource, parseAudience } from '../lib/audience.js'
import { epochSeconds } from '../lib/clock.js'
import { DomainError, forbidden, invalid, RequestError } from '../lib/errors.js'
import { externalIdMessage, isExternalId } from '../lib/external-id.js'
import { newId } from '../lib/id.js'
import type { Secret } from '../lib/secret.js'
import { trimTrailing } from '../lib/trailing.js'
import { defaultTokenTtlSeconds, earliestIssueTime, issueAccessToken } from '../signing-keys/issue-access-token.js'
import { buildEndUser } from '../tenancy/end-user.js'
import { Validator, validateAudience } from '../validation/validator.js'
import { resolveSubject } from './exchange-subject.js'

/** Maximum wait after a sandbox reset. Only a clock difference between replicas of this size makes it longer. */
const maxResetWaitMs = 5000

export interface ExchangeApiKeyArgs {
  readonly audience: string
  readonly externalUserId?: string | null | undefined
  /** Seconds. */
  readonly expiresIn?: number | null | undefined
  readonly permissions?: readonly string[] | null | undefined
}

/** What the token endpoint offers beside an external id. */
export interface ExchangeOptions {
  /** The token acts for no end user (RFC 6749 §4.4). */
  readonly isForClient?: boolean
  readonly subjectToken?: Secret | undefined
  readonly actorToken?: Secret | undefined
}

export interface ExchangedApiKey {
  readonly token: string
  readonly accessToken: AccessToken
  readonly issuer: string
}

/** @throws DomainError INVALID, FORBIDDEN, URL_NOT_ALLOWED or PERMISSION_NOT_HELD; RequestError UNAVAILABLE */
export async function exchangeApiKey(ctx: Context, input: ExchangeApiKeyArgs, options: ExchangeOptions = {}): Promise<ExchangedApiKey> {
  return perform(ctx, 'api_key:exchange', async ({ actor, now, permit, addDetails, commitUnder, append }) => {
    const externalUserId = validate(actor, input, options, ctx.services.config.url)
    const { apiKey, projectIds, environment, organizationId } = actor
    const projectId = projectIds?.[0]
    if (actor.kind !== 'API_KEY' || !apiKey || !environment || projectId === undefined)
      throw forbidden('Only an API key can be exchanged. Send one as the credential.')
    const id = newId('at', now)
    const place = { organizationId, projectId, environment }
    permit({ ...place, id, isNew: true })
    const { audience } = input
    const { subject, isEndUser, delegation, narrowed, ...ceiling } = await resolveSubject(
      ctx,
      actor,
      apiKey.id,
      { ...options, audience, externalUserId },
      now,
    )
    const endUser = isEndUser ? buildEndUser(place, subject, now) : null
    permit({ id, isNew: true, projectId, environment, ...(endUser ? { forEndUserId: endUser.id } : {}) })
    if (apiKey.allowedAudiences && !apiKey.allowedAudiences.includes(audience)) {
      throw new DomainError([
        {
          code: 'URL_NOT_ALLOWED',
          message: 'The API key does not allow this audience. Use one of its "allowedAudiences", which are compared as exact strings.',
          path: ['input', 'audience'],
        },
      ])
    }
    if (input.permissions) assertCanGrant({ ...actor, permissions: ceiling.permissions }, input.permissions)
    const issuedAt = earliestIssueTime(apiKey.sandboxResetAt, now)
    const credential = narrowed?.snapshot ?? actor.authVersion
    const expiresAt = resolveExpiry(actor, credential?.expiresAt, input.expiresIn, issuedAt)
    await waitUntil(issuedAt, now)
    ctx.deadline?.throwIfExpired()
    const { token, row, issuer } = await issueAccessToken(ctx.services, {
      ...place,
      id,
      apiKeyId: apiKey.id,
      endUserId: endUser?.id ?? '',
      grantId: narrowed?.grantId ?? null,
      subjectTokenId: narrowed?.id ?? null,
      audience,
      permissions: input.permissions ?? ceiling.permissions,
      subject,
      clientId: apiKey.id,
      act: delegation.act,
      issuedAt,
      expiresAt,
    })
    if (narrowed) {
      commitUnder(narrowed.snapshot)
      addDetails({ subjectTokenId: narrowed.id })
    }
    if (delegation.actorTokenId !== undefined) addDetails({ actorTokenId: delegation.actorTokenId })
    if (endUser) {
      append(EndUser, endUser, { isIfAbsent: true })
      ctx.services.writeBehind.touchEndUser(endUser.id, now)
    }
    append(AccessToken, row)
    return { token, accessToken: Object.assign(new AccessToken(), row), issuer }
  })
}

/** The issue of an audience that this deployment would refuse although it begins like one of its own; undefined for any other. */
function nearMissOfOwnAudience(audience: string, url: string): string | undefined {
  if (parseAudience([url], audience)) return undefined
  // Audiences are compared as exact strings.
  if (trimTrailing(audience, '/') === url)
    return `must be ${url} (KEYHOUSE_URL) without the trailing slash, or this server would refuse the token`
  if (audience.startsWith(mcpResource(url, '')))
    return `must be ${mcpResource(url, '{serverId}')}, with the id of an MCP server and nothing after it, or the gateway would refuse the token`
  return undefined
}

/** Returns the external id of the end user; undefined without one. @throws DomainError INVALID with every issue */
function validate(
  actor: Actor,
  { audience, externalUserId, expiresIn, permissions }: ExchangeApiKeyArgs,
  { isForClient, subjectToken }: ExchangeOptions,
  ownUrl: string,
): string | undefined {
  const validator = new Validator()
  const issue = validateAudience(audience) ?? nearMissOfOwnAudience(audience, ownUrl)
  if (issue !== undefined) validator.addIssue('audience', issue)
  if (externalUserId != null && !isExternalId(externalUserId)) validator.addIssue('externalUserId', externalIdMessage)
  validator.notNull('externalUserId', externalUserId)
  validator.notNull('expiresIn', expiresIn)
  validator.integer('expiresIn', expiresIn, minTokenTtlSeconds, maxTokenTtlSeconds)
  validator.permissions('permissions', permissions)
  const onBehalfOf = actor.endUser?.externalId
  const externalId = externalUserId ?? onBehalfOf
  if (isForClient || subjectToken) {
    if (onBehalfOf !== undefined) validator.addIssue('externalUserId', 'must not be sent as X-On-Behalf-Of, since the subject is another')
  } else if (externalId === undefined) validator.addIssue('externalUserId', 'is required when no X-On-Behalf-Of header is sent')
  else if (onBehalfOf !== undefined && onBehalfOf !== externalId)
    validator.addIssue('externalUserId', 'must equal the X-On-Behalf-Of header')
  validator.throwIfInvalid()
  return isForClient || subjectToken ? undefined : externalId
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

/**
 * `exp` in seconds since 1970. A token outlives neither its key nor a superseded secret's overlap.
 * @param latest expiry of the key, or of the token that is narrowed
 * @throws DomainError INVALID
 */
function resolveExpiry({ apiKey }: Actor, latest: Date | null | undefined, expiresIn: number | null | undefined, issuedAt: number): number {
  const maxExpiresAt = latest ? epochSeconds(latest) : Infinity
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
