/** Finds a member for a mutation, and protects the last ADMIN of an organization. */
import type { EntityManager } from '@mikro-orm/core'

import { Member } from '../entities/member.js'
import { invalidState, objectNotFound } from '../lib/errors.js'

/** @throws DomainError NOT_FOUND, with the same message for another organization's member, so that ids cannot be probed. */
export async function findMember(em: EntityManager, id: string): Promise<Member> {
  const member = await em.findOne(Member, { id })
  if (!member) throw objectNotFound('member', ['input', 'id'])
  return member
}

/**
 * The count is race-free: mutations of one organization run serially.
 * @throws DomainError INVALID_STATE
 */
export async function assertNotLastAdmin(em: EntityManager, member: Member): Promise<void> {
  if (member.role === 'ADMIN' && (await em.count(Member, { role: 'ADMIN' })) === 1)
    throw invalidState('The last ADMIN cannot be removed or get another role. Make another member ADMIN first.')
}
