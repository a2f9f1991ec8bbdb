/** Forgets an end user: its tokens end, its credentials are wiped, its servers and its row are deleted, all at once. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { AccessToken } from '../entities/access-token.js'
import { EndUser } from '../entities/end-user.js'
import type { Environment } from '../entities/enums.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { McpServer } from '../entities/mcp-server.js'
import { McpToolApproval } from '../entities/mcp-tool-approval.js'
import { notFound } from '../lib/errors.js'
import { deriveEndUserId, externalIdRule, isExternalId } from '../lib/external-id.js'
import { revokeCredentials } from '../mcp/credentials/revoke-credentials.js'
import { resolveEnvironment } from '../tenancy/environment.js'
import { disableOwnerFilter } from '../tenancy/owner-filter.js'
import { findProjectOrDefault } from '../tenancy/project.js'
import { Validator } from '../validation/validator.js'

export interface Forgotten {
  readonly externalId: string
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
}

export async function forgetEndUser(
  ctx: Context,
  input: Forgotten,
): Promise<{ forgottenEndUserId: string; revokedTokens: number; wipedCredentials: number; deletedServers: number }> {
  return perform(ctx, 'end_user:forget', async ({ em, actor, now, permit, addDetails }) => {
    const validator = new Validator()
    if (!isExternalId(input.externalId)) validator.addIssue('externalId', externalIdRule)
    validator.throwIfInvalid()
    const environment = resolveEnvironment(actor, input.environment)
    permit({ environment })
    const project = await findProjectOrDefault(em, input.projectId)
    const id = deriveEndUserId(actor.organizationId, project.id, environment, input.externalId)
    const endUser = await em.findOne(EndUser, { id })
    if (!endUser) throw notFound('No such end user.', ['input', 'externalId'])
    const permitted = permit(endUser)
    const all = disableOwnerFilter(em, permitted)
    const live = { endUserId: id, revokedAt: null, expiresAt: { $gt: now } }
    const revokedTokens = await all.nativeUpdate(AccessToken, live, { revokedAt: now })
    const wipedCredentials = await revokeCredentials(all, permitted, { endUserId: id }, now)
    // What its owner called it may tell who that was; the record keeps only the derived id.
    await all.nativeUpdate(McpCredential, { endUserId: id }, { name: null, authorizationPreview: null, headerNames: [] })
    const deletedServers = await all.nativeDelete(McpServer, { endUserId: id })
    await all.nativeDelete(McpToolApproval, { endUserId: id })
    em.remove(endUser)
    addDetails({ revokedTokens, wipedCredentials, deletedServers })
    return { forgottenEndUserId: id, revokedTokens, wipedCredentials, deletedServers }
  })
}
