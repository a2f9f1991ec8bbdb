/** Authorization: a permit proves that an actor may perform an action on a target, and only this file creates one. */
import { forbidden } from '../lib/errors.js'
import { getAction, type Action } from './actions.js'
import { isRestricted, permissionRefusal, type Actor } from './actor.js'
import { isAllowedForApiKey } from './permissions.js'

declare const proof: unique symbol

/** Target of an action, as the audit event names it. */
export interface Target {
  readonly id?: string | null
  /** Id from the input, before the look-up. The event of a denied attempt includes it if the actor may read that row. */
  readonly requestedId?: string
  readonly projectId?: string | null
  readonly environment?: 'SANDBOX' | 'PRODUCTION' | null
  /** Created by this change: no row with this id exists if the change is denied. */
  readonly isNew?: true
  /** End user that the action is done for, if other than the actor's own. */
  readonly forEndUserId?: string
}

/** Proof of authorization for one action on one target. */
export interface Permit {
  readonly [proof]: true
  readonly action: Action
  readonly target: Target
}

/** @throws DomainError FORBIDDEN, with the permission. */
export function requirePermission(actor: Actor, permission: string): void {
  const refusal = permissionRefusal(actor, permission)
  if (refusal === null) return
  if (refusal === 'NOT_FOR_END_USERS')
    throw forbidden(
      `The permission "${permission}" is never available while acting for an end user. Repeat the request with an API key and without X-On-Behalf-Of.`,
    )
  if (actor.apiKey && !isAllowedForApiKey(permission))
    throw forbidden(`No API key can hold the permission "${permission}". Repeat the request with the token of a member.`)
  throw forbidden(`This credential does not hold the required permission "${permission}".`)
}

/** @throws DomainError FORBIDDEN, with the permission and, for RESTRICTED and EPHEMERAL tokens, the types that may do it. */
export function authorize(actor: Actor, action: Action, target: Target): Permit {
  const { permission, grantsLastingRights } = getAction(action)
  if (permission) requirePermission(actor, permission)
  if (grantsLastingRights && isRestricted(actor)) {
    throw forbidden(
      `A RESTRICTED or EPHEMERAL token cannot use "${permission ?? action}", whose effect outlives the token. Use a LOGIN or FULL_ACCESS token.`,
    )
  }
  return { action, target: target } as Permit
}
