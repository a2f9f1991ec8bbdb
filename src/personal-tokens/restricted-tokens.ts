/** Limits on RESTRICTED and EPHEMERAL tokens that create or reveal other personal tokens. */
import { isRestricted, isRestrictedType, maxExpiry, type Actor } from '../access/actor.js'
import { assertCanGrantToUser } from '../access/grants.js'
import type { PersonalTokenType } from '../entities/enums.js'
import type { PersonalToken } from '../entities/personal-token.js'
import { forbidden } from '../lib/errors.js'

/** A restricted token cannot obtain an unrestricted one: that would be privilege escalation. @throws DomainError FORBIDDEN */
export function assertRestrictedType(actor: Actor, type: PersonalTokenType): void {
  if (isRestricted(actor) && !isRestrictedType(type))
    throw forbidden(`A RESTRICTED or EPHEMERAL token cannot create or reveal a ${type} token. Use a LOGIN or FULL_ACCESS token.`)
}

/**
 * A restricted token reveals only tokens that it could have created: type, permissions and expiry within its own.
 * @throws DomainError FORBIDDEN or PERMISSION_NOT_HELD
 */
export function assertWithinScope(actor: Actor, token: PersonalToken): void {
  if (!isRestricted(actor)) return
  assertRestrictedType(actor, token.type)
  assertCanGrantToUser(actor, token.permissions ?? ['*'], ['input', 'id'])
  const latest = maxExpiry(actor, 'token')
  if (latest && token.expiresAt > latest)
    throw forbidden('A RESTRICTED or EPHEMERAL token cannot reveal a token that expires later. Use a LOGIN or FULL_ACCESS token.', [
      'input',
      'id',
    ])
}
