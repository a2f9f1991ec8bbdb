/** What every change of a key has to obey, whoever asks. */
import { maxExpiry, type Actor } from '../access/actor.js'
import { missingKeyPermissions, expandKeyWildcard, notGrantableToApiKey } from '../access/permissions.js'
import type { ApiKey, RateLimit } from '../entities/api-key.js'
import { forbidden, invalid } from '../lib/errors.js'
import { windowNames } from '../lib/fixed-window.js'
import type { Validator } from '../validation/validator.js'

export const maxLabelLength = 255
export const maxRateLimit = 1_000_000_000

export interface ApiKeyGrants {
  readonly label?: string | null | undefined
  readonly permissions?: readonly string[] | null | undefined
  readonly rateLimits?: readonly RateLimit[] | null | undefined
  readonly allowedAudiences?: readonly string[] | null | undefined
}

export function validateGrants(check: Validator, grant: ApiKeyGrants): void {
  check.text('label', grant.label, maxLabelLength)
  const areGrantable = check.permissions('permissions', grant.permissions)
  check.notNull('rateLimits', grant.rateLimits)
  check.audiences('allowedAudiences', grant.allowedAudiences)
  if (grant.rateLimits) checkRateLimits(check, grant.rateLimits)
  const never = areGrantable ? notGrantableToApiKey(grant.permissions ?? []) : []
  if (never.length > 0) check.addIssue('permissions', `names what no API key can hold: ${never.join(', ')}`)
}

function checkRateLimits(check: Validator, limits: readonly RateLimit[]): void {
  if (!check.entries('rateLimits', limits, windowNames.length)) return
  for (const [i, { max }] of limits.entries()) {
    if (max < 1 || max > maxRateLimit) check.addIssue(['rateLimits', String(i), 'max'], `must be from 1 to ${maxRateLimit}`)
  }
  if (new Set(limits.map(({ window }) => window)).size < limits.length) check.addIssue('rateLimits', 'must not name a window twice')
}

/** Left out means all of the maker's, and nothing of that is cut silently. @throws DomainError INVALID */
export function assertInheritable(permissions: readonly string[]): void {
  const never = notGrantableToApiKey(permissions)
  if (never.length === 0) return
  throw invalid(`You hold what no API key can: ${never.join(', ')}. Say which "permissions" this one is to have.`, ['input', 'permissions'])
}

/** A limited key makes no unlimited ones, and a text that is on its way out starts nothing new. @throws DomainError FORBIDDEN */
export function assertCanManageKeys(actor: Actor, keyId: string | null): void {
  if (actor.apiKey?.isSuperseded)
    throw forbidden('This text of the key was replaced by a rotation: it cannot create, rotate or update keys.')
  if (actor.apiKey?.isLimited && actor.apiKey.id !== keyId) {
    throw forbidden('A key with rate limits or allowed audiences cannot create, rotate or update other keys.')
  }
}

/** @throws DomainError INVALID: nothing outlives its maker. */
export function assertExpiryWithinActor(actor: Actor, expiresAt: Date | null, path: readonly string[]): void {
  const latest = maxExpiry(actor, 'key')
  if (latest && (!expiresAt || expiresAt > latest))
    throw invalid(`Nothing outlives its maker: this credential ends at ${latest.toISOString()}.`, path)
}

const isLoosened = (before: readonly RateLimit[], after: readonly RateLimit[]): boolean =>
  before.some((limit) => !after.some(({ window, max }) => window === limit.window && max <= limit.max))

const isOpened = (before: readonly string[] | null, after: readonly string[] | null): boolean =>
  before !== null && (after === null || after.some((audience) => !before.includes(audience)))

/** What a change would let a key do that it may not do yet, by the field that says so. */
function findGain(apiKey: ApiKey, { permissions, rateLimits, allowedAudiences }: ApiKeyGrants): string | undefined {
  if (permissions && missingKeyPermissions(expandKeyWildcard(apiKey.permissions), permissions).length > 0) return 'permissions'
  if (rateLimits && isLoosened(apiKey.rateLimits, rateLimits)) return 'rateLimits'
  return allowedAudiences !== undefined && isOpened(apiKey.allowedAudiences, allowedAudiences) ? 'allowedAudiences' : undefined
}

/** @throws DomainError INVALID: a gain that outlives who gives it, as a key of that reach would (docs/decisions/0090). */
export function assertNoLastingGain(actor: Actor, apiKey: ApiKey, change: ApiKeyGrants): void {
  const latest = maxExpiry(actor, 'key')
  const field = findGain(apiKey, change)
  if (field === undefined || !latest || (apiKey.expiresAt && apiKey.expiresAt <= latest)) return
  throw invalid(`This credential ends at ${latest.toISOString()}, so it gives nothing more to a key that lasts longer.`, ['input', field])
}
