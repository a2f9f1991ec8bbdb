/** Resolves the environment of an input or a filter against the actor's own. */
import type { Actor } from '../access/actor.js'
import type { Environment } from '../entities/enums.js'
import { environmentMismatch, badUserInput } from '../lib/errors.js'

/**
 * Environment of an input: the actor's own, or SANDBOX by default for actors without one.
 * @throws DomainError ENVIRONMENT_MISMATCH if an API key or access token requests the other environment
 */
export function resolveEnvironment(actor: Actor, requested: Environment | null | undefined): Environment {
  if (actor.environment === null) return requested ?? 'SANDBOX'
  if (requested && requested !== actor.environment) {
    throw environmentMismatch(`This credential works in ${actor.environment} only.`, ['input', 'environment'])
  }
  return actor.environment
}

/** Environment condition of a filter; omitted means every visible row. @throws RequestError BAD_USER_INPUT on a mismatch */
export function environmentFilter(actor: Actor, requested: Environment | null | undefined): { environment?: Environment } {
  if (!requested) return {}
  if (actor.environment !== null && requested !== actor.environment)
    throw badUserInput(`"environment" may only be ${actor.environment} for this credential.`)
  return { environment: requested }
}
