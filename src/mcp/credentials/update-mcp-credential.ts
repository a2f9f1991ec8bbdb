/** Updates an MCP credential in place: its value, name and expiry. A new value raises the version and keeps the id. */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import type { McpCredential } from '../../entities/mcp-credential.js'
import { forbidden, invalidState } from '../../lib/errors.js'
import { maxNameLength, Validator } from '../../validation/validator.js'
import { assertCanRelax } from '../assert-can-relax.js'
import { findUpstreamGrants, revokeUpstreamGrants, type UpstreamGrant } from '../connections/revoke-upstream.js'
import { findMcpServer } from '../find-mcp-server.js'
import { sealValue, toCredentialValue, validateAuth, type McpAuth } from './credential-value.js'
import { findMcpCredential } from './find-mcp-credential.js'

export interface UpdateMcpCredentialArgs {
  readonly id: string
  readonly name?: string | null | undefined
  readonly auth?: McpAuth | null | undefined
  readonly expiresAt?: Date | null | undefined
}

/** @throws DomainError INVALID, NOT_FOUND, FORBIDDEN or INVALID_STATE */
export async function updateMcpCredential(ctx: Context, input: UpdateMcpCredentialArgs): Promise<{ credential: McpCredential }> {
  const { name, auth, expiresAt } = input
  let grants: UpstreamGrant[] = []
  const updated = await perform(ctx, 'mcp_credential:update', async ({ em, actor, now, permit, addDetails }) => {
    const validator = new Validator()
    validator.text('name', name, maxNameLength)
    validator.notNull('auth', auth)
    if (auth) validateAuth(validator, auth)
    validator.future('expiresAt', expiresAt, now)
    validator.throwIfInvalid()
    permit({ requestedId: input.id })
    const credential = await findMcpCredential(em, input.id)
    const permitted = permit(credential)
    addDetails({ serverId: credential.serverId })
    if (credential.endUserId !== (actor.endUser?.id ?? null))
      throw forbidden('The credential belongs to an end user. Send X-On-Behalf-Of for that end user to update it.')
    if (credential.revokedAt) throw invalidState('The MCP credential is revoked and cannot be updated. Create a new one.')
    // A new value, or a later expiry, of a shared credential affects every end user.
    const server = await findMcpServer(em, credential.serverId)
    if (server.sharedCredentialId === credential.id && (auth || expiresAt !== undefined)) await assertCanRelax(em, actor, server)
    if (name !== undefined) credential.name = name
    if (expiresAt !== undefined) credential.expiresAt = expiresAt
    if (auth) {
      grants = await findUpstreamGrants(em, permitted, ctx.services, { id: credential.id })
      const value = toCredentialValue(auth)
      credential.replaceValue(value, sealValue(ctx.services.masterKeys, credential, value))
    }
    credential.updatedAt = now
    addDetails({ version: credential.version, isValueReplaced: Boolean(auth) })
    return { credential }
  })
  revokeUpstreamGrants(ctx.services, grants)
  return updated
}
