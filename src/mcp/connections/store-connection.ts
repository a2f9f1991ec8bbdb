/** Stores the link of a connection: authorizes again, keeps one client for an issuer, and seals the code verifier. */
import type { EntityManager } from '@mikro-orm/core'
import { generateRandomCodeVerifier } from 'oauth4webapi'

import type { Actor } from '../../access/actor.js'
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { consentAad, McpConnection, verifierAad } from '../../entities/mcp-connection.js'
import { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { seal } from '../../lib/crypto/seal.js'
import { conflict, forbidden, oauthNotConfigured } from '../../lib/errors.js'
import { newId } from '../../lib/id.js'
import { findMcpServer } from '../find-mcp-server.js'
import type { ConnectionPlan } from './plan-connection.js'
import { callbackUrl } from './register-client.js'
import { findUsableClient } from './select-client.js'

/** Milliseconds for which the link is valid. */
export const connectionTtlMs = 600_000

export interface StartedConnection {
  /** Link for the browser of the end user. */
  readonly url: string
  readonly expiresAt: Date
}

type StartAction = 'mcp_connection:start' | 'mcp_connection:offer'

export const connectUrl = ({ services }: Context, id: string): string => `${services.config.url}/oauth/connect/${id}`

export function requireEndUser({ endUser, apiKey }: Actor): {
  endUser: NonNullable<Actor['endUser']>
  apiKey: NonNullable<Actor['apiKey']>
} {
  if (!endUser || !apiKey)
    throw forbidden('An account belongs to an end user. Send X-On-Behalf-Of with an API key, or an access token of the end user.')
  return { endUser, apiKey }
}

/** Whether end users of the place can sign in. */
export const isConfigured = async (em: EntityManager, { projectId, environment }: McpServer): Promise<boolean> =>
  (await em.findOne(OAuthConfiguration, { projectId, environment })) !== null

export async function assertConfigured(em: EntityManager, server: McpServer): Promise<void> {
  if (!(await isConfigured(em, server))) throw oauthNotConfigured()
}

/**
 * @param action what the audit trail names
 * @param consent that continues once the account is connected
 */
export async function storeConnection(
  ctx: Context,
  planned: McpServer,
  plan: ConnectionPlan,
  action: StartAction,
  consent?: string,
): Promise<StartedConnection> {
  return perform(ctx, action, async ({ em, actor, now, permit, addDetails }) => {
    permit({ requestedId: planned.id })
    const server = await findMcpServer(em, planned.id, 'serverId')
    permit(server)
    await assertConfigured(em, server)
    const { endUser, apiKey } = requireEndUser(actor)
    // The plan holds for the URL and the settings that were read.
    if (server.updatedAt.getTime() !== planned.updatedAt.getTime())
      throw conflict('The MCP server was changed meanwhile. Repeat the request.', ['input', 'serverId'])
    const { url } = ctx.services.config
    // Others that started at the same time may have stored a client for the issuer: one is enough.
    const stored = (await em.findOne(McpOAuthClient, { id: plan.client.id })) ?? (await findUsableClient(em, url, plan.client))
    const client = stored ?? plan.client
    // When our public address changes, a client that a person registered stays, and its redirect URI moves.
    client.redirectUri = callbackUrl(url, client.id)
    em.persist(client)
    const { organizationId, projectId, environment, origin } = server
    const ended = { serverId: server.id, endUserId: endUser.id, $or: [{ expiresAt: { $lte: now } }, { usedAt: { $ne: null } }] }
    await em.nativeDelete(McpConnection, ended)
    const connection = Object.assign(new McpConnection(), {
      id: newId('mcp_con', now),
      organizationId,
      projectId,
      environment,
      endUserId: endUser.id,
      serverId: server.id,
      origin,
      apiKeyId: apiKey.id,
      clientId: client.id,
      resource: plan.resource,
      scopes: [...plan.scopes],
      sealedVerifier: null as string | null,
      sealedConsent: null as string | null,
      createdAt: now,
      expiresAt: new Date(now.getTime() + connectionTtlMs),
      usedAt: null,
    })
    const { masterKeys } = ctx.services
    connection.sealedVerifier = seal(masterKeys, verifierAad(connection), generateRandomCodeVerifier())
    if (consent !== undefined) connection.sealedConsent = seal(masterKeys, consentAad(connection), consent)
    em.persist(connection)
    const { issuer, kind } = client
    addDetails({ connectionId: connection.id, issuer, clientId: client.id, clientKind: kind, ...(stored ? {} : { isNewClient: true }) })
    return { url: connectUrl(ctx, connection.id), expiresAt: connection.expiresAt }
  })
}
