/** The keys that have called a server under approval: neither they nor their relatives loosen its rules (docs/decisions/0163). */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../../access/actor.js'
import { findRootKeyIds } from '../../access/key-families.js'
import { McpServerCaller } from '../../entities/mcp-server-caller.js'

type Called = Pick<McpServerCaller, 'organizationId' | 'projectId' | 'environment' | 'serverId'>

export async function recordCaller(em: EntityManager, { apiKey }: Actor, called: Called): Promise<void> {
  const { organizationId, projectId, environment, serverId } = called
  for (const rootKeyId of await findRootKeyIds(em, [apiKey?.id ?? ''])) {
    if (await em.findOne(McpServerCaller, { serverId, rootKeyId })) continue
    em.persist(Object.assign(new McpServerCaller(), { organizationId, projectId, environment, serverId, rootKeyId }))
  }
}

/** Whether this key, or a relative of it, has called the server. */
export async function hasCalled(em: EntityManager, keyId: string, serverId: string): Promise<boolean> {
  const rootKeyId = { $in: [...(await findRootKeyIds(em, [keyId]))] }
  return (await em.count(McpServerCaller, { serverId, rootKeyId })) > 0
}
