/** Offers an end user without a usable credential a link to connect its account: after a refused call, or a consent. */
import type { Context } from '../../context/context.js'
import { McpConnection } from '../../entities/mcp-connection.js'
import { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { OAuthClientError } from '../../outbound/oauth-client-error.js'
import { findLatestCredential } from '../credentials/select-credential.js'
import { isOAuthUnavailable, planConnection } from './plan-connection.js'
import { isInUse } from './register-client.js'
import { rememberFailure } from './renew-credential.js'
import { connectionTtlMs, connectUrl, isConfigured, storeConnection, type StartedConnection } from './store-connection.js'

/** Milliseconds that a link must still be valid to be offered again. */
const reuseMs = connectionTtlMs / 2

/**
 * Null where nobody can sign in, or the server cannot be connected by OAuth. The caller holds a slot.
 * @param consent that continues once the account is connected, so that its link is offered once
 */
export async function offerMcpConnection(ctx: Context, server: McpServer, consent?: string): Promise<StartedConnection | null> {
  const { actor, services } = ctx
  const failureId = `offer ${server.id}`
  if (!actor.endUser || services.renewalFailures.has(failureId)) return null
  ctx.clearCaches()
  if (!(await isConfigured(ctx.em, server))) return null
  const neededScopes = (await findLatestCredential(ctx.em, actor, server, ctx.now()))?.neededScopes ?? []
  const offered = consent === undefined ? await findOffered(ctx, server, neededScopes) : null
  if (offered) return { url: connectUrl(ctx, offered.id), expiresAt: offered.expiresAt }
  try {
    return await storeConnection(ctx, server, await planConnection(ctx, server, neededScopes), 'mcp_connection:offer', consent)
  } catch (error) {
    if (!isOAuthUnavailable(error)) throw error
    // Refused calls may be many: the server is not asked again for each.
    rememberFailure(services, failureId, new OAuthClientError('NOT_SUPPORTED'))
    return null
  }
}

/** The newest link that can still connect the account: of the same key, for a client in use, with the needed scopes. */
async function findOffered(ctx: Context, server: McpServer, neededScopes: readonly string[]): Promise<McpConnection | null> {
  const { em, actor, services } = ctx
  const where = {
    serverId: server.id,
    origin: server.origin,
    apiKeyId: actor.apiKey?.id ?? '',
    usedAt: null,
    sealedConsent: null,
    expiresAt: { $gt: new Date(ctx.now().getTime() + reuseMs) },
  }
  const connection = await em.findOne(McpConnection, where, { orderBy: { id: 'DESC' } })
  if (!connection || !neededScopes.every((scope) => connection.scopes.includes(scope))) return null
  const client = await em.findOne(McpOAuthClient, { id: connection.clientId })
  return client && isInUse(client, services.config.url) ? connection : null
}
