/** Opens the link of a connection in the browser of its end user: returns the URL of the authorization server. */
import type { Context } from '../../context/context.js'
import { McpConnection } from '../../entities/mcp-connection.js'
import { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import { McpServer } from '../../entities/mcp-server.js'
import { isId } from '../../lib/id.js'
import { OAuthClientError } from '../../outbound/oauth-client-error.js'
import { authorizationUrl, connectionState, openVerifier } from './authorization-url.js'
import { ConnectionRefusal } from './connection-refusal.js'
import { isInUse } from './register-client.js'

export interface PendingConnection {
  readonly connection: McpConnection
  readonly client: McpOAuthClient
  readonly server: McpServer
}

/** The connection of this end user. Those of others do not exist here. @param ctx of the browser session @throws ConnectionRefusal */
export async function findPendingConnection(ctx: Context, id: string): Promise<PendingConnection> {
  const { em } = ctx
  const connection = isId(id, 'mcp_con') ? await em.findOne(McpConnection, { id }) : null
  if (!connection) throw new ConnectionRefusal('LINK_INVALID')
  if (connection.usedAt) throw new ConnectionRefusal('LINK_USED')
  if (connection.expiresAt <= ctx.now()) throw new ConnectionRefusal('LINK_EXPIRED')
  const server = await em.findOne(McpServer, { id: connection.serverId })
  const client = await em.findOne(McpOAuthClient, { id: connection.clientId })
  if (!server || !client || server.origin !== connection.origin) throw new ConnectionRefusal('SERVER_CHANGED')
  if (!isInUse(client, ctx.services.config.url)) throw new ConnectionRefusal('SERVER_CHANGED')
  return { connection, client, server }
}

/** @throws ConnectionRefusal */
export async function openConnection(ctx: Context, id: string, sessionId: string): Promise<{ url: string; server: McpServer }> {
  const { services } = ctx
  const pending = await findPendingConnection(ctx, id)
  const { connection, client } = pending
  const state = connectionState(services.deploymentSecrets, { connectionId: connection.id, clientId: client.id, sessionId })
  const metadata = await services.oauthDiscovery.authorizationServer(client.organizationId, client.issuer).catch((error: unknown) => {
    throw error instanceof OAuthClientError ? new ConnectionRefusal('PROVIDER_FAILED', { cause: error }) : error
  })
  const url = await authorizationUrl(metadata, pending, { state, verifier: openVerifier(services.masterKeys, connection) })
  return { url, server: pending.server }
}
