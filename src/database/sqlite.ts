/** SQLite setup: database file, pragmas, migrations, and the startup lock as a lock file. */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'

import type { EventSubscriber, MikroORM } from '@mikro-orm/core'
import type { Database } from 'better-sqlite3'

import type { Config } from '../config/config.js'
import { DatabaseRefusedError, isUnavailable } from './database-errors.js'
import { sqliteMigrations } from './migrations/sqlite/index.js'
import { commonOrmOptions } from './orm-options.js'

/**
 * Begins a transaction before a rollback when SQLite has already rolled back (full or failing disk).
 * Otherwise the rollback fails and the only writing connection is never released: every later write would wait forever.
 */
export const ensureTransaction = (writer: Database): EventSubscriber => ({
  beforeTransactionRollback(): Promise<void> {
    if (!writer.inTransaction) writer.exec('begin')
    return Promise.resolve()
  },
})

export const sqliteFilePath = (config: Config): string => join(config.dataDir, 'keyhouse.db')

/** Creates the data directory and the database file, readable only by their owner, and opens the database. */
export async function createSqlite(config: Config): Promise<MikroORM> {
  const { MikroORM: Sqlite } = await import('@mikro-orm/sqlite')
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const file = sqliteFilePath(config)
  // Created before SQLite opens it, so that it is never readable by others. The -wal and -shm files inherit the mode.
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  const orm = await Sqlite.init({
    ...commonOrmOptions,
    dbName: file,
    driverOptions: { timeout: 1000 },
    migrations: { migrationsList: sqliteMigrations, snapshot: false, disableForeignKeys: false, silent: true },
  })
  const db = await getNativeConnection(orm)
  // Without recursive triggers, `insert or replace` deletes a row without firing the delete trigger.
  for (const pragma of ['journal_mode = wal', 'synchronous = full', 'foreign_keys = on', 'secure_delete = on', 'recursive_triggers = on'])
    db.pragma(pragma)
  return orm
}

/** The better-sqlite3 connection of the ORM. */
export async function getNativeConnection(orm: MikroORM): Promise<Database> {
  return (orm.em.getDriver().getConnection() as unknown as { getNativeClient(): Promise<Database> }).getNativeClient()
}

/** Takes the startup lock. */
export const lockDataDir = (config: Config): Promise<() => Promise<void>> => lockFile(join(config.dataDir, 'start.lock'), 30_000)

/**
 * Takes the lock that a server holds while it runs: caches, limits and write-behind rows assume one process.
 * @throws DatabaseRefusedError while another server holds it
 */
export async function lockServer(config: Config): Promise<() => Promise<void>> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  try {
    return await lockFile(join(config.dataDir, 'server.lock'), 0)
  } catch (error) {
    if (!isUnavailable(error)) throw error
    throw new DatabaseRefusedError(
      `Another server runs on ${sqliteFilePath(config)}. Stop it, or set KEYHOUSE_DATA_DIR to another directory. Several servers need PostgreSQL (DATABASE_URL).`,
    )
  }
}

/** An exclusive transaction on a file, which also ends with its process. */
async function lockFile(file: string, timeout: number): Promise<() => Promise<void>> {
  const { default: Sqlite } = await import('better-sqlite3')
  closeSync(openSync(file, 'a', 0o600))
  const lock = new Sqlite(file, { timeout })
  try {
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    throw error
  }
  return () => Promise.resolve(void lock.close())
}
