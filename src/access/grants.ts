/** What a membership carries, for granting it: nobody makes a member of more than they are themselves. */
import type { MemberRole } from '../entities/enums.js'
import { permissionNotHeld } from '../lib/errors.js'
import { type Actor, grantablePermissions } from './actor.js'
import { missingPermissions, hasPermission, rolePermissions, missingKeyPermissions } from './permissions.js'

export interface Membership {
  readonly role: MemberRole
  /** Null: every project. */
  readonly projectIds: readonly string[] | null
}

/** ADMIN has every project, whatever was written for another role. */
export const effectiveProjectIds = ({ role, projectIds }: Membership): readonly string[] | null => (role === 'ADMIN' ? null : projectIds)

function exceedsProjects(own: readonly string[] | null, wanted: readonly string[] | null): boolean {
  if (own === null) return false
  return wanted === null || wanted.some((id) => !own.includes(id))
}

/** @throws DomainError PERMISSION_NOT_HELD, naming the permissions of the role, or the projects, that the actor does not have. */
export function assertCanGrantMembership(actor: Actor, wanted: Membership): void {
  assertCanGrantToUser(actor, rolePermissions[wanted.role], ['input', 'role'])
  if (!exceedsProjects(actor.projectIds, effectiveProjectIds(wanted))) return
  throw permissionNotHeld('You do not have every project that this would give.', ['input', 'projectIds'])
}

/** Whether a member, as they are now, could still give what they once gave. */
export const canStillGrant = (giver: Membership, permission: string, given: Membership): boolean =>
  hasPermission(rolePermissions[giver.role], permission) &&
  missingPermissions(rolePermissions[giver.role], rolePermissions[given.role]).length === 0 &&
  !exceedsProjects(effectiveProjectIds(giver), effectiveProjectIds(given))

/** @throws DomainError PERMISSION_NOT_HELD, naming what of the grant the actor does not hold. */
export function assertCanGrant(actor: Actor, wanted: readonly string[], path: readonly string[] = ['input', 'permissions']): void {
  assertPermissionsHeld(missingKeyPermissions(grantablePermissions(actor), wanted), path)
}

/** The same for what a person is granted, where `*` means all there is, not only what a key may hold. */
export function assertCanGrantToUser(actor: Actor, wanted: readonly string[], path: readonly string[] | null): void {
  assertPermissionsHeld(missingPermissions(grantablePermissions(actor), wanted), path)
}

function assertPermissionsHeld(missing: readonly string[], path: readonly string[] | null): void {
  if (missing.length === 0) return
  throw permissionNotHeld(`You do not hold ${quoted(missing)}, so you cannot grant ${missing.length === 1 ? 'it' : 'them'}.`, path)
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ')

/** @throws DomainError PERMISSION_NOT_HELD, naming what a key holds and the actor does not. */
export function assertKeyWithinActor(actor: Actor, { permissions }: { readonly permissions: readonly string[] }): void {
  const beyond = missingKeyPermissions(grantablePermissions(actor), permissions)
  if (beyond.length === 0) return
  throw permissionNotHeld(`This key holds ${quoted(beyond)}, which you do not, so you can neither rotate nor update it.`, null)
}
