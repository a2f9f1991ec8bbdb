/**
 * Lets the rest of a change reach the rows of every end user, within the tenant that the caller is confined to: deleting
 * or re-homing a server, forgetting an end user, resetting a sandbox. It takes the permit, so that nobody reaches further
 * than was asked; the entity manager is that of the one transaction and ends with it.
 */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../access/permit.js'
import type { Ownership } from '../entities/tenant-filter.js'

export function disableOwnerFilter(em: EntityManager, _permit: Permit): EntityManager {
  em.setFilterParams('owner', { allOwners: true } satisfies Ownership)
  return em
}
