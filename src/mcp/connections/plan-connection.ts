/** Finds out, over the network, how an account of an MCP server is connected: issuer, client, resource and scopes. */
import type { Context } from '../../context/context.js'
import type { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { DomainError, oauthClientRequired, oauthUnavailable } from '../../lib/errors.js'
import { OAuthClientError } from '../../outbound/oauth-client-error.js'
import type { ProtectedResource } from '../../outbound/protected-resource-metadata.js'
import { toScopes } from '../servers/server-oauth.js'
import { selectClient } from './select-client.js'

export interface ConnectionPlan {
  readonly client: McpOAuthClient
  readonly resource: string | null
  readonly scopes: readonly string[]
}

/** What the server names. A pinned issuer stands for metadata that are not valid. @throws OAuthClientError */
async function findResource({ services }: Context, { organizationId, serverUrl, oauth }: McpServer): Promise<ProtectedResource> {
  try {
    const named = await services.oauthDiscovery.protectedResource(organizationId, serverUrl)
    return oauth?.issuer ? { ...named, issuers: [oauth.issuer] } : named
  } catch (error) {
    if (!oauth?.issuer || !(error instanceof OAuthClientError) || error.code !== 'METADATA_INVALID') throw error
    return { resource: null, issuers: [oauth.issuer], scopes: null }
  }
}

/** @param neededScopes scopes that an earlier credential lacked. @throws DomainError OAUTH_UNAVAILABLE or OAUTH_CLIENT_REQUIRED */
export async function planConnection(ctx: Context, server: McpServer, neededScopes: readonly string[]): Promise<ConnectionPlan> {
  const { organizationId, serverUrl, oauth } = server
  const { oauthDiscovery } = ctx.services
  try {
    const named = await findResource(ctx, server)
    const metadata = await oauthDiscovery.authorizationServer(organizationId, named.issuers[0]!)
    const client = await selectClient(ctx, server, metadata)
    // The needed ones first, since further ones are left out.
    const scopes = toScopes([...neededScopes, ...(oauth?.scopes ?? named.scopes ?? [])])
    return { client, resource: oauth?.omitsResource ? null : (named.resource ?? resourceOf(serverUrl)), scopes }
  } catch (error) {
    throw toDomainError(error)
  }
}

/** Canonical URI of a server without metadata (MCP 2026-07-28, Canonical Server URI). */
const resourceOf = (serverUrl: string): string => new URL(serverUrl).href.replace(/\/$/, '')

function toDomainError(error: unknown): unknown {
  if (!(error instanceof OAuthClientError)) return error
  const create = error.code === 'CLIENT_REQUIRED' ? oauthClientRequired : oauthUnavailable
  return create(error.message, ['input', 'serverId'])
}

export const isOAuthUnavailable = (error: unknown): boolean =>
  error instanceof DomainError && (error.code === 'OAUTH_UNAVAILABLE' || error.code === 'OAUTH_CLIENT_REQUIRED')
