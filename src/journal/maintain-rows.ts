/** Maintenance of the rows of all tenants, without audit events. */
import type { EntityData, EntityName, FilterQuery, MikroORM } from '@mikro-orm/core'

import type { Journal } from './journal.js'

export interface MaintenanceDeps {
  readonly orm: MikroORM
  readonly journal: Journal
}

const allTenants = { filters: { tenant: false, owner: false } } as const

/** Changes the matching rows. Returns false without a write if there are none, so an idle server writes nothing. */
export async function updateRows<T extends object>(
  { orm, journal }: MaintenanceDeps,
  entity: EntityName<T>,
  where: FilterQuery<NoInfer<T>>,
  change: EntityData<NoInfer<T>>,
): Promise<boolean> {
  if (!(await orm.em.fork().findOne(entity, where, allTenants))) return false
  return (await journal.exclusive(orm.em.fork(), (em) => em.nativeUpdate(entity, where, change, allTenants))) > 0
}

/** Deletes the matching rows. */
export const deleteRows = async <T extends object>(
  { orm, journal }: MaintenanceDeps,
  entity: EntityName<T>,
  where: FilterQuery<NoInfer<T>>,
): Promise<number> => journal.exclusive(orm.em.fork(), (em) => em.nativeDelete(entity, where, allTenants))
