/** Validation and authorization rules that creating, rotating and updating an API key share. */
import { maxExpiry, type Actor } from '../access/actor.js'
import { coversAddresses } from '../access/address-scope.js'
import { coversScope } from '../access/end-user-scope.js'
import { assertCanGrant } from '../access/grants.js'
import { missingKeyPermissions, expandKeyWildcard, notGrantableToApiKey } from '../access/permissions.js'
import type { ApiKey } from '../entities/api-key.js'
import type { RateLimit } from '../entities/rate-limit.js'
import { forbidden, invalid } from '../lib/errors.js'
import { windowNames } from '../lib/fixed-window.js'
import type { Metadata } from '../validation/metadata.js'
import type { Validator } from '../validation/validator.js'
import { toAllowedIps, toEndUserScope, validateAllowedIps, validateEndUsers, type EndUsersInput } from './key-scope-input.js'

export const maxLabelLength = 255
export const maxRateLimit = 1_000_000_000
/** Bytes of JSON in UTF-8. */
export const maxMetadataBytes = 4096

/** Fields that creating and updating a key share. */
export interface ApiKeyGrants {
  readonly label?: string | null | undefined
  readonly permissions?: readonly string[] | null | undefined
  readonly rateLimits?: readonly RateLimit[] | null | undefined
  readonly allowedAudiences?: readonly string[] | null | undefined
  readonly endUsers?: EndUsersInput | null | undefined
  readonly allowedIps?: readonly string[] | null | undefined
  readonly metadata?: Metadata | null | undefined
}

/** Grants of a new key. */
export interface NewApiKeyGrants extends ApiKeyGrants {
  readonly expiresAt?: Date | null | undefined
}

/** Adds every issue to `validator`; the caller throws. */
export function validateGrants(validator: Validator, grants: ApiKeyGrants): void {
  validator.text('label', grants.label, maxLabelLength)
  const isValid = validator.permissions('permissions', grants.permissions)
  validator.notNull('rateLimits', grants.rateLimits)
  validator.audiences('allowedAudiences', grants.allowedAudiences)
  validateEndUsers(validator, grants.endUsers)
  validateAllowedIps(validator, grants.allowedIps)
  validator.metadata('metadata', grants.metadata, maxMetadataBytes)
  if (grants.rateLimits) validateRateLimits(validator, grants.rateLimits)
  const notGrantable = isValid ? notGrantableToApiKey(grants.permissions ?? []) : []
  if (notGrantable.length > 0)
    validator.addIssue('permissions', `must not name permissions that no API key can hold: ${notGrantable.join(', ')}`)
}

function validateRateLimits(validator: Validator, limits: readonly RateLimit[]): void {
  if (!validator.entries('rateLimits', limits, windowNames.length)) return
  for (const [i, { max }] of limits.entries()) {
    if (max < 1 || max > maxRateLimit) validator.addIssue(['rateLimits', String(i), 'max'], `must be from 1 to ${maxRateLimit}`)
  }
  if (new Set(limits.map(({ window }) => window)).size < limits.length)
    validator.addIssue('rateLimits', 'must have at most one limit for each window')
}

/** Omitted permissions default to the creator's. Reject the default rather than drop permissions silently. @throws DomainError INVALID */
function assertInheritable(permissions: readonly string[], path: readonly string[]): void {
  const notGrantable = notGrantableToApiKey(permissions)
  if (notGrantable.length === 0) return
  throw invalid(`"permissions" must be set: this credential holds permissions that no API key can hold (${notGrantable.join(', ')}).`, path)
}

/**
 * A key with limits manages no other key, or it could create one without limits.
 * A superseded secret manages no key at all, or its holder could keep access after the overlap.
 * @throws DomainError FORBIDDEN
 */
