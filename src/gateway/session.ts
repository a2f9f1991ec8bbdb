/**
 * The session id that a client sees: the upstream's, sealed under a key of server, end user and credential. On every
 * replica it is good for the one who began the session and for nobody else, and nothing in it can be read.
 */
import { createSecretKey } from 'node:crypto'

import type { Actor } from '../access/actor.js'
import type { DeploymentSecrets } from '../encryption/deployment-secrets.js'
import type { McpServer } from '../entities/mcp-server.js'
import { open, seal, SealError, type MasterKeys } from '../lib/seal.js'
import type { UsableCredential } from '../mcp/credentials/open-credential.js'

export interface SessionOwner {
  readonly actor: Actor
  readonly server: McpServer
  readonly credential: UsableCredential
}

const purpose = 'mcp_session'

/** A key of its own for each owner also keeps the number of nonces under one key small (NIST SP 800-38D §8.3). */
function sessionKeys(secrets: DeploymentSecrets, { actor, server, credential }: SessionOwner): MasterKeys {
  const owner = JSON.stringify([server.id, actor.organizationId, actor.endUser?.id ?? null, credential.id])
  return [{ id: purpose, key: createSecretKey(Buffer.from(secrets.mac(purpose, owner), 'hex')) }]
}

export const bindSession = (secrets: DeploymentSecrets, upstream: string, owner: SessionOwner): string =>
  seal(sessionKeys(secrets, owner), [purpose], upstream)

/** The upstream's session id; undefined for one that was never issued to this owner. */
export function unbindSession(secrets: DeploymentSecrets, bound: string, owner: SessionOwner): string | undefined {
  try {
    return open(sessionKeys(secrets, owner), [purpose], bound)
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}
