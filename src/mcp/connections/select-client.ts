/** Selects the client for an authorization server: a stored one, else our metadata document, else a registration. */
import type { EntityManager } from '@mikro-orm/core'
import type { AuthorizationServer } from 'oauth4webapi'

import type { Context } from '../../context/context.js'
import { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { isAddress, isLocalName, isPublicAddress, normalizeHost } from '../../lib/network/address.js'
import { clientRequired } from '../../outbound/oauth-client-error.js'
import { buildClient, documentUrl, isInUse, registerClient } from './register-client.js'

/** Whether authorization servers on the internet can fetch our documents. */
function isPublicUrl(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  const host = normalizeHost(hostname)
  return protocol === 'https:' && (isAddress(host) ? isPublicAddress(host) : !isLocalName(host))
}

/** The newest client of the kind. The redirect URI of a STATIC one follows our public address. */
export async function findUsableClient(
  em: EntityManager,
  url: string,
  { projectId, environment, issuer, kind }: Pick<McpOAuthClient, 'projectId' | 'environment' | 'issuer' | 'kind'>,
): Promise<McpOAuthClient | undefined> {
  const where = { projectId, environment, issuer, kind }
  const clients = await em.find(McpOAuthClient, where, { orderBy: [{ createdAt: 'DESC' }, { id: 'DESC' }] })
  return clients.find((client) => kind === 'STATIC' || isInUse(client, url))
}

/** MCP 2026-07-28, Client Registration, in its order. The client may be new and not stored yet. @throws OAuthClientError */
export async function selectClient(ctx: Context, server: McpServer, metadata: AuthorizationServer): Promise<McpOAuthClient> {
  const { services } = ctx
  const { url } = services.config
  const { organizationId, projectId, environment } = server
  const { issuer } = metadata
  const find = (kind: McpOAuthClient['kind']): Promise<McpOAuthClient | undefined> =>
    findUsableClient(ctx.em, url, { projectId, environment, issuer, kind })
  const stored = await find('STATIC')
  if (stored) return stored
  const place = { organizationId, projectId, environment }
  if (metadata['client_id_metadata_document_supported'] === true && isPublicUrl(url)) {
    const fields = { issuer, kind: 'CIMD', clientId: (id: string) => documentUrl(url, id), url } as const
    return (await find('CIMD')) ?? buildClient(place, fields, ctx.now())
  }
  if (typeof metadata.registration_endpoint !== 'string') throw clientRequired(issuer)
  const key = `register ${organizationId} ${projectId} ${environment} ${issuer}`
  return (await find('DCR')) ?? services.tokenTasks.run(key, () => registerClient(services, metadata, place))
}
