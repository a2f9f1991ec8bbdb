/** What is to be rolled back on SQLite may be rolled back already. */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'

import type { EventSubscriber, MikroORM } from '@mikro-orm/core'
import type { Database } from 'better-sqlite3'

import type { Config } from '../config/config.js'
import { sqliteMigrations } from './migrations/sqlite/index.js'
import { common } from './orm-options.js'

/**
 * When the disk is full or fails SQLite ends the transaction by itself. The rollback that follows would fail, and the one
 * connection that writes would never be handed back: every change after it would wait for ever.
 */
export const ensureTransaction = (writer: Database): EventSubscriber => ({
  beforeTransactionRollback(): Promise<void> {
    if (!writer.inTransaction) writer.exec('begin')
    return Promise.resolve()
  },
})

export const sqliteFile = (config: Config): string => join(config.dataDir, 'keyhouse.db')

export async function createSqlite(config: Config): Promise<MikroORM> {
  const { MikroORM: Sqlite } = await import('@mikro-orm/sqlite')
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const file = sqliteFile(config)
  // Made before SQLite does, so that it is never readable by others; the -wal and -shm files inherit the mode.
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  const orm = await Sqlite.init({
    ...common,
    dbName: file,
    driverOptions: { timeout: 1000 },
    migrations: { migrationsList: sqliteMigrations, snapshot: false, disableForeignKeys: false, silent: true },
  })
  const db = await nativeSqlite(orm)
  // Recursive triggers: without them a row that `insert or replace` overwrites is deleted past the delete trigger.
  for (const pragma of ['journal_mode = wal', 'synchronous = full', 'foreign_keys = on', 'secure_delete = on', 'recursive_triggers = on'])
    db.pragma(pragma)
  return orm
}

export async function nativeSqlite(orm: MikroORM): Promise<Database> {
  return (orm.em.getDriver().getConnection() as unknown as { getNativeClient(): Promise<Database> }).getNativeClient()
}

/** An exclusive transaction on a file of its own: whoever dies within lets go of it. */
export async function lockDataDir(config: Config): Promise<() => Promise<void>> {
  const { default: Sqlite } = await import('better-sqlite3')
  const file = join(config.dataDir, 'start.lock')
  closeSync(openSync(file, 'a', 0o600))
  const lock = new Sqlite(file, { timeout: 30_000 })
  lock.exec('begin exclusive')
  return () => Promise.resolve(void lock.close())
}
