/**
 * Binds an MCP session to its owner. The client receives the upstream's session id, sealed under a key of server, tenant, end
 * user, credential and version of its value. Every replica can open it, and no other caller can use or read it.
 */
import { createSecretKey } from 'node:crypto'

import type { Actor } from '../access/actor.js'
import type { DeploymentSecrets } from '../encryption/deployment-secrets.js'
import type { McpServer } from '../entities/mcp-server.js'
import { open, seal, SealError, type MasterKeys } from '../lib/crypto/seal.js'
import type { UsableCredential } from '../mcp/credentials/open-credential.js'

export interface SessionOwner {
  readonly actor: Actor
  readonly server: McpServer
  readonly credential: UsableCredential
}

const purpose = 'mcp_session'

/** One key for each owner. This also bounds the number of nonces under one key (NIST SP 800-38D §8.3). */
function sessionKeys(secrets: DeploymentSecrets, { actor, server, credential }: SessionOwner): MasterKeys {
  const owner = JSON.stringify([server.id, actor.organizationId, actor.endUser?.id ?? null, credential.id, credential.version])
  return [{ id: purpose, key: createSecretKey(Buffer.from(secrets.mac(purpose, owner), 'hex')) }]
}

/** Returns the session id for the client. */
export const bindSession = (secrets: DeploymentSecrets, upstream: string, owner: SessionOwner): string =>
  seal(sessionKeys(secrets, owner), [purpose], upstream)

/** Returns the upstream's session id; undefined for an id that was not issued to this owner. */
export function unbindSession(secrets: DeploymentSecrets, bound: string, owner: SessionOwner): string | undefined {
  try {
    return open(sessionKeys(secrets, owner), [purpose], bound)
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}
