/** `keyhouse backup`: a whole copy of the SQLite file beside a server that goes on writing. It changes nothing, so it may be older than this version. */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import type { Config } from '../config/config.js'
import { sqliteFile } from '../database/sqlite.js'
import { masterKeyFile } from '../encryption/master-keys.js'
import { CommandError } from './command-error.js'

export interface Backup {
  readonly file: string
  readonly bytes: number
  /** What is needed beside the copy; null when it comes from the environment. */
  readonly masterKeyFile: string | null
}

/** @throws CommandError with PostgreSQL, without a database, and for a file that is there already. */
export async function backup(config: Config, target: string): Promise<Backup> {
  if (config.databaseUrl !== undefined) throw new CommandError('This is for SQLite. Copy a PostgreSQL database with pg_dump.')
  const source = sqliteFile(config)
  if (!existsSync(source)) throw new CommandError(`There is no database at ${source}: look at KEYHOUSE_DATA_DIR.`)
  const file = resolve(target)
  makeEmpty(file)
  const { default: Sqlite } = await import('better-sqlite3')
  try {
    const database = new Sqlite(source, { readonly: true, timeout: 30_000 })
    // One read transaction: what was acknowledged before it began is in the copy, and writers do not wait.
    database.prepare('vacuum into ?').run(file)
    database.close()
    const copy = new Sqlite(file, { readonly: true })
    const verdict: unknown = copy.pragma('integrity_check', { simple: true })
    copy.close()
    if (verdict !== 'ok') throw new CommandError(`The copy is damaged: ${String(verdict)}`)
    persist(file)
  } catch (error) {
    rmSync(file, { force: true })
    throw error
  }
  return { file, bytes: statSync(file).size, masterKeyFile: config.masterKeys === undefined ? resolve(masterKeyFile(config)) : null }
}

/** Before SQLite opens it, so that it is never readable by others, and never in place of something else. */
function makeEmpty(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    const code: unknown = Reflect.get(Object(error), 'code')
    if (code === 'EEXIST') throw new CommandError(`${file} is there already: name a new file.`)
    throw new CommandError(`${file} cannot be made (${String(code)}).`)
  }
}

/** A copy that a power cut takes back is none. */
function persist(file: string): void {
  for (const [path, flags] of [
    [file, 'r+'],
    [dirname(file), 'r'],
  ] as const) {
    // Windows cannot open a folder, and keeps its entries by itself.
    if (path !== file && process.platform === 'win32') continue
    const descriptor = openSync(path, flags)
    fsyncSync(descriptor)
    closeSync(descriptor)
  }
}
