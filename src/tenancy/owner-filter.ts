/** Disables the owner filter for the rest of one authorized change. */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../access/permit.js'
import type { Ownership } from '../entities/tenant-filter.js'

/**
 * Makes the rows of every end user visible, within the actor's tenant scope: for deleting or reassigning a server, forgetting
 * an end user, resetting a sandbox, or using a shared credential. The permit proves authorization. The entity manager ends with
 * its transaction, or is a fork.
 */
export function disableOwnerFilter(em: EntityManager, _permit: Permit): EntityManager {
  em.setFilterParams('owner', { allOwners: true } satisfies Ownership)
  return em
}
