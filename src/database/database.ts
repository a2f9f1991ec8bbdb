/** The database: SQLite in the data directory or PostgreSQL, its migrations, and the guard of what a flush may touch. */
import type { MikroORM } from '@mikro-orm/core'
import type { Pool } from 'pg'

import type { Config } from '../config/config.js'
import { openPostgres, lockServer } from './postgres.js'
import { openSqlite, lockFolder } from './sqlite.js'
/** @param onPool is handed the connections that changes are made on; SQLite has but one. */
export const openDatabase = (config: Config, onPool: (pool: Pool) => void = () => undefined): Promise<MikroORM> =>
  config.databaseUrl === undefined ? openSqlite(config) : openPostgres(config.databaseUrl, onPool)
/** Brings the database up to date. */
export const migrate = (orm: MikroORM, config: Config): Promise<void> => onceAtATime(config, async () => void (await orm.migrator.up()))

/** Of several processes that start at once one prepares the database; the others wait until it has, or has died. */
export async function onceAtATime<T>(config: Config, prepare: () => Promise<T>): Promise<T> {
  const release = config.databaseUrl === undefined ? await lockFolder(config) : await lockServer(config.databaseUrl)
  try {
    return await prepare()
  } finally {
    await release()
  }
}
