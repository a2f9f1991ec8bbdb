/** Selects the credential for a request to a server: the named one, else the caller's latest usable one, else none. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../../access/actor.js'
import { liveMcpCredentials } from '../../database/queries/live-credentials.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { objectNotFound } from '../../lib/errors.js'

/** False when expired, revoked or created for another origin: a secret is never sent to another host. */
export const isUsable = (credential: McpCredential, server: McpServer, now: Date): boolean =>
  credential.status(now) === 'ACTIVE' && credential.origin === server.origin

/** Read `server` before calling this: the filter on its origin excludes a credential created since for a new URL. */
export async function findLatestCredential(em: EntityManager, actor: Actor, server: McpServer, now: Date): Promise<McpCredential | null> {
  const where = {
    serverId: server.id,
    origin: server.origin,
    // Members can read end users' credentials, but cannot use them.
    endUserId: actor.endUser?.id ?? null,
    ...liveMcpCredentials(now),
  }
  return em.findOne(McpCredential, where, { orderBy: [{ createdAt: 'DESC' }, { id: 'DESC' }] })
}

/** @throws DomainError NOT_FOUND */
export async function findCredential(em: EntityManager, server: McpServer, id: string): Promise<McpCredential> {
  const credential = await em.findOne(McpCredential, { id, serverId: server.id })
  if (!credential) throw objectNotFound('MCP credential', ['input', 'credentialId'])
  return credential
}
