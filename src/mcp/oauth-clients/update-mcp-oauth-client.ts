/** Replaces the secret of a stored OAuth client, after it was rotated at the authorization server. Accounts stay connected. */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { clientSecretAad, McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import { seal } from '../../lib/crypto/seal.js'
import { invalidState, objectNotFound } from '../../lib/errors.js'
import type { Secret } from '../../lib/secret.js'
import { Validator } from '../../validation/validator.js'
import { secretIssue } from './create-mcp-oauth-client.js'

export interface UpdateMcpOAuthClientArgs {
  readonly id: string
  readonly clientSecret: Secret
}

/** @throws DomainError INVALID, NOT_FOUND, FORBIDDEN or INVALID_STATE */
export async function updateMcpOAuthClient(ctx: Context, input: UpdateMcpOAuthClientArgs): Promise<{ client: McpOAuthClient }> {
  return perform(ctx, 'mcp_oauth_client:update', async ({ em, permit, addDetails }) => {
    const secret = input.clientSecret.reveal()
    const validator = new Validator()
    const issue = secretIssue(secret)
    if (issue) validator.addIssue('clientSecret', issue)
    validator.throwIfInvalid()
    permit({ requestedId: input.id })
    const client = await em.findOne(McpOAuthClient, { id: input.id })
    if (!client) throw objectNotFound('OAuth client', ['input', 'id'])
    permit(client)
    addDetails({ issuer: client.issuer })
    if (client.kind !== 'STATIC')
      throw invalidState('Keyhouse made this OAuth client itself, and it has no secret to replace. Store one with createMcpOAuthClient.')
    client.sealedSecret = seal(ctx.services.masterKeys, clientSecretAad(client), secret)
    return { client }
  })
}
