/** Erases an end user in one transaction: revokes tokens and credentials, deletes MCP servers, approvals, OAuth grants and the record. */
import { assertMayNameEndUser } from '../access/end-user-scope.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { unrevokedTokens } from '../database/queries/live-credentials.js'
import { AccessToken } from '../entities/access-token.js'
import { BrowserSession } from '../entities/browser-session.js'
import { EndUser } from '../entities/end-user.js'
import type { Environment } from '../entities/enums.js'
import { McpConnection } from '../entities/mcp-connection.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { McpServer } from '../entities/mcp-server.js'
import { McpToolApproval } from '../entities/mcp-tool-approval.js'
import { objectNotFound } from '../lib/errors.js'
import { deriveEndUserId, externalIdMessage, isExternalId } from '../lib/external-id.js'
import { findUpstreamGrants, revokeUpstreamGrants, type UpstreamGrant } from '../mcp/connections/revoke-upstream.js'
import { revokeCredentials } from '../mcp/credentials/revoke-credentials.js'
import { deleteGrants } from '../oauth/grants/revoke-grants.js'
import { resolveEnvironment } from '../tenancy/environment.js'
import { disableOwnerFilter } from '../tenancy/owner-filter.js'
import { findProjectOrDefault } from '../tenancy/project.js'
import { Validator } from '../validation/validator.js'

export interface ForgetEndUserArgs {
  readonly externalId: string
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
}

/** Derived id of the forgotten end user, and the number of rows that ended with it. */
export interface ForgottenEndUser {
  readonly forgottenEndUserId: string
  readonly revokedTokens: number
  readonly wipedCredentials: number
  readonly deletedServers: number
  readonly deletedGrants: number
}

/** @throws DomainError INVALID, FORBIDDEN or NOT_FOUND */
export async function forgetEndUser(ctx: Context, input: ForgetEndUserArgs): Promise<ForgottenEndUser> {
  let grants: UpstreamGrant[] = []
  const forgotten = await perform(ctx, 'end_user:forget', async ({ em, actor, now, permit, addDetails }) => {
    const validator = new Validator()
    if (!isExternalId(input.externalId)) validator.addIssue('externalId', externalIdMessage)
    validator.throwIfInvalid()
    const environment = resolveEnvironment(actor, input.environment)
    permit({ environment })
    assertMayNameEndUser(actor, input.externalId, ['input', 'externalId'])
    const project = await findProjectOrDefault(em, input.projectId)
    const id = deriveEndUserId(actor.organizationId, project.id, environment, input.externalId)
    const endUser = await em.findOne(EndUser, { id })
    if (!endUser) throw objectNotFound('end user', ['input', 'externalId'])
    const permitted = permit(endUser)
    const unfilteredEm = disableOwnerFilter(em, permitted)
    const live = { endUserId: id, ...unrevokedTokens(now) }
    const revokedTokens = await unfilteredEm.nativeUpdate(AccessToken, live, { revokedAt: now })
    grants = await findUpstreamGrants(em, permitted, ctx.services, { endUserId: id })
    const wipedCredentials = await revokeCredentials(unfilteredEm, permitted, { endUserId: id }, now)
    // Names and header names may identify the person. The revoked record keeps only the derived end-user id.
    await unfilteredEm.nativeUpdate(McpCredential, { endUserId: id }, { name: null, authorizationPreview: null, headerNames: [] })
    const deletedServers = await unfilteredEm.nativeDelete(McpServer, { endUserId: id })
    await unfilteredEm.nativeDelete(McpToolApproval, { endUserId: id })
    const deletedGrants = await deleteGrants(unfilteredEm, permitted, { endUserId: id })
    await em.nativeDelete(BrowserSession, { endUserId: id })
    await unfilteredEm.nativeDelete(McpConnection, { endUserId: id })
    em.remove(endUser)
    const counts = { revokedTokens, wipedCredentials, deletedServers, deletedGrants }
    addDetails(counts)
    return { forgottenEndUserId: id, ...counts }
  })
  revokeUpstreamGrants(ctx.services, grants)
  return forgotten
}
