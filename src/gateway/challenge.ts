/**
 * Challenges of the gateway, from which MCP clients find the authorization server (RFC 9728 §5.1; MCP 2026-07-28, Authorization,
 * Protected Resource Metadata Discovery Requirements).
 */
import type { FastifyRequest } from 'fastify'

import type { Config } from '../config/config.js'
import { addressedUrl } from '../http/addressed-url.js'
import { RequestError } from '../lib/errors.js'
import { isId } from '../lib/id.js'
import { GatewayError } from './gateway-error.js'

/** Broad, since clients of earlier protocol versions cannot ask for more later. The consent narrows it. */
export const gatewayScope = ['mcp_server:use', 'mcp_tool:*'] as const

/** Path of the metadata of a protected resource, below the origin (RFC 9728 §3.1). */
export const metadataPath = '/.well-known/oauth-protected-resource/mcp/'

/** Undefined for a malformed id. An unknown one is not looked up, so that a challenge discloses nothing. */
export function metadataUrl(config: Config, request: FastifyRequest): string | undefined {
  const { serverId } = request.params as { serverId: string }
  return isId(serverId, 'mcp_srv') ? `${addressedUrl(config, request)}${metadataPath}${serverId}` : undefined
}

/** Adds the metadata and the scope to the challenge of a 401. Other errors stay as they are. */
export function withMetadataUrl(error: unknown, url: string | undefined): unknown {
  if (!(error instanceof RequestError) || error.code !== 'UNAUTHENTICATED' || url === undefined) return error
  const challenge = `${error.headers['www-authenticate']}, resource_metadata="${url}", scope="${gatewayScope.join(' ')}"`
  return new RequestError(error.code, error.message, { ...error.headers, 'www-authenticate': challenge }, { cause: error })
}

/** Refusal of a token of an OAuth grant that lacks permissions of the API key. @param scope all that the message needs */
export const insufficientScope = (scope: readonly string[]): GatewayError =>
  new GatewayError(
    403,
    'INSUFFICIENT_SCOPE',
    `The access token lacks a permission that the message needs. Authorize again with the scope "${scope.join(' ')}".`,
    { scope: scope.join(' ') },
  )

/** Challenge for another authorization (RFC 6750 §3.1; MCP 2026-07-28, Authorization, Scope Challenge Handling). */
export const insufficientScopeHeaders = ({ reason, data }: GatewayError, url: string | undefined): Record<string, string> =>
  reason === 'INSUFFICIENT_SCOPE'
    ? { 'www-authenticate': `Bearer error="insufficient_scope", scope="${Reflect.get(data, 'scope')}", resource_metadata="${url}"` }
    : {}
