/** Finds an MCP server within the caller's tenant. */
import type { EntityManager } from '@mikro-orm/core'

import { McpServer } from '../entities/mcp-server.js'
import { objectNotFound } from '../lib/errors.js'

/** @throws DomainError NOT_FOUND at input field `field`, with the same message for others' servers, so that ids cannot be probed. */
export async function findMcpServer(em: EntityManager, id: string, field = 'id'): Promise<McpServer> {
  const server = await em.findOne(McpServer, { id })
  if (!server) throw objectNotFound('MCP server', ['input', field])
  return server
}
