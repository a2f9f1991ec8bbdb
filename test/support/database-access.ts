/** Access to the database below the API, with the filters of one organization or with none. */
import type { EntityManager, MikroORM } from '@mikro-orm/core'

import { readConfig } from '../../src/config/config.js'
import { createDatabase } from '../../src/database/database.js'
import type { TestApp } from './app.js'

/** A new entity manager for the rows of one organization, of every project, environment and owner. */
export function entityManager(orm: MikroORM, organizationId: string): EntityManager {
  const em = orm.em.fork()
  em.setFilterParams('tenant', { organizationId, projectIds: null, environment: null })
  em.setFilterParams('owner', { allOwners: true })
  return em
}

/** Executes SQL without the application's checks; `?` is a parameter. */
export const executeSql = (app: TestApp, text: string, parameters: readonly unknown[] = []): Promise<object[]> =>
  app.services.orm.em.getConnection().execute(text, [...parameters])

/** Opens a database that no running application uses, and closes it after `read`. */
export async function withDatabase<T>(env: Record<string, string>, read: (orm: MikroORM) => Promise<T>): Promise<T> {
  const orm = await createDatabase(readConfig(env))
  try {
    return await read(orm)
  } finally {
    await orm.close(true)
  }
}
