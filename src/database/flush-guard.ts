/** Flush guard: rejects a flush that changes a row outside of the caller's tenant or owner scope. */
import type { EventSubscriber, FlushEventArgs } from '@mikro-orm/core'

import { tenantConstraint, ownerConstraint, type Ownership, type Scope } from '../entities/tenant-filter.js'

/**
 * A changed row must be within the caller's scope before and after the change.
 * The entity filters scope only reads. References, merged entities and new rows with a foreign column bypass them.
 */
export class FlushGuard implements EventSubscriber {
  onFlush({ em, uow }: FlushEventArgs): void {
    for (const { meta, entity, originalEntity } of uow.getChangeSets()) {
      const scope: unknown = em.getFilterParams('tenant')
      const ownership: unknown = em.getFilterParams('owner')
      const constraints = {
        ...tenantConstraint(meta.className, scope as Scope),
        ...ownerConstraint(meta.className, ownership as Ownership | undefined),
      }
      for (const [column, allowedValues] of Object.entries(constraints)) {
        const isWithin = (row: object): boolean => !allowedValues || allowedValues.includes(Reflect.get(row, column) as string | null)
        if (!isWithin(entity as object) || (originalEntity && !isWithin(originalEntity))) {
          throw new TypeError(`a change of ${meta.className} is outside the ${column} of the caller`)
        }
      }
    }
  }
}
