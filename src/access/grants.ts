/** Grant checks: an actor cannot grant permissions, roles or projects that it does not hold itself. */
import type { MemberRole } from '../entities/enums.js'
import { permissionNotHeld } from '../lib/errors.js'
import { type Actor, grantablePermissions } from './actor.js'
import { missingPermissions, hasPermission, rolePermissions, missingKeyPermissions } from './permissions.js'

/** Role and projects of a member. */
export interface Membership {
  readonly role: MemberRole
  /** Null: every project. */
  readonly projectIds: readonly string[] | null
}

/** Projects of a membership; null: every project. ADMIN always has every project. */
export const effectiveProjectIds = ({ role, projectIds }: Membership): readonly string[] | null => (role === 'ADMIN' ? null : projectIds)

function exceedsProjects(own: readonly string[] | null, granted: readonly string[] | null): boolean {
  if (own === null) return false
  return granted === null || granted.some((id) => !own.includes(id))
}

/** @throws DomainError PERMISSION_NOT_HELD, with the permissions of the role that the actor does not hold, or for its projects. */
export function assertCanGrantMembership(actor: Actor, membership: Membership): void {
  assertCanGrantToUser(actor, rolePermissions[membership.role], ['input', 'role'])
  if (!exceedsProjects(actor.projectIds, effectiveProjectIds(membership))) return
  throw permissionNotHeld('You cannot grant projects that you do not have. Name projects of your own in "projectIds".', [
    'input',
    'projectIds',
  ])
}

/** Whether a member's current role and projects still allow a grant made earlier, such as a pending invitation. */
export const canStillGrant = (issuer: Membership, permission: string, granted: Membership): boolean =>
  hasPermission(rolePermissions[issuer.role], permission) &&
  missingPermissions(rolePermissions[issuer.role], rolePermissions[granted.role]).length === 0 &&
  !exceedsProjects(effectiveProjectIds(issuer), effectiveProjectIds(granted))

/** Grant to an API key, where `*` means all that a key may hold. @throws DomainError PERMISSION_NOT_HELD, with the missing permissions. */
export function assertCanGrant(actor: Actor, granted: readonly string[], path: readonly string[] = ['input', 'permissions']): void {
  assertPermissionsHeld(missingKeyPermissions(grantablePermissions(actor), granted), path)
}

/** Grant to a user, where `*` means every permission. @throws DomainError PERMISSION_NOT_HELD, with the missing permissions. */
export function assertCanGrantToUser(actor: Actor, granted: readonly string[], path: readonly string[] | null): void {
  assertPermissionsHeld(missingPermissions(grantablePermissions(actor), granted), path)
}

function assertPermissionsHeld(missing: readonly string[], path: readonly string[] | null): void {
  if (missing.length === 0) return
  throw permissionNotHeld(`You cannot grant permissions that this credential does not hold: ${quoted(missing)}.`, path)
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ')

/** Check before rotating, updating or resuming a key: each would pass on its permissions. @throws DomainError PERMISSION_NOT_HELD */
export function assertKeyWithinActor(actor: Actor, { permissions }: { readonly permissions: readonly string[] }): void {
  const missing = missingKeyPermissions(grantablePermissions(actor), permissions)
  if (missing.length === 0) return
  throw permissionNotHeld(
    `You cannot rotate, update or resume a key with permissions that this credential does not hold: ${quoted(missing)}.`,
    null,
  )
}
