/** Updates an MCP server. A new origin revokes its credentials: a secret is never sent to another host. */
import type { EntityManager } from '@mikro-orm/core'

import { maxExpiry, type Actor } from '../../access/actor.js'
import { requirePermission } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { forbidden } from '../../lib/errors.js'
import { Validator } from '../../validation/validator.js'
import { expireApprovals } from '../approvals/expire-approvals.js'
import { hasCalled } from '../approvals/server-callers.js'
import { revokeCredentials } from '../credentials/revoke-credentials.js'
import { findMcpServer } from '../find-mcp-server.js'
import { validateServer, assertCanModify, assertLabelAvailable, assertUrlAllowed, type McpServerFields } from './server-rules.js'

/** @throws DomainError INVALID, URL_NOT_ALLOWED, NOT_FOUND, FORBIDDEN or CONFLICT */
export async function updateMcpServer(ctx: Context, input: McpServerFields & { readonly id: string }): Promise<{ server: McpServer }> {
  return perform(ctx, 'mcp_server:update', async ({ em, actor, now, permit, addDetails }) => {
    const validator = new Validator()
    validateServer(validator, input)
    validator.throwIfInvalid()
    assertUrlAllowed(ctx.services.outbound, input.serverUrl)
    permit({ requestedId: input.id })
    const server = await findMcpServer(em, input.id)
    const permitted = permit(server)
    assertCanModify(actor, server)
    if (relaxesRules(server, input)) await assertCanRelax(em, actor, server)
    if (input.serverLabel) await assertLabelAvailable(em, server, input.serverLabel)
    const { origin, serverUrl } = server
    if (input.name) server.name = input.name
    if (input.serverLabel) server.serverLabel = input.serverLabel
    if (input.serverUrl) server.serverUrl = input.serverUrl
    if (input.serverDescription !== undefined) server.serverDescription = input.serverDescription
    if (input.allowedTools !== undefined) server.allowedTools = input.allowedTools && [...input.allowedTools]
    if (input.requireApproval) server.requireApproval = input.requireApproval
    if (input.metadata) server.metadata = { ...input.metadata }
    server.updatedAt = now
    // Open approvals were given for the previous URL.
    if (server.serverUrl !== serverUrl) await expireApprovals(em, permitted, server.id)
    if (server.origin !== origin)
      addDetails({ revokedCredentialCount: await revokeCredentials(em, permitted, { serverId: server.id }, now) })
    return { server }
  })
}

const callerFamilyMessage =
  'An API key that called this server under approval cannot relax its rules, and neither can a related key. Use a personal token, or a key of another origin.'

/** True when the update allows calls that needed approval or were blocked before. */
function relaxesRules(server: McpServer, { requireApproval, allowedTools }: McpServerFields): boolean {
  if (requireApproval === 'NEVER' && server.requireApproval !== 'NEVER') return true
  if (allowedTools === undefined || server.allowedTools === null) return false
  return allowedTools === null || allowedTools.some((tool) => !server.allowedTools?.includes(tool))
}

/** An agent, or a key that has called the server, must not relax the rules for itself. @throws DomainError FORBIDDEN */
async function assertCanRelax(em: EntityManager, actor: Actor, { id }: McpServer): Promise<void> {
  if (actor.endUser)
    throw forbidden(
      '"requireApproval" and "allowedTools" cannot be relaxed while acting for an end user. Repeat the request without X-On-Behalf-Of.',
    )
  requirePermission(actor, 'mcp_approval:decide')
  const endsAt = maxExpiry(actor, 'key')
  if (endsAt) {
    throw forbidden(
      `A credential that expires (${endsAt.toISOString()}) cannot relax "requireApproval" or "allowedTools". Use a LOGIN or FULL_ACCESS token, or an API key without expiry.`,
    )
  }
  if (!actor.apiKey) return
  if (await hasCalled(em, actor.apiKey.id, id)) throw forbidden(callerFamilyMessage)
}
