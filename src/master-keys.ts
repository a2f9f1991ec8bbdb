/** Where master keys come from: the configuration, or a 0600 file in the data directory that the first start makes. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { ConfigError, type Config } from './config.js'
import { masterKey, type MasterKey, type MasterKeys } from './lib/seal.js'

const form =
  'must be "id:base64" entries separated by commas, newest first, each of 32 bytes; make one with: echo "k1:$(openssl rand -base64 32)"'

function parse(text: string, source: string): MasterKeys {
  const keys = text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
    .map((entry): MasterKey => {
      const [, id, base64] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/.exec(entry) ?? []
      if (id === undefined || base64 === undefined) throw new ConfigError([`${source}: ${form}`])
      return masterKey(id, Buffer.from(base64, 'base64'))
    })
  const [first, ...rest] = keys
  if (!first) throw new ConfigError([`${source}: ${form}`])
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new ConfigError([`${source}: two master keys have the same id`])
  return [first, ...rest]
}

/** @throws ConfigError with the way out. */
export function loadMasterKeys(config: Config, isNewDatabase: boolean): MasterKeys {
  if (config.masterKeys !== undefined) return parse(config.masterKeys, 'KEYHOUSE_MASTER_KEYS')
  const file = join(config.dataDir, 'master.key')
  if (!existsSync(file)) {
    if (!isNewDatabase) {
      throw new ConfigError([
        `${file} is missing, and this database holds values that it sealed: put the file back, or give its content in KEYHOUSE_MASTER_KEYS`,
      ])
    }
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
    writeFileSync(file, `k1:${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  }
  return parse(readFileSync(file, 'utf8'), file)
}
