/** Verifies at startup that the configured master keys are those of this database, before any of them seals a value. */
import type { MikroORM } from '@mikro-orm/core'

import { ConfigError, type Config } from '../config/config.js'
import { MasterKeyProof, masterKeyProofAad } from '../entities/master-key-proof.js'
import type { Clock } from '../lib/clock.js'
import { open, seal, type MasterKey, type MasterKeys } from '../lib/crypto/seal.js'
import { masterKeyFile } from './master-keys.js'
import { countSealedWith, sealedColumns } from './sealed-columns.js'

/**
 * Stores a proof of each key at first use, so that one tampered row cannot decide the check. The caller holds the startup
 * lock (database/database.ts, withStartupLock).
 */
export async function recordMasterKeys(orm: MikroORM, masterKeys: MasterKeys, clock: Clock): Promise<void> {
  const known = new Set((await orm.em.fork().find(MasterKeyProof, {})).map(({ id }) => id))
  const em = orm.em.fork()
  for (const key of masterKeys) {
    if (known.has(key.id)) continue
    const sealedProof = seal([key], masterKeyProofAad(key.id), 'keyhouse')
    em.persist(Object.assign(new MasterKeyProof(), { id: key.id, sealedProof, firstSeenAt: clock() }))
  }
  await em.flush()
}

/** @throws ConfigError with the remedy */
export async function verifyMasterKeys(orm: MikroORM, config: Config, masterKeys: MasterKeys): Promise<void> {
  const source = config.masterKeys === undefined ? masterKeyFile(config) : 'KEYHOUSE_MASTER_KEYS'
  const mismatch = `${source} cannot decrypt this database: set it to the master keys that the database was last used with, newest first`
  const issues: string[] = []
  for (const { id, sealedProof } of await orm.em.fork().find(MasterKeyProof, {}, { orderBy: { id: 'ASC' } })) {
    const key = masterKeys.find((masterKey) => masterKey.id === id)
    if (key && !opens(key, sealedProof)) {
      issues.push(`${mismatch} ("${id}" is not the key that this database knows by that id; give a new key a new id)`)
    }
    if (!key && (await isInUse(orm, id))) {
      issues.push(
        `${mismatch} (values are encrypted with "${id}", which is missing; remove a key only when "keyhouse vault status" shows no values for it)`,
      )
    }
  }
  if (issues.length > 0) throw new ConfigError(issues)
}

async function isInUse(orm: MikroORM, keyId: string): Promise<boolean> {
  for (const column of sealedColumns) if ((await countSealedWith(orm, column, keyId)) > 0) return true
  return false
}

function opens(key: MasterKey, sealedProof: string): boolean {
  try {
    return open([key], masterKeyProofAad(key.id), sealedProof) === 'keyhouse'
  } catch {
    return false
  }
}
