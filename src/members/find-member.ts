/** One member, for changing them, and the rule that somebody always can. */
import type { EntityManager } from '@mikro-orm/core'

import { Member } from '../entities/member.js'
import { invalidState, notFound } from '../lib/errors.js'

/** @throws DomainError NOT_FOUND, in the same words for another organization's and for one that never was. */
export async function findMember(em: EntityManager, id: string): Promise<Member> {
  const member = await em.findOne(Member, { id })
  if (!member) throw notFound('No such member.', ['input', 'id'])
  return member
}

/**
 * Changes of one organization are serial, so of two requests at once the second one counts what the first one left.
 * @throws DomainError INVALID_STATE
 */
export async function assertNotLastAdmin(em: EntityManager, member: Member): Promise<void> {
  if (member.role === 'ADMIN' && (await em.count(Member, { role: 'ADMIN' })) === 1)
    throw invalidState('This is the last ADMIN, and one always remains. Make another member ADMIN first.')
}
