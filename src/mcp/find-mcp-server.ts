import type { EntityManager } from '@mikro-orm/core'

import { McpServer } from '../entities/mcp-server.js'
import { notFound } from '../lib/errors.js'

/** @throws DomainError NOT_FOUND, in the same words for what others have and for what never was. */
export async function findMcpServer(em: EntityManager, id: string, field = 'id'): Promise<McpServer> {
  const server = await em.findOne(McpServer, { id })
  if (!server) throw notFound('No such MCP server.', ['input', field])
  return server
}
