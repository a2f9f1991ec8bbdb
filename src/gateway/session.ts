/**
 * Binds an MCP session to its owner. The client receives the upstream's session id, sealed under a key of server, tenant, end
 * user, credential and version of its value. Every replica can open it, and no other caller can use or read it. The id also
 * tells whether the client declared that it opens URLs: the gateway has to know it when the credential is gone.
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

/** Readable without the credential, and authenticated with the id where there is one. An envelope cannot end like this. */
const urlSuffix = '.url'

/** One key for each owner. This also bounds the number of nonces under one key (NIST SP 800-38D §8.3). */
function sessionKeys(secrets: DeploymentSecrets, { actor, server, credential }: SessionOwner): MasterKeys {
  const owner = JSON.stringify([server.id, actor.organizationId, actor.endUser?.id ?? null, credential.id, credential.version])
  return [{ id: purpose, key: createSecretKey(Buffer.from(secrets.mac(purpose, owner), 'hex')) }]
}

/** Whether the client of the session opens URLs. Not authenticated: it chooses between two forms of the same error. */
export const opensUrls = (bound: string | undefined): boolean => bound?.endsWith(urlSuffix) === true

const aad = (suffix: string): string[] => (suffix === '' ? [purpose] : [purpose, suffix])

/** Returns the session id for the client. @param clientOpensUrls whether the client declared `elicitation.url` */
export function bindSession(secrets: DeploymentSecrets, upstream: string, owner: SessionOwner, clientOpensUrls: boolean): string {
  const suffix = clientOpensUrls ? urlSuffix : ''
  return seal(sessionKeys(secrets, owner), aad(suffix), upstream) + suffix
}

/** Returns the upstream's session id; undefined for an id that was not issued to this owner. */
export function unbindSession(secrets: DeploymentSecrets, bound: string, owner: SessionOwner): string | undefined {
  const suffix = opensUrls(bound) ? urlSuffix : ''
  try {
    return open(sessionKeys(secrets, owner), aad(suffix), bound.slice(0, bound.length - suffix.length))
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}