export function assertCanManageKeys(actor: Actor, keyId: string | null): void {
  if (actor.apiKey?.isSuperseded)
    throw forbidden(
      'A rotation replaced this secret, so it cannot create, rotate, update or resume keys. Use the current secret of the key.',
    )
  if (actor.apiKey?.isLimited && actor.apiKey.id !== keyId) {
    throw forbidden(
      'An API key with "rateLimits", "allowedAudiences", "endUsers" or "allowedIps" cannot create, rotate, update or resume other keys. Use a key without them, or a personal token.',
    )
  }
}

/** A credential must not expire later than the credential that creates it. @throws DomainError INVALID */
export function assertExpiryWithinActor(actor: Actor, expiresAt: Date | null, path: readonly string[]): void {
  const latest = maxExpiry(actor, 'key')
  if (latest && (!expiresAt || expiresAt > latest))
    throw invalid(
      `An API key must not expire later than the credential that creates or rotates it (${latest.toISOString()}). Set an earlier "expiresAt", or use another credential.`,
      path,
    )
}

/**
 * Grants of a key that the actor creates or imports, within the actor's own.
 * @param path path of the object that the fields belong to
 * @throws DomainError INVALID or PERMISSION_NOT_HELD
 */
export function resolveGrants(actor: Actor, grants: NewApiKeyGrants, path: readonly string[] = ['input']) {
  const permissions = [...(grants.permissions ?? actor.permissions)]
  if (!grants.permissions) assertInheritable(permissions, [...path, 'permissions'])
  assertCanGrant(actor, permissions, [...path, 'permissions'])
  // Omitted: the creator's own expiry. An explicit null asks for no expiry, which an expiring creator cannot grant.
  const expiresAt = grants.expiresAt === undefined ? maxExpiry(actor, 'key') : grants.expiresAt
  assertExpiryWithinActor(actor, expiresAt, [...path, 'expiresAt'])
  return {
    label: grants.label ?? null,
    permissions,
    rateLimits: [...(grants.rateLimits ?? [])],
    allowedAudiences: grants.allowedAudiences ? [...grants.allowedAudiences] : null,
    metadata: { ...grants.metadata },
    endUserScope: grants.endUsers ? toEndUserScope(grants.endUsers) : null,
    allowedIps: toAllowedIps(grants.allowedIps ?? null),
    expiresAt,
  }
}

const relaxesRateLimits = (before: readonly RateLimit[], after: readonly RateLimit[]): boolean =>
  before.some((limit) => !after.some(({ window, max }) => window === limit.window && max <= limit.max))

const widensAudiences = (before: readonly string[] | null, after: readonly string[] | null): boolean =>
  before !== null && (after === null || after.some((audience) => !before.includes(audience)))

/** First field that would grant the key more than it has; undefined when none does. */
function findGain(apiKey: ApiKey, { permissions, rateLimits, allowedAudiences, endUsers, allowedIps }: ApiKeyGrants): string | undefined {
  if (permissions && missingKeyPermissions(expandKeyWildcard(apiKey.permissions), permissions).length > 0) return 'permissions'
  if (rateLimits && relaxesRateLimits(apiKey.rateLimits, rateLimits)) return 'rateLimits'
  if (endUsers && !coversScope(apiKey.endUserScope, toEndUserScope(endUsers))) return 'endUsers'
  if (allowedIps !== undefined && !coversAddresses(apiKey.allowedIps, toAllowedIps(allowedIps))) return 'allowedIps'
  return allowedAudiences !== undefined && widensAudiences(apiKey.allowedAudiences, allowedAudiences) ? 'allowedAudiences' : undefined
}

/** A change must not add access that outlasts the caller's credential (docs/decisions/0090). @throws DomainError INVALID */
export function assertNoLastingGain(actor: Actor, apiKey: ApiKey, change: ApiKeyGrants): void {
  const latest = maxExpiry(actor, 'key')
  const field = findGain(apiKey, change)
  if (field === undefined || !latest || (apiKey.expiresAt && apiKey.expiresAt <= latest)) return
  throw invalid(`A credential that expires (${latest.toISOString()}) cannot extend the access of a key that expires later.`, [
    'input',
    field,
  ])
}
