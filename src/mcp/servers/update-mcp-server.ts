/** Updates an MCP server. A new origin revokes its credentials: a secret is never sent to another host. */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import type { McpCredential } from '../../entities/mcp-credential.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { invalid, invalidState } from '../../lib/errors.js'
import { Validator } from '../../validation/validator.js'
import { expireApprovals } from '../approvals/expire-approvals.js'
import { assertCanRelax } from '../assert-can-relax.js'
import { findUpstreamGrants, revokeUpstreamGrants, type UpstreamGrant } from '../connections/revoke-upstream.js'
import { findMcpCredential } from '../credentials/find-mcp-credential.js'
import { revokeCredentials } from '../credentials/revoke-credentials.js'
import { isUsable } from '../credentials/select-credential.js'
import { findMcpServer } from '../find-mcp-server.js'
import { toServerOAuth } from './server-oauth.js'
import { validateServer, assertCanModify, assertLabelAvailable, assertUrlAllowed, type McpServerFields } from './server-rules.js'

export interface UpdateMcpServerArgs extends McpServerFields {
  readonly id: string
  readonly sharedCredentialId?: string | null | undefined
}

/** @throws DomainError INVALID, URL_NOT_ALLOWED, NOT_FOUND, FORBIDDEN, CONFLICT or INVALID_STATE */
export async function updateMcpServer(ctx: Context, input: UpdateMcpServerArgs): Promise<{ server: McpServer }> {
  let grants: UpstreamGrant[] = []
  const updated = await perform(ctx, 'mcp_server:update', async ({ em, actor, now, permit, addDetails }) => {
    const validator = new Validator()
    validateServer(validator, input)
    validator.throwIfInvalid()
    assertUrlAllowed(ctx.services.outbound, input.serverUrl)
    assertUrlAllowed(ctx.services.outbound, input.oauth?.issuer, ['oauth', 'issuer'])
    permit({ requestedId: input.id })
    const server = await findMcpServer(em, input.id)
    const permitted = permit(server)
    assertCanModify(actor, server)
    const { sharedCredentialId } = input
    const shared = sharedCredentialId == null ? null : await findMcpCredential(em, sharedCredentialId, 'sharedCredentialId', server.id)
    if (relaxesRules(server, input)) await assertCanRelax(em, actor, server)
    if (input.serverLabel) await assertLabelAvailable(em, server, input.serverLabel)
    const { origin, serverUrl } = server
    if (input.name) server.name = input.name
    if (input.serverLabel) server.serverLabel = input.serverLabel
    if (input.serverUrl) server.serverUrl = input.serverUrl
    if (input.serverDescription !== undefined) server.serverDescription = input.serverDescription
    if (input.allowedTools !== undefined) server.allowedTools = input.allowedTools && [...input.allowedTools]
    if (input.requireApproval) server.requireApproval = input.requireApproval
    if (input.oauth !== undefined) server.oauth = toServerOAuth(input.oauth)
    if (input.metadata) server.metadata = { ...input.metadata }
    if (shared) assertShareable(shared, server, now)
    if (sharedCredentialId !== undefined) server.sharedCredentialId = sharedCredentialId
    server.updatedAt = now
    // Open approvals were given for the previous URL.
    if (server.serverUrl !== serverUrl) await expireApprovals(em, permitted, server.id)
    if (server.origin !== origin) {
      grants = await findUpstreamGrants(em, permitted, ctx.services, { serverId: server.id })
      addDetails({ revokedCredentialCount: await revokeCredentials(em, permitted, { serverId: server.id }, now) })
    }
    return { server }
  })
  revokeUpstreamGrants(ctx.services, grants)
  return updated
}

/** True when the update allows calls that needed approval, were blocked or had no credential before. */
function relaxesRules(server: McpServer, { requireApproval, allowedTools, sharedCredentialId }: UpdateMcpServerArgs): boolean {
  if (sharedCredentialId != null && sharedCredentialId !== server.sharedCredentialId) return true
  if (requireApproval === 'NEVER' && server.requireApproval !== 'NEVER') return true
  if (allowedTools === undefined || server.allowedTools === null) return false
  return allowedTools === null || allowedTools.some((tool) => !server.allowedTools?.includes(tool))
}

/** A credential that one end user stored is sent for that end user only. @throws DomainError INVALID or INVALID_STATE */
function assertShareable(credential: McpCredential, server: McpServer, now: Date): void {
  const path = ['input', 'sharedCredentialId']
  if (credential.endUserId !== null)
    throw invalid('"sharedCredentialId" must be a credential of the backend. Store one without X-On-Behalf-Of.', path)
  if (!isUsable(credential, server, now))
    throw invalidState('"sharedCredentialId" must be an ACTIVE credential, stored for the current origin of "serverUrl".', path)
}
