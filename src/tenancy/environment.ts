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
    throw environmentMismatch(
      `"environment" must be ${actor.environment}, the environment of this credential, or omitted. To create a key for ${requested}, call createApiKey with a personal token and "environment: ${requested}", or run "keyhouse api-key create --environment ${requested}".`,
      ['input', 'environment'],
    )
  }
  return actor.environment
}

/** Environment condition of a filter; omitted means every visible row. @throws RequestError BAD_USER_INPUT on a mismatch */
export function environmentFilter(actor: Actor, requested: Environment | null | undefined): { environment?: Environment } {
  if (!requested) return {}
  if (actor.environment !== null && requested !== actor.environment)
    throw badUserInput(`"environment" must be ${actor.environment}, the environment of this credential, or omitted.`)
  return { environment: requested }
}
