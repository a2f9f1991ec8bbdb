/** Creates a database for each test file: a copy of the migrated SQLite file or of the migrated PostgreSQL template. */
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { Client } from 'pg'

import { readConfig, type Config } from '../../src/config/config.js'
import { migrate, createDatabase } from '../../src/database/database.js'
import { sqliteFilePath } from '../../src/database/sqlite.js'

declare const database: 'sqlite' | 'postgres'
export const isPostgres = database === 'postgres'

/** Fixed master keys for tests, in the format of KEYHOUSE_MASTER_KEYS. */
export const testMasterKeys = `test:${Buffer.alloc(32, 7).toString('base64')}`
const template = 'keyhouse_template'

export interface TestDatabase {
  readonly env: Record<string, string>
  drop(): Promise<void>
}

function emptySqlite(): TestDatabase {
  const directory = mkdtempSync(join(process.env['TEST_SQLITE_FOLDER']!, 'test-'))
  return {
    env: { KEYHOUSE_DATA_DIR: directory },
    drop: () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
  }
}

async function sqlite(): Promise<TestDatabase> {
  const migrated = join(process.env['TEST_SQLITE_FOLDER']!, template)
  if (!existsSync(migrated)) await migrateFile(migrated)
  const created = emptySqlite()
  copyFileSync(migrated, sqliteFilePath(readConfig(created.env)))
  return created
}

/** Renames the file when it is whole. Several workers may do this at once: each renames the same content. */
async function migrateFile(target: string): Promise<void> {
  const created = emptySqlite()
  const config = readConfig(created.env)
  await migrateDatabase(config)
  renameSync(sqliteFilePath(config), target)
  await created.drop()
}

async function migrateDatabase(config: Config): Promise<void> {
  const orm = await createDatabase(config)
  await migrate(orm, config)
  await orm.close(true)
}

const urlOf = (name: string): string => {
  const url = new URL(process.env['TEST_POSTGRES_URL']!)
  url.pathname = `/${name}`
  return url.href
}

async function withServer<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: urlOf('postgres') })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

let count = 0

async function postgres(isEmpty: boolean, options = ''): Promise<TestDatabase> {
  const name = `test_${process.pid}_${Date.now().toString(36)}_${count++}`
  await withServer(async (client) => {
    if (isEmpty) {
      await client.query(`create database ${name} ${options}`)
      return
    }
    // The first worker migrates the template; the others wait for the advisory lock.
    await client.query('select pg_advisory_lock(1)')
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template])
    if (rowCount === 0) {
      await client.query(`create database ${template}_unfinished`)
      await migrateDatabase(readConfig({ DATABASE_URL: urlOf(`${template}_unfinished`), KEYHOUSE_MASTER_KEYS: testMasterKeys }))
      await client.query(`alter database ${template}_unfinished rename to ${template}`)
    }
    await client.query(`create database ${name} template ${template}`)
    await client.query('select pg_advisory_unlock(1)')
  })
  return {
    env: { DATABASE_URL: urlOf(name), KEYHOUSE_MASTER_KEYS: testMasterKeys },
    drop: () => withServer(async (client) => void (await client.query(`drop database ${name} with (force)`))),
  }
}

/** A migrated database. */
export const newDatabase = (): Promise<TestDatabase> => (isPostgres ? postgres(false) : sqlite())

/** An unmigrated database whose locale has non-ASCII case mapping, as most servers have; SQLite has no locale. */
export const localizedDatabase = (): Promise<TestDatabase> =>
  isPostgres ? postgres(true, `template template0 locale_provider builtin builtin_locale 'C.UTF-8'`) : Promise.resolve(emptySqlite())

/** An unmigrated database. */
export const emptyDatabase = (): Promise<TestDatabase> => (isPostgres ? postgres(true) : Promise.resolve(emptySqlite()))
