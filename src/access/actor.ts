/** The authenticated caller. */
import type { PreparedQuery } from '../database/query-runner.js'
import type { EndUserScope } from '../entities/end-user-scope.js'
import type { MemberRole, PersonalTokenType } from '../entities/enums.js'
import type { RateLimit } from '../entities/rate-limit.js'
import type { Ownership, Scope } from '../entities/tenant-filter.js'
import { forbidden } from '../lib/errors.js'
import { hasPermission, isAllowedForApiKey, isAllowedForEndUser, expandKeyWildcard, type PermissionSet } from './permissions.js'

/** Version of the credential at authentication, and the query that reads it again before a commit. */
export interface CredentialSnapshot {
  readonly query: PreparedQuery
  readonly id: string
  readonly version: number
  /** Time from which the credential is invalid; null: never. */
  readonly expiresAt: Date | null
}

/** The authenticated caller of a request: identity, permissions and tenant scope. */
export interface Actor extends Scope {
  readonly kind:
    | 'API_KEY'
    | 'ACCESS_TOKEN'
    | 'PERSONAL_TOKEN'
    | 'SIGN_IN_TOKEN'
    | 'INVITATION'
    // An end user in a browser, and an OAuth client with a grant of one: both within the key of the OAuth configuration.
    | 'BROWSER_SESSION'
    | 'OAUTH_GRANT'
    | 'SYSTEM'
  /** Actor id in the audit trail: an API key, a user or an end user; null for the system. */
  readonly id: string | null
  /** Patterns as granted. {@link can} evaluates them. */
  readonly permissions: PermissionSet
  readonly endUser: { readonly id: string; readonly externalId: string } | null
  /** Expiry of the credential; null: never. */
  readonly expiresAt: Date | null
  readonly authVersion: CredentialSnapshot | null
  /** API key of the request: the credential itself, or the key that its access token was exchanged from. */
  readonly apiKey: {
    readonly id: string
    readonly isSuperseded: boolean
    readonly rateLimits: readonly RateLimit[]
    /** Whether the key has a limit that a key created by it would not have. */
    readonly isLimited: boolean
    readonly allowedAudiences: readonly string[] | null
    /** End users that the key may act for and name. */
    readonly endUsers: EndUserScope
    /** Access tokens issued at or before this time, to the second, are revoked. */
    readonly sandboxResetAt: Date | null
    /** Whether the first use of this secret ends the overlap of its rotation. */
    readonly endsOverlap: boolean
  } | null
  readonly personalToken: {
    readonly id: string
    readonly type: PersonalTokenType
    readonly userId: string
    readonly memberId: string
    readonly role: MemberRole
  } | null
  /** Of an access token of an OAuth grant: a new authorization may grant what its API key holds. */
  readonly grant?: { readonly keyPermissions: PermissionSet }
}

/**
 * Owner filter of vault rows for an actor. Personal tokens see every owner in their projects; an end user sees its own rows.
 * All others (a backend, the system, the bearer of an invitation) see the rows that no end user owns.
 */
export function toOwnerScope({ kind, endUser }: Actor): Ownership {
  if (kind === 'PERSONAL_TOKEN') return { allOwners: true }
  return { allOwners: false, endUserId: endUser?.id ?? null }
}

/** Permissions that the actor may grant: on an API key, `*` stands for what a key may hold. */
export const grantablePermissions = (actor: Actor): PermissionSet =>
  actor.apiKey ? expandKeyWildcard(actor.permissions) : actor.permissions

/** Limit that keeps an actor from using a permission. */
export type PermissionRefusal = 'NOT_FOR_END_USERS' | 'NOT_HELD'

/** First limit that keeps the actor from using the permission; null: it can. */
export function permissionRefusal(actor: Actor, permission: string): PermissionRefusal | null {
  if (actor.endUser && !isAllowedForEndUser(permission)) return 'NOT_FOR_END_USERS'
  if (actor.apiKey && !isAllowedForApiKey(permission)) return 'NOT_HELD'
  return hasPermission(grantablePermissions(actor), permission) ? null : 'NOT_HELD'
}

/** Whether the actor holds a permission, within the limits of API keys and of acting for an end user. */
export const can = (actor: Actor, permission: string): boolean => permissionRefusal(actor, permission) === null

/** Whether a token of this type holds only the permissions named on it. */
export const isRestrictedType = (type: PersonalTokenType): boolean => type === 'RESTRICTED' || type === 'EPHEMERAL'

/** Whether the credential is a RESTRICTED or EPHEMERAL personal token. */
export const isRestricted = ({ personalToken }: Actor): boolean => personalToken !== null && isRestrictedType(personalToken.type)

/** Latest expiry of a key or token that this actor creates; null: no limit. A created credential must not outlive its creator. */
export function maxExpiry(actor: Actor, created: 'key' | 'token'): Date | null {
  const type = actor.personalToken?.type
  if (type === 'LOGIN' || (type === 'FULL_ACCESS' && created === 'key')) return null
  return actor.expiresAt
}

/** Expiry of a created token: the default, or the actor's own expiry if that is sooner. */
export function capExpiry(actor: Actor, defaultExpiry: Date): Date {
  const latest = maxExpiry(actor, 'token')
  return latest && latest < defaultExpiry ? latest : defaultExpiry
}

/** Actor of the command line and of background jobs: no credential, every permission in one organization. */
export const systemActor = (organizationId: string): Actor => ({
  kind: 'SYSTEM',
  id: null,
  organizationId,
  projectIds: null,
  environment: null,
  permissions: ['*'],
  endUser: null,
  expiresAt: null,
  authVersion: null,
  apiKey: null,
  personalToken: null,
})

/** The actor's personal token. @throws DomainError FORBIDDEN for API keys and end users, which have none. */
export function requireUser({ personalToken }: Actor): NonNullable<Actor['personalToken']> {
  if (!personalToken) throw forbidden('Personal tokens belong to members. Send a personal token as the credential.')
  return personalToken
}
