/** Audiences that this deployment accepts: its URL, or the resource of one MCP server at its gateway (RFC 8707 §2). */
import { isId } from './id.js'

const gatewayPath = '/mcp/'

/** An audience of this deployment. */
export interface OwnAudience {
  /** Public origin. */
  readonly url: string
  /** MCP server whose gateway route alone accepts the token. Null: every route does. */
  readonly serverId: string | null
}

/** Resource of an MCP server at the gateway. @param url public origin */
export const mcpResource = (url: string, serverId: string): string => `${url}${gatewayPath}${serverId}`

/** Pattern of LIKE for the resources of an origin. */
export const mcpResourcePattern = (url: string): string => mcpResource(url, '%')

/** Undefined for another service. Audiences compare as exact strings (RFC 7519 §4.1.3). @param urls public origins */
export function parseAudience(urls: readonly string[], audience: string): OwnAudience | undefined {
  for (const url of urls) {
    if (audience === url) return { url, serverId: null }
    const prefix = mcpResource(url, '')
    const serverId = audience.slice(prefix.length)
    if (audience.startsWith(prefix) && isId(serverId, 'mcp_srv')) return { url, serverId }
  }
  return undefined
}

/** Whether the gateway route of the MCP server accepts the audience. @param serverId null: a route that is not the gateway's */
export const isAcceptedAt = (audience: OwnAudience, serverId: string | null): boolean =>
  audience.serverId === null || audience.serverId === serverId
