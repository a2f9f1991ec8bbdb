/** One of the caller's own tokens, for changing it. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../access/actor.js'
import { PersonalToken } from '../entities/personal-token.js'
import { notFound } from '../lib/errors.js'

/** @throws DomainError NOT_FOUND, in the same words for another organization's and for one that never was. */
export async function findPersonalToken(em: EntityManager, id: string): Promise<PersonalToken> {
  const token = await em.findOne(PersonalToken, { id })
  if (!token) throw notFound('No such personal token.', ['input', 'id'])
  return token
}

export const isOwn = (actor: Actor, token: PersonalToken): boolean => actor.personalToken?.userId === token.userId
