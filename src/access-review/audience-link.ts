/** Link of the audience: whether a route of this deployment accepts the token. */
import { isApplicationPermission } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import type { AccessToken } from '../entities/access-token.js'
import { isAcceptedAt, parseAudience } from '../lib/audience.js'
import { acceptedUrls } from '../lib/issuer.js'
import { isGatewayPermission } from '../mcp/tool-access.js'
import { passed, refused, type AccessLink, type ExplainAccessArgs } from './access-links.js'

/** Null unless the operation is Keyhouse's own: other services accept the audience that they are. */
export function audienceLink(
  { services: { config } }: Context,
  token: Pick<AccessToken, 'audience' | 'endUserId'>,
  { permission, serverId }: ExplainAccessArgs,
): AccessLink | null {
  if (serverId == null && (permission == null || isApplicationPermission(permission))) return null
  const isForGateway = serverId != null || isGatewayPermission(permission ?? '')
  if (token.endUserId === '' && !isForGateway)
    return refused('AUDIENCE', 'The access token acts for no end user, so the gateway alone accepts it.')
  const audience = parseAudience(acceptedUrls(config), token.audience)
  if (!audience) return refused('AUDIENCE', `The access token is for another audience. Exchange the key for "${config.url}".`)
  if (audience.serverId === null) return passed('AUDIENCE', 'The access token is for this server.')
  // A permission without a server may be for the gateway route that the token is for.
  return isAcceptedAt(audience, serverId ?? (isForGateway ? audience.serverId : null))
    ? passed('AUDIENCE', 'The access token is for the gateway route of this MCP server.')
    : refused('AUDIENCE', `The access token is for the gateway route of the MCP server ${audience.serverId} alone.`)
}
