/** Finds an MCP credential within the caller's tenant and ownership. */
import type { EntityManager } from '@mikro-orm/core'

import { McpCredential } from '../../entities/mcp-credential.js'
import { objectNotFound } from '../../lib/errors.js'

/** @param serverId restricts to credentials of this server. @throws DomainError NOT_FOUND at input field `field` */
export async function findMcpCredential(em: EntityManager, id: string, field = 'id', serverId?: string): Promise<McpCredential> {
  const credential = await em.findOne(McpCredential, { id, ...(serverId === undefined ? {} : { serverId }) })
  if (!credential) throw objectNotFound('MCP credential', ['input', field])
  return credential
}
