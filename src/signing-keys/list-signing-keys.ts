import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../access/actor.js'
/** The keys of this deployment that sign tokens, newest first. */
import { requirePermission } from '../access/permit.js'
import { SigningKey } from '../entities/signing-key.js'

export async function listSigningKeys({ actor, em }: { readonly actor: Actor; readonly em: EntityManager }): Promise<SigningKey[]> {
  requirePermission(actor, 'signing_key:read')
  return em.findAll(SigningKey, { orderBy: { id: 'DESC' } })
}
