/** Which credential a use of a server presents: the one named, else the caller's newest usable one, else none. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../../access/actor.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { notFound } from '../../lib/errors.js'

/** One that has expired, was revoked, or was given for another host is never sent. */
export const isUsable = (credential: McpCredential, server: McpServer, now: Date): boolean =>
  credential.status(now) === 'ACTIVE' && credential.origin === server.origin

/** The server must have been read first: a credential that was stored since then, for a new URL, is not for the old one. */
export async function findLatestCredential(em: EntityManager, actor: Actor, server: McpServer, now: Date): Promise<McpCredential | null> {
  const where = {
    serverId: server.id,
    origin: server.origin,
    // People see those of end users too, and use none of them.
    endUserId: actor.endUser?.id ?? null,
    revokedAt: null,
    $or: [{ expiresAt: null }, { expiresAt: { $gt: now } }],
  }
  return em.findOne(McpCredential, where, { orderBy: [{ createdAt: 'DESC' }, { id: 'DESC' }] })
}

/** @throws DomainError NOT_FOUND */
export async function findCredential(em: EntityManager, server: McpServer, id: string): Promise<McpCredential> {
  const credential = await em.findOne(McpCredential, { id, serverId: server.id })
  if (!credential) throw notFound('No such MCP credential.', ['input', 'credentialId'])
  return credential
}
