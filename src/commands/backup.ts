/** `keyhouse backup`: copies the SQLite database while a server writes to it. It is read-only, so older schema versions work too. */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import type { Command } from 'commander'

import { readConfig, type Config } from '../config/config.js'
import { sqliteFilePath } from '../database/sqlite.js'
import { masterKeyFile } from '../encryption/master-keys.js'
import { CommandError } from './command-error.js'
import { addExample, jsonOption, printResult, type OutputOptions } from './definition.js'
import { formatColumns } from './output.js'

export interface Backup {
  readonly file: string
  readonly bytes: number
  /** Master key file, which is needed to restore the copy; null when the keys come from the environment. */
  readonly masterKeyFile: string | null
}

/** @throws CommandError with PostgreSQL, without a database, and when the target exists */
export async function backup(config: Config, target: string): Promise<Backup> {
  if (config.databaseUrl !== undefined) throw new CommandError('This command is for SQLite. Copy a PostgreSQL database with pg_dump.')
  const source = sqliteFilePath(config)
  if (!existsSync(source)) throw new CommandError(`There is no database at ${source}. Check KEYHOUSE_DATA_DIR.`)
  const file = resolve(target)
  createEmptyFile(file)
  const { default: Sqlite } = await import('better-sqlite3')
  try {
    const database = new Sqlite(source, { readonly: true, timeout: 30_000 })
    // VACUUM INTO is one read transaction: the copy holds every earlier commit, and writers are not blocked.
    database.prepare('vacuum into ?').run(file)
    database.close()
    const copy = new Sqlite(file, { readonly: true })
    const integrity: unknown = copy.pragma('integrity_check', { simple: true })
    copy.close()
    if (integrity !== 'ok') throw new CommandError(`The copy is damaged: ${String(integrity)}`)
    syncToDisk(file)
  } catch (error) {
    rmSync(file, { force: true })
    throw error
  }
  return { file, bytes: statSync(file).size, masterKeyFile: config.masterKeys === undefined ? resolve(masterKeyFile(config)) : null }
}

/** Creates the file before SQLite opens it: mode 0600 from the start, and never over an existing file. */
function createEmptyFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    const code: unknown = Reflect.get(Object(error), 'code')
    if (code === 'EEXIST') throw new CommandError(`${file} exists already. Name a new file.`)
    throw new CommandError(`${file} cannot be created (${String(code)}).`)
  }
}

/** Flushes the file and its directory entry, so that the copy survives a power failure. */
function syncToDisk(file: string): void {
  for (const [path, flags] of [
    [file, 'r+'],
    [dirname(file), 'r'],
  ] as const) {
    // Windows cannot open a directory, and flushes its entries itself.
    if (path !== file && process.platform === 'win32') continue
    const descriptor = openSync(path, flags)
    fsyncSync(descriptor)
    closeSync(descriptor)
  }
}

const formatBackup = ({ file, bytes, masterKeyFile: keyFile }: Backup): string =>
  `${formatColumns([
    ['Copied to', file],
    ['Bytes', String(bytes)],
  ])}\n\nThe copy can be decrypted with the master keys only. Store ${keyFile ?? 'the content of KEYHOUSE_MASTER_KEYS'} too, in another place.`

export function addBackupCommand(program: Command): void {
  const command = program
    .command('backup')
    .description('copy the SQLite database while the server runs')
    .argument('<file>', 'path of the copy, which must not exist')
    .option(...jsonOption)
    .action(async (file: string, options: OutputOptions) => {
      if (process.stderr.isTTY) process.stderr.write('Copying and checking the database…\n')
      printResult(options, await backup(readConfig(), file), formatBackup)
    })
  addExample(command, 'backup /backups/keyhouse.db')
}
