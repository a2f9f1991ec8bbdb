/** Who asks: what a credential turns into, once it has been believed. */
import type { PreparedQuery } from '../database/query-runner.js'
import type { RateLimit } from '../entities/api-key.js'
import type { PersonalTokenType } from '../entities/enums.js'
import type { Ownership, Scope } from '../entities/tenant-filter.js'
import { forbidden } from '../lib/errors.js'
import { hasPermission, isAllowedForEndUser, expandKeyWildcard, type PermissionSet } from './permissions.js'

/** What was true when the caller was believed, and how to ask again. */
export interface CredentialSnapshot {
  readonly query: PreparedQuery
  readonly id: string
  readonly version: number
  /** From this moment on the credential is no longer good; null: no such moment. */
  readonly expiresAt: Date | null
}

export interface Actor extends Scope {
  readonly kind: 'API_KEY' | 'ACCESS_TOKEN' | 'PERSONAL_TOKEN' | 'SIGN_IN_TOKEN' | 'INVITATION' | 'SYSTEM'
  /** Whom the audit trail names: a key, a user, an end user; null for the system. */
  readonly id: string | null
  /** As written where they were granted; what they mean: {@link can}. */
  readonly permissions: PermissionSet
  readonly endUser: { readonly id: string; readonly externalId: string } | null
  /** When the credential ends; null: never. */
  readonly expiresAt: Date | null
  readonly authVersion: CredentialSnapshot | null
  /** The key that is behind the request, by itself or by a token exchanged from it. */
  readonly apiKey: {
    readonly id: string
    readonly isSuperseded: boolean
    readonly rateLimits: readonly RateLimit[]
    readonly isLimited: boolean
    readonly allowedAudiences: readonly string[] | null
    /** Tokens exchanged at or before it, to the second, are revoked. */
    readonly sandboxResetAt: Date | null
    /** The first use of this text ends the overlap of its rotation. */
    readonly endsOverlap: boolean
  } | null
  readonly personalToken: {
    readonly id: string
    readonly type: PersonalTokenType
    readonly userId: string
    readonly memberId: string
  } | null
}

/**
 * Whose rows of the vault the actor sees: an end user its own, people those of everybody in their projects, and all
 * others (a backend, the system, the bearer of an invitation) the backend's.
 */
export function toOwnerScope({ kind, endUser }: Actor): Ownership {
  if (kind === 'PERSONAL_TOKEN') return { allOwners: true }
  return { allOwners: false, endUserId: endUser?.id ?? null }
}

/** What the actor holds, for granting it on: a key never more than a key may hold. */
export const grantablePermissions = (actor: Actor): PermissionSet =>
  actor.apiKey ? expandKeyWildcard(actor.permissions) : actor.permissions

/** Whether the actor may do this here and now. */
export function can(actor: Actor, permission: string): boolean {
  if (actor.endUser && !isAllowedForEndUser(permission)) return false
  return hasPermission(grantablePermissions(actor), permission)
}

/** Carries the permissions named on it, and no others. */
export const isRestrictedType = (type: PersonalTokenType): boolean => type === 'RESTRICTED' || type === 'EPHEMERAL'

/** A credential that carries less than its user. */
export const isRestricted = ({ personalToken }: Actor): boolean => personalToken !== null && isRestrictedType(personalToken.type)

/** Nothing outlives its maker: the latest moment that what this actor makes may last to; null: any. */
export function maxExpiry(actor: Actor, made: 'key' | 'token'): Date | null {
  const type = actor.personalToken?.type
  if (type === 'LOGIN' || (type === 'FULL_ACCESS' && made === 'key')) return null
  return actor.expiresAt
}

/** When something ends that usually ends then: with its maker, if that is sooner. */
export function capExpiry(actor: Actor, usual: Date): Date {
  const latest = maxExpiry(actor, 'token')
  return latest && latest < usual ? latest : usual
}

/** The command line and the sweepers: no credential to lose, nothing to be confined to but one organization. */
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

/** The person who asks. @throws DomainError FORBIDDEN: keys and end users have no personal tokens. */
export function requireUser({ personalToken }: Actor): NonNullable<Actor['personalToken']> {
  if (!personalToken) throw forbidden('Only a person has personal tokens: this needs a personal token as the credential.')
  return personalToken
}
