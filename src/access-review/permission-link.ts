/** Link of one permission: decided as for a request, with the grant that holds it or the credential that lacks it. */
import { permissionRefusal, type Actor } from '../access/actor.js'
import { findGrant, hasPermission, isApplicationPermission, type PermissionSet } from '../access/permissions.js'
import { passed, refused, type AccessLink } from './access-links.js'

/** Grant in a chain: every holder must hold the permission. */
export interface PermissionHolder {
  /** `The API key`. */
  readonly name: string
  /** Patterns as granted. */
  readonly granted: PermissionSet
  /** Patterns in effect. */
  readonly effective: PermissionSet
}

export function permissionLink(actor: Actor, holders: readonly PermissionHolder[], permission: string): AccessLink {
  // A token carries the permissions of other services for them; the limits of acting for an end user are those of Keyhouse.
  const refusal = permissionRefusal(isApplicationPermission(permission) ? { ...actor, endUser: null } : actor, permission)
  if (refusal === 'NOT_FOR_END_USERS')
    return refused('PERMISSION', `The permission "${permission}" is never available while acting for an end user.`)
  if (refusal === 'NOT_HELD') {
    const lacking = holders.filter(({ effective }) => !hasPermission(effective, permission))
    return refused('PERMISSION', lacking.map(({ name }) => `${name} lacks the permission "${permission}".`).join(' '))
  }
  const grants = holders.map(({ name, granted }) => `${name} holds "${permission}" by the grant "${findGrant(granted, permission)}".`)
  return passed('PERMISSION', grants.join(' '))
}
