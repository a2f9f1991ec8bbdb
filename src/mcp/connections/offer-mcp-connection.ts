/** Offers an end user without a usable credential a link to connect its account: after a refused call, or a consent. */
import type { Context } from '../../context/context.js'
import { McpConnection } from '../../entities/mcp-connection.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { OAuthClientError } from '../../outbound/oauth-client-error.js'
import { findLatestCredential } from '../credentials/select-credential.js'
import { isOAuthUnavailable, planConnection } from './plan-connection.js'
import { rememberFailure } from './renew-credential.js'
import { connectionTtlMs, connectUrl, isConfigured, storeConnection, type StartedConnection } from './start-mcp-connection.js'

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
  const now = ctx.now()
  const unused = { serverId: server.id, origin: server.origin, usedAt: null, expiresAt: { $gt: new Date(now.getTime() + reuseMs) } }
  const known = consent === undefined ? await ctx.em.findOne(McpConnection, { ...unused, sealedConsent: null }) : null
  if (known) return { url: connectUrl(ctx, known.id), expiresAt: known.expiresAt }
  const neededScopes = (await findLatestCredential(ctx.em, actor, server, now))?.neededScopes ?? []
  try {
    return await storeConnection(ctx, server, await planConnection(ctx, server, neededScopes), 'mcp_connection:offer', consent)
  } catch (error) {
    if (!isOAuthUnavailable(error)) throw error
    // Refused calls may be many: the server is not asked again for each.
    rememberFailure(services, failureId, new OAuthClientError('NOT_SUPPORTED'))
    return null
  }
}
