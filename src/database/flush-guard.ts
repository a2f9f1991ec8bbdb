import type { EventSubscriber, FlushEventArgs } from '@mikro-orm/core'

import { tenantConstraint, ownerConstraint, type Ownership, type Scope } from '../entities/tenant-filter.js'

/**
 * A row that is changed must belong to the caller before and after. The filter scopes what is read; this closes the ways
 * around it: references, merged objects, new rows with a foreign column.
 */
export class FlushGuard implements EventSubscriber {
  onFlush({ em, uow }: FlushEventArgs): void {
    for (const { meta, entity, originalEntity } of uow.getChangeSets()) {
      const scope: unknown = em.getFilterParams('tenant')
      const ownership: unknown = em.getFilterParams('owner')
      const confinement = {
        ...tenantConstraint(meta.className, scope as Scope),
        ...ownerConstraint(meta.className, ownership as Ownership | undefined),
      }
      for (const [column, values] of Object.entries(confinement)) {
        const isWithin = (row: object): boolean => !values || values.includes(Reflect.get(row, column) as string | null)
        if (!isWithin(entity as object) || (originalEntity && !isWithin(originalEntity))) {
          throw new TypeError(`a change of ${meta.className} reaches beyond the caller's ${column}`)
        }
      }
    }
  }
}
