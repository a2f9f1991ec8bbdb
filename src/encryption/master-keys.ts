/** Loads the master keys from the configuration, or from a 0600 file in the data directory that the first start creates. */
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { MikroORM } from '@mikro-orm/core'

import { ConfigError, type Config } from '../config/config.js'
import { SigningKey } from '../entities/signing-key.js'
import { validateMasterKeys, parseMasterKeys, type MasterKeys } from '../lib/crypto/seal.js'

/** Path of the master key file. */
export const masterKeyFile = (config: Config): string => join(config.dataDir, 'master.key')

/** @throws ConfigError with the remedy, for a file that is missing, malformed or not private. */
export function loadMasterKeys(config: Config, isNewDatabase: boolean): MasterKeys {
  if (config.masterKeys !== undefined) return parseMasterKeys(config.masterKeys)
  const file = masterKeyFile(config)
  if (!existsSync(file)) {
    if (!isNewDatabase) {
      throw new ConfigError([
        `${file} is missing, and the database has values encrypted with it: restore the file, or set KEYHOUSE_MASTER_KEYS to its content`,
      ])
    }
    createMasterKeyFile(config, file)
  }
  assertPrivate(file)
  const text = readFileSync(file, 'utf8').trim()
  const issue = validateMasterKeys(text)
  if (issue !== undefined) throw new ConfigError([`${file} ${issue}`])
  return parseMasterKeys(text)
}

/** The file decrypts every sealed value, so only its owner, the user of this process, may access it. @throws ConfigError */
function assertPrivate(file: string): void {
  // Windows has neither modes nor numeric owners.
  if (process.platform === 'win32') return
  const { mode, uid } = statSync(file)
  if ((mode & 0o077) !== 0) throw new ConfigError([`${file} is accessible to other users: run "chmod 600 ${file}"`])
  if (uid !== process.geteuid?.()) {
    throw new ConfigError([`${file} belongs to user ${uid}, and Keyhouse runs as user ${process.geteuid?.()}: run it as the file's owner`])
  }
}

/** Writes and syncs the file before first use: otherwise a power loss could leave sealed values without their key. */
function createMasterKeyFile(config: Config, file: string): void {
  const temporaryFile = `${file}.new`
  rmSync(temporaryFile, { force: true })
  const descriptor = openSync(temporaryFile, 'wx', 0o600)
  writeFileSync(descriptor, `k1:${randomBytes(32).toString('base64')}\n`)
  fsyncSync(descriptor)
  closeSync(descriptor)
  renameSync(temporaryFile, file)
  // Windows cannot open a directory, and persists its entries without a sync.
  if (process.platform === 'win32') return
  const directory = openSync(config.dataDir, 'r')
  fsyncSync(directory)
  closeSync(directory)
}

/** Error for master keys that do not open this database's sealed values. */
export const masterKeyMismatch = (config: Config, cause: unknown): ConfigError =>
  Object.assign(
    new ConfigError([
      `${config.masterKeys === undefined ? masterKeyFile(config) : 'KEYHOUSE_MASTER_KEYS'} cannot decrypt this database: ` +
        'set it to the master keys that the database was last used with, newest first',
    ]),
    { cause },
  )

/** Whether this is the deployment's first start, which creates the first signing key. */
export const isNewDatabase = async (orm: MikroORM): Promise<boolean> => (await orm.em.fork().count(SigningKey)) === 0
