/** Records the consent of an end user in a browser, and returns the code that the client redeems for tokens. */
import { intersection } from '../../access/permissions.js'
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { McpServer } from '../../entities/mcp-server.js'
import { OAuthCode } from '../../entities/oauth-code.js'
import { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { OAuthGrant } from '../../entities/oauth-grant.js'
import { addSeconds } from '../../lib/clock.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { conflict, forbidden, invalidState } from '../../lib/errors.js'
import { newId } from '../../lib/id.js'
import { Secret } from '../../lib/secret.js'
import { generateToken } from '../../lib/token-format.js'
import type { OAuthClient } from '../clients/client-metadata.js'
import { acceptsClient } from '../clients/find-client.js'
import { allowsRedirect, redirectHost } from '../clients/redirect-uri.js'

/** Seconds in which a client must redeem a code. */
export const codeTtlSeconds = 60

export interface CreateGrantArgs {
  /** Id of the new grant. The consent page names it, so that a form that is sent twice makes one grant. */
  readonly id: string
  readonly client: Pick<OAuthClient, 'id' | 'name' | 'host'>
  readonly redirectUri: string
  readonly codeChallenge: string
  readonly serverId: string
  /** Permissions that the end user chose among those offered. */
  readonly permissions: readonly string[]
}

/** @throws DomainError FORBIDDEN, CONFLICT or INVALID_STATE */
export async function createGrant(
  ctx: Context,
  { id, client, redirectUri, codeChallenge, serverId, ...chosen }: CreateGrantArgs,
): Promise<Secret> {
  return perform(ctx, 'oauth_grant:create', async ({ em, actor, now, permit, append, addDetails }) => {
    const { organizationId, endUser, environment, apiKey } = actor
    const projectId = actor.projectIds?.[0]
    if (actor.kind !== 'BROWSER_SESSION' || !endUser || !environment || !apiKey || projectId === undefined)
      throw forbidden('Only an end user who is signed in can grant access. Sign in again.')
    permit({ id, isNew: true, projectId, environment })
    if (await em.findOne(OAuthGrant, { id })) throw conflict('This request was answered before. Connect again from the app.')
    const configuration = await em.findOne(OAuthConfiguration, { projectId, environment })
    const permissions = intersection(chosen.permissions, actor.permissions)
    if (
      configuration?.apiKeyId !== apiKey.id ||
      !acceptsClient(configuration, client.id) ||
      !allowsRedirect(configuration, redirectUri) ||
      !permissions.includes('mcp_server:use')
    )
      throw invalidState('The OAuth configuration changed meanwhile. Connect again from the app.')
    if (!(await em.findOne(McpServer, { id: serverId })))
      throw invalidState('The MCP server was deleted meanwhile. Connect to another one from the app.')
    append(OAuthGrant, {
      id,
      organizationId,
      projectId,
      environment,
      endUserId: endUser.id,
      serverId,
      apiKeyId: apiKey.id,
      clientId: client.id,
      clientName: client.name,
      clientHost: client.host,
      redirectHost: redirectHost(redirectUri),
      permissions,
      createdAt: now,
      revokedAt: null,
    })
    const code = generateToken('code')
    append(OAuthCode, {
      id: newId('oac', now),
      organizationId,
      grantId: id,
      digest: sha256(code),
      redirectUri,
      codeChallenge,
      expiresAt: addSeconds(now, codeTtlSeconds),
      usedAt: null,
    })
    addDetails({ serverId, clientName: client.name, clientHost: client.host, redirectHost: redirectHost(redirectUri), permissions })
    return new Secret(code)
  })
}
