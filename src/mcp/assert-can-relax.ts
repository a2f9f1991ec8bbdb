/** Authorizes a change that relaxes the rules of an MCP server: who may approve calls may also turn approval off. */
import type { EntityManager } from '@mikro-orm/core'

import { maxExpiry, type Actor } from '../access/actor.js'
import { requirePermission } from '../access/permit.js'
import type { McpServer } from '../entities/mcp-server.js'
import { forbidden } from '../lib/errors.js'
import { hasCalled } from './approvals/server-callers.js'

const callerFamilyMessage =
  'An API key that called this server under approval cannot relax its rules, and neither can a related key. Use a personal token, or a key of another origin.'

/** An agent, or a key that has called the server, must not relax the rules for itself. @throws DomainError FORBIDDEN */
export async function assertCanRelax(em: EntityManager, actor: Actor, { id }: McpServer): Promise<void> {
  if (actor.endUser)
    throw forbidden('The rules of a server cannot be relaxed while acting for an end user. Repeat the request without X-On-Behalf-Of.')
  requirePermission(actor, 'mcp_approval:decide')
  const endsAt = maxExpiry(actor, 'key')
  if (endsAt) {
    throw forbidden(
      `A credential that expires (${endsAt.toISOString()}) cannot relax the rules of a server. Use a LOGIN or FULL_ACCESS token, or an API key without expiry.`,
    )
  }
  if (!actor.apiKey) return
  if (await hasCalled(em, actor.apiKey.id, id)) throw forbidden(callerFamilyMessage)
}
