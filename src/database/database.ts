/** The database: SQLite in the data directory or PostgreSQL, its migrations, and the guard of what a flush may touch. */
import type { MikroORM } from '@mikro-orm/core'
import type { Pool } from 'pg'

import type { Config } from '../config/config.js'
import { createPostgres, lockDatabase } from './postgres.js'
import { createSqlite, lockDataDir } from './sqlite.js'
/** @param onPool is handed the connections that changes are made on; SQLite has but one. */
export const createDatabase = (config: Config, onPool: (pool: Pool) => void = () => undefined): Promise<MikroORM> =>
  config.databaseUrl === undefined ? createSqlite(config) : createPostgres(config.databaseUrl, onPool)
/** Brings the database up to date. */
export const migrate = (orm: MikroORM, config: Config): Promise<void> => withStartupLock(config, async () => void (await orm.migrator.up()))

/** Of several processes that start at once one prepares the database; the others wait until it has, or has died. */
export async function withStartupLock<T>(config: Config, prepare: () => Promise<T>): Promise<T> {
  const release = config.databaseUrl === undefined ? await lockDataDir(config) : await lockDatabase(config.databaseUrl)
  try {
    return await prepare()
  } finally {
    await release()
  }
}
