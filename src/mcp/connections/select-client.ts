/** Selects the client for an authorization server: a stored one, else our metadata document, else a registration. */
import type { AuthorizationServer } from 'oauth4webapi'

import type { Context } from '../../context/context.js'
import { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { isAddress, isLocalName, isPublicAddress, normalizeHost } from '../../lib/network/address.js'
import { OAuthClientError } from '../../outbound/oauth-client-error.js'
import { buildClient, callbackUrl, documentUrl, registerClient } from './register-client.js'

/** Whether authorization servers on the internet can fetch our documents. */
function isPublicUrl(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  const host = normalizeHost(hostname)
  return protocol === 'https:' && (isAddress(host) ? isPublicAddress(host) : !isLocalName(host))
}

/** MCP 2026-07-28, Client Registration, in its order. The client may be new and not stored yet. @throws OAuthClientError */
export async function selectClient(ctx: Context, server: McpServer, metadata: AuthorizationServer): Promise<McpOAuthClient> {
  const { services } = ctx
  const { url } = services.config
  const { organizationId, projectId, environment } = server
  const clients = await ctx.em.find(
    McpOAuthClient,
    { projectId, environment, issuer: metadata.issuer, retiredAt: null },
    { orderBy: [{ createdAt: 'DESC' }, { id: 'DESC' }] },
  )
  const stored = clients.find(({ kind }) => kind === 'STATIC')
  if (stored) return stored
  // A change of our origin strands a registration: the server would send browsers to the old one.
  const find = (wanted: McpOAuthClient['kind']): McpOAuthClient | undefined =>
    clients.find(({ id, kind, redirectUri }) => kind === wanted && redirectUri === callbackUrl(url, id))
  const place = { organizationId, projectId, environment }
  if (metadata['client_id_metadata_document_supported'] === true && isPublicUrl(url)) {
    const fields = { issuer: metadata.issuer, kind: 'CIMD', clientId: (id: string) => documentUrl(url, id), url } as const
    return find('CIMD') ?? buildClient(place, fields, ctx.now())
  }
  if (typeof metadata.registration_endpoint !== 'string') throw new OAuthClientError('CLIENT_REQUIRED')
  const key = `register ${organizationId} ${projectId} ${environment} ${metadata.issuer}`
  return find('DCR') ?? services.tokenTasks.run(key, () => registerClient(services, metadata, place))
}
