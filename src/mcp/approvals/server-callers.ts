/** Key families that have called a server under approval; they cannot relax its rules (docs/decisions/0163). */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../../access/actor.js'
import { findRootKeyIds } from '../../access/key-families.js'
import { McpServerCaller } from '../../entities/mcp-server-caller.js'

type ServerScope = Pick<McpServerCaller, 'organizationId' | 'projectId' | 'environment' | 'serverId'>

/** Records each root key of the calling key, once per server. */
export async function recordCaller(em: EntityManager, { apiKey }: Actor, server: ServerScope): Promise<void> {
  const { organizationId, projectId, environment, serverId } = server
  for (const rootKeyId of await findRootKeyIds(em, [apiKey?.id ?? ''])) {
    if (await em.findOne(McpServerCaller, { serverId, rootKeyId })) continue
    em.persist(Object.assign(new McpServerCaller(), { organizationId, projectId, environment, serverId, rootKeyId }))
  }
}

/** True when this key, or a key of its family, has called the server. */
export async function hasCalled(em: EntityManager, keyId: string, serverId: string): Promise<boolean> {
  const rootKeyId = { $in: [...(await findRootKeyIds(em, [keyId]))] }
  return (await em.count(McpServerCaller, { serverId, rootKeyId })) > 0
}
