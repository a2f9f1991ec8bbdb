/** Where master keys come from: the configuration, or a 0600 file in the data directory that the first start makes. */
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { MikroORM } from '@mikro-orm/core'

import { ConfigError, type Config } from '../config/config.js'
import { SigningKey } from '../entities/signing-key.js'
import { validateMasterKeys, parseMasterKeys, type MasterKeys } from '../lib/seal.js'

export const masterKeyFile = (config: Config): string => join(config.dataDir, 'master.key')

/** @throws ConfigError with the way out. */
export function loadMasterKeys(config: Config, isNewDatabase: boolean): MasterKeys {
  if (config.masterKeys !== undefined) return parseMasterKeys(config.masterKeys)
  const file = masterKeyFile(config)
  if (!existsSync(file)) {
    if (!isNewDatabase) {
      throw new ConfigError([
        `${file} is missing, and this database holds values that it sealed: put the file back, or give its content in KEYHOUSE_MASTER_KEYS`,
      ])
    }
    makeFile(config, file)
  }
  assertPrivate(file)
  const text = readFileSync(file, 'utf8').trim()
  const fault = validateMasterKeys(text)
  if (fault !== undefined) throw new ConfigError([`${file} ${fault}`])
  return parseMasterKeys(text)
}

/** Who reads this file opens everything sealed; who owns it may swap it. @throws ConfigError */
function assertPrivate(file: string): void {
  // Windows has neither modes nor numeric owners.
  if (process.platform === 'win32') return
  const { mode, uid } = statSync(file)
  if ((mode & 0o077) !== 0) throw new ConfigError([`${file} is accessible to other users: run "chmod 600 ${file}"`])
  if (uid !== process.geteuid?.()) {
    throw new ConfigError([`${file} belongs to user ${uid}, and Keyhouse runs as user ${process.geteuid?.()}: run it as the file's owner`])
  }
}

/** Whole and on disk before anything is sealed under it: a power cut must not leave a database whose key is lost. */
function makeFile(config: Config, file: string): void {
  const unfinished = `${file}.new`
  rmSync(unfinished, { force: true })
  const descriptor = openSync(unfinished, 'wx', 0o600)
  writeFileSync(descriptor, `k1:${randomBytes(32).toString('base64')}\n`)
  fsyncSync(descriptor)
  closeSync(descriptor)
  renameSync(unfinished, file)
  // Windows cannot open a folder, and keeps its entries by itself.
  if (process.platform === 'win32') return
  const folder = openSync(config.dataDir, 'r')
  fsyncSync(folder)
  closeSync(folder)
}

/** What to tell someone whose master keys do not open what this database holds. */
export const masterKeyMismatch = (config: Config, cause: unknown): ConfigError =>
  Object.assign(
    new ConfigError([
      `${config.masterKeys === undefined ? masterKeyFile(config) : 'KEYHOUSE_MASTER_KEYS'} does not open what this database holds: ` +
        'give the master keys that it was last used with, the newest first',
    ]),
    { cause },
  )

/** A deployment has a signing key, sealed, from its first start on. */
export const isNewDatabase = async (orm: MikroORM): Promise<boolean> => (await orm.em.fork().count(SigningKey)) === 0
