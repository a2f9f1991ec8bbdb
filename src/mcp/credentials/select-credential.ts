/** Selects the credential for a request to a server: the caller's latest usable one, else the one that the server shares. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../../access/actor.js'
import type { Permit } from '../../access/permit.js'
import { liveMcpCredentials } from '../../database/queries/live-credentials.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'

/** False when expired, revoked, to be reconnected or created for another origin: a secret is never sent to another host. */
export const isUsable = (credential: McpCredential, server: McpServer, now: Date): boolean =>
  credential.status(now) === 'ACTIVE' && credential.healthStatus !== 'RECONNECT_REQUIRED' && credential.origin === server.origin

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

/** The live credential of the backend that the server shares with end users; null if there is none. */
export async function findSharedCredential(em: EntityManager, permit: Permit, server: McpServer, now: Date): Promise<McpCredential | null> {
  const { sharedCredentialId: id, origin } = server
  if (id === null) return null
  // In a fork: the owner filter of `em` stays on.
  return disableOwnerFilter(em.fork(), permit).findOne(McpCredential, {
    id,
    serverId: server.id,
    origin,
    endUserId: null,
    ...liveMcpCredentials(now),
  })
}
