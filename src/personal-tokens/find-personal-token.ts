/** Finds a personal token for a mutation, and tells whether it is the caller's own. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../access/actor.js'
import { PersonalToken } from '../entities/personal-token.js'
import { objectNotFound } from '../lib/errors.js'

/** @throws DomainError NOT_FOUND, with the same message for another organization's token, so that ids cannot be probed. */
export async function findPersonalToken(em: EntityManager, id: string): Promise<PersonalToken> {
  const token = await em.findOne(PersonalToken, { id })
  if (!token) throw objectNotFound('personal token', ['input', 'id'])
  return token
}

export const isOwnToken = (actor: Actor, token: PersonalToken): boolean => actor.personalToken?.userId === token.userId
