/** Database setup: SQLite in the data directory or PostgreSQL, migrations, and the startup lock. */
import type { MikroORM } from '@mikro-orm/core'
import type { Pool } from 'pg'

import type { Config } from '../config/config.js'
import { applyMigrations } from './migrate.js'
import { createPostgres, lockDatabase } from './postgres.js'
import { createSqlite, lockDataDir, lockServer } from './sqlite.js'

/** @param onPool receives PostgreSQL's connection pool for writes; SQLite has only one connection. */
export const createDatabase = (config: Config, onPool: (pool: Pool) => void = () => undefined): Promise<MikroORM> =>
  config.databaseUrl === undefined ? createSqlite(config) : createPostgres(config.databaseUrl, onPool)

/** Applies pending migrations under the startup lock. */
export const migrate = (orm: MikroORM, config: Config): Promise<void> => withStartupLock(config, () => applyMigrations(orm))

/** Runs `prepare` in one process at a time. Others wait until that process has finished or died. */
export async function withStartupLock<T>(config: Config, prepare: () => Promise<T>): Promise<T> {
  const release = config.databaseUrl === undefined ? await lockDataDir(config) : await lockDatabase(config.databaseUrl)
  try {
    return await prepare()
  } finally {
    await release()
  }
}

/**
 * Admits one server process to a SQLite file, until it ends or calls the result; PostgreSQL admits any number.
 * @throws DatabaseRefusedError
 */
export const admitServer = (config: Config): Promise<() => Promise<void>> =>
  config.databaseUrl === undefined ? lockServer(config) : Promise.resolve(() => Promise.resolve())
