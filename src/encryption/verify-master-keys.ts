/**
 * Whether the master keys at hand are those that this database knows: asked at start, before anything is sealed under them,
 * by one process at a time (database.ts, onceAtATime). Each key leaves a proof when it is first seen, so that no single row, which somebody may have tampered with, decides.
 */
import type { MikroORM } from '@mikro-orm/core'

import { ConfigError, type Config } from '../config/config.js'
import { MasterKeyProof, masterKeyProofAad } from '../entities/master-key-proof.js'
import type { Clock } from '../lib/clock.js'
import { open, seal, type MasterKey, type MasterKeys } from '../lib/seal.js'
import { masterKeyFile } from './master-keys.js'
import { countSealedWith, sealedColumns } from './sealed-columns.js'

/** @throws ConfigError with the way out. */
export async function verifyMasterKeys(orm: MikroORM, config: Config, masterKeys: MasterKeys, clock: Clock): Promise<void> {
  await assertKnownKeys(orm, config, masterKeys)
  const known = new Set((await orm.em.fork().find(MasterKeyProof, {})).map(({ id }) => id))
  const em = orm.em.fork()
  for (const key of masterKeys) {
    if (known.has(key.id)) continue
    const sealedProof = seal([key], masterKeyProofAad(key.id), 'keyhouse')
    em.persist(Object.assign(new MasterKeyProof(), { id: key.id, sealedProof, firstSeenAt: clock() }))
  }
  await em.flush()
}

async function assertKnownKeys(orm: MikroORM, config: Config, masterKeys: MasterKeys): Promise<void> {
  const source = config.masterKeys === undefined ? masterKeyFile(config) : 'KEYHOUSE_MASTER_KEYS'
  const wrong = `${source} does not open what this database holds: give the master keys that it was last used with, the newest first`
  const faults: string[] = []
  for (const { id, sealedProof } of await orm.em.fork().find(MasterKeyProof, {}, { orderBy: { id: 'ASC' } })) {
    const key = masterKeys.find((one) => one.id === id)
    if (key && !opens(key, sealedProof)) {
      faults.push(`${wrong} ("${id}" is another key than the one that this database knows under that id; a new key needs an id of its own)`)
    }
    if (!key && (await isInUse(orm, id))) {
      faults.push(
        `${wrong} (values are sealed under "${id}", which is not among them; drop a key only when "keyhouse vault status" shows nothing under it)`,
      )
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)
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
