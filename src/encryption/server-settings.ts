/** Settings that the server last ran with, recorded at its start. A command must seal, sign and name things as the server does. */
import type { MikroORM } from '@mikro-orm/core'

import { ConfigError, type Config } from '../config/config.js'
import { DeploymentState, deploymentStateId } from '../entities/deployment-state.js'
import { MasterKeyProof } from '../entities/master-key-proof.js'
import { algorithms } from '../lib/crypto/jwt.js'
import type { MasterKeys } from '../lib/crypto/seal.js'

const separator = ','

const formatIds = (masterKeys: MasterKeys): string => masterKeys.map(({ id }) => id).join(separator)

export async function recordServerSettings(orm: MikroORM, { url, jwtAlgorithm, keyPrefix }: Config, masterKeys: MasterKeys): Promise<void> {
  const settings = { url, jwtAlgorithm, keyPrefix, masterKeyIds: formatIds(masterKeys) }
  await orm.em.fork().nativeUpdate(DeploymentState, { id: deploymentStateId }, settings)
}

/**
 * The configuration of a command: what it leaves out is as the server had it.
 * @throws ConfigError for settings that contradict the server's
 */
export async function matchServerSettings(orm: MikroORM, config: Config, masterKeys: MasterKeys): Promise<Config> {
  const state = await orm.em.fork().findOne(DeploymentState, { id: deploymentStateId })
  if (!state?.url || !state.keyPrefix || !state.masterKeyIds) return config
  const jwtAlgorithm = algorithms.find((algorithm) => algorithm === state.jwtAlgorithm) ?? config.jwtAlgorithm
  const { url, keyPrefix, masterKeyIds } = state
  const issues = [
    ...(config.isUrlSet ? compare('KEYHOUSE_URL', config.url, url) : []),
    ...(config.isJwtAlgorithmSet ? compare('KEYHOUSE_JWT_ALGORITHM', config.jwtAlgorithm, jwtAlgorithm) : []),
    ...(config.isKeyPrefixSet ? compare('KEYHOUSE_KEY_PREFIX', config.keyPrefix, keyPrefix) : []),
    ...(await compareMasterKeys(orm, masterKeys, masterKeyIds)),
  ]
  if (issues.length > 0) throw new ConfigError(issues)
  return { ...config, url, jwtAlgorithm, keyPrefix }
}

const compare = (name: string, here: string, served: string): string[] =>
  here === served
    ? []
    : [
        `${name}: is ${here} here, and the server last ran with ${served}: leave it out or set it alike, or restart the server with the new value first`,
      ]

/** A newer key comes first here once all servers can open it: the step before `vault reseal` in a change of master keys. */
async function compareMasterKeys(orm: MikroORM, [{ id }]: MasterKeys, servedIds: string): Promise<string[]> {
  const [servedId, ...others] = servedIds.split(separator)
  if (id === servedId) return []
  const name = 'the master keys (KEYHOUSE_MASTER_KEYS or master.key)'
  if (!others.includes(id))
    return [
      `${name}: "${id}" is first here, and the server last ran without it (${servedIds}), so it could not open what this command seals: restart the server with it first`,
    ]
  const [own, served] = await Promise.all([id, servedId].map((keyId) => orm.em.fork().findOneOrFail(MasterKeyProof, { id: keyId! })))
  if (own!.firstSeenAt > served!.firstSeenAt) return []
  return [`${name}: "${id}" is first here, and the server last sealed with "${servedId}": give them in the server's order (${servedIds})`]
}
