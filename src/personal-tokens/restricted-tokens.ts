/** Whose tokens these are, and how far a reduced token reaches among them. */
import { isRestricted, isRestrictedType, maxExpiry, type Actor } from '../access/actor.js'
import { assertCanGrantToUser } from '../access/grants.js'
import type { PersonalTokenType } from '../entities/enums.js'
import type { PersonalToken } from '../entities/personal-token.js'
import { forbidden } from '../lib/errors.js'

/** What a reduced token may not have: all of its user. @throws DomainError FORBIDDEN */
export function assertRestrictedType(actor: Actor, type: PersonalTokenType): void {
  if (isRestricted(actor) && !isRestrictedType(type)) throw forbidden(`A reduced token reaches no ${type} token.`)
}

/**
 * Of the tokens of its user a reduced one sees the texts of those alone that it could have made itself.
 * @throws DomainError FORBIDDEN or PERMISSION_NOT_HELD
 */
export function assertWithinScope(actor: Actor, token: PersonalToken): void {
  if (!isRestricted(actor)) return
  assertRestrictedType(actor, token.type)
  assertCanGrantToUser(actor, token.permissions ?? ['*'], ['input', 'id'])
  const latest = maxExpiry(actor, 'token')
  if (latest && token.expiresAt > latest) throw forbidden('A reduced token reaches no token that outlives it.', ['input', 'id'])
}
