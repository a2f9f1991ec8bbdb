/** Maintenance of the rows of all tenants, without audit events. */
import type { EntityData, EntityName, FilterQuery, MikroORM } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'

import type { Config } from '../config/config.js'
import { toSqliteParameter } from '../database/dialect.js'
import type { Row } from '../database/row-mapper.js'
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

type Parameters = readonly (string | number | Date)[]

/** Statements of one transaction, with `?` for each parameter. */
export interface Statements {
  /** Returns the number of affected rows. */
  readonly run: (sql: string, ...parameters: Parameters) => Promise<number>
  readonly read: (sql: string, ...parameters: Parameters) => Promise<Row[]>
}

/** Runs statements of the rows of any tenant in one transaction. */
export const runStatements = <T>(
  { orm, journal, config }: MaintenanceDeps & { readonly config: Pick<Config, 'databaseUrl'> },
  work: (statements: Statements) => Promise<T>,
): Promise<T> =>
  journal.exclusive(orm.em.fork(), (em) => {
    const toParameter = config.databaseUrl === undefined ? toSqliteParameter : (parameter: unknown) => parameter
    const own = em as SqlEntityManager
    return work({
      run: async (sql, ...parameters) =>
        (await own.execute<{ affectedRows: number }>(sql, parameters.map(toParameter), 'run')).affectedRows,
      read: (sql, ...parameters) => own.execute(sql, parameters.map(toParameter)),
    })
  })
