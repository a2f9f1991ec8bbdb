/** A permit proves that this actor may do this action to this row. Only this file makes one. */
import { forbidden } from '../lib/errors.js'
import { getAction, type Action } from './actions.js'
import { isRestricted, can, type Actor } from './actor.js'

declare const proof: unique symbol

/** What an action is about; the audit event names it. */
export interface Target {
  readonly id?: string | null
  /** The id that the caller named, before anybody looked it up: the event of a refusal tells it if the caller may see it. */
  readonly named?: string
  readonly projectId?: string | null
  readonly environment?: 'SANDBOX' | 'PRODUCTION' | null
  /** Made by this very change: were it refused, there would be nothing of this id. */
  readonly isNew?: true
  /** For whom it is done, when that is not whom the caller acts for. */
  readonly forEndUserId?: string
}

export interface Permit {
  readonly [proof]: true
  readonly action: Action
  readonly subject: Target
}

/** @throws DomainError FORBIDDEN, naming the permission. */
export function requirePermission(actor: Actor, permission: string): void {
  if (can(actor, permission)) return
  if (actor.endUser) throw forbidden(`This is out of reach while acting for an end user (it needs "${permission}").`)
  throw forbidden(`This needs the permission "${permission}", which this credential does not hold.`)
}

/** @throws DomainError FORBIDDEN, naming the permission and, where it matters, the type of token. */
export function authorize(actor: Actor, action: Action, subject: Target): Permit {
  const { permission, grantsLastingRights } = getAction(action)
  if (permission) requirePermission(actor, permission)
  if (grantsLastingRights && isRestricted(actor)) {
    throw forbidden(
      `This needs "${permission}" with a LOGIN or FULL_ACCESS token: what a RESTRICTED or EPHEMERAL token makes must not outlive it.`,
    )
  }
  return { action, subject } as Permit
}
