import type { Actor } from '../access/actor.js'
import type { Environment } from '../entities/enums.js'
import { environmentMismatch, badUserInput } from '../lib/errors.js'

/** @throws DomainError ENVIRONMENT_MISMATCH: a key or token works in one environment only. */
export function resolveEnvironment(actor: Actor, wanted: Environment | null | undefined): Environment {
  if (actor.environment === null) return wanted ?? 'SANDBOX'
  if (wanted && wanted !== actor.environment) {
    throw environmentMismatch(`This credential works in ${actor.environment} only.`, ['input', 'environment'])
  }
  return actor.environment
}

/** The same in a filter, where omitted means all that the caller may see. @throws RequestError BAD_USER_INPUT */
export function environmentFilter(actor: Actor, wanted: Environment | null | undefined): { environment?: Environment } {
  if (!wanted) return {}
  if (actor.environment !== null && wanted !== actor.environment)
    throw badUserInput(`"environment" may only be ${actor.environment} for this credential.`)
  return { environment: wanted }
}
