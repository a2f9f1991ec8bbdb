/** A deployment always has a key that signs, and its successor published before it is needed. */
import type { MikroORM } from '@mikro-orm/core'

import type { Config } from '../config.js'
import { SigningKey } from '../entities/signing-key.js'
import type { Clock } from '../lib/clock.js'
import type { MasterKeys } from '../lib/seal.js'
import { newSigningKey } from './signing-keys.js'

export async function ensureSigningKeys(orm: MikroORM, config: Config, masterKeys: MasterKeys, clock: Clock): Promise<void> {
  const em = orm.em.fork()
  const keys = await em.find(SigningKey, { state: { $in: ['CURRENT', 'NEXT'] } })
  for (const state of ['CURRENT', 'NEXT'] as const) {
    if (!keys.some((key) => key.state === state)) em.persist(newSigningKey(config.jwtAlgorithm, state, masterKeys, clock()))
  }
  await em.flush()
}
