/** Lists the signing keys of this deployment, newest first. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../access/actor.js'
import { requirePermission } from '../access/permit.js'
import { SigningKey } from '../entities/signing-key.js'

/** @throws DomainError FORBIDDEN */
export async function listSigningKeys({ actor, em }: { readonly actor: Actor; readonly em: EntityManager }): Promise<SigningKey[]> {
  requirePermission(actor, 'signing_key:read')
  return em.findAll(SigningKey, { orderBy: { id: 'DESC' } })
}
