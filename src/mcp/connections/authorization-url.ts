/** Authorization request of a connection, and its `state`, which binds the response to one link, browser session and client. */
import { calculatePKCECodeChallenge, type AuthorizationServer } from 'oauth4webapi'

import type { DeploymentSecrets } from '../../encryption/deployment-secrets.js'
import { verifierAad, type McpConnection } from '../../entities/mcp-connection.js'
import type { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { open, SealError, type MasterKeys } from '../../lib/crypto/seal.js'

export interface StateScope {
  readonly connectionId: string
  readonly clientId: string
  /** The browser session that opened the link. */
  readonly sessionId: string
}

/** Value of `state`. A response with it in another browser session, or at another client's callback, is refused. */
export const connectionState = (secrets: DeploymentSecrets, { connectionId, clientId, sessionId }: StateScope): string =>
  `${connectionId}.${secrets.mac('mcp_connection', JSON.stringify([connectionId, clientId, sessionId]))}`

/** Id of the connection that a `state` names. Untrusted until the whole `state` was compared. */
export const connectionIdOf = (state: string): string => state.split('.', 1)[0]!

/** @throws SealError, also for a connection that was used */
export function openVerifier(keys: MasterKeys, connection: McpConnection): string {
  if (connection.sealedVerifier === null) throw new SealError('the connection was used')
  return open(keys, verifierAad(connection), connection.sealedVerifier)
}

export async function authorizationUrl(
  metadata: AuthorizationServer,
  { client, connection, server }: { readonly client: McpOAuthClient; readonly connection: McpConnection; readonly server: McpServer },
  { state, verifier }: { readonly state: string; readonly verifier: string },
): Promise<string> {
  const url = new URL(metadata.authorization_endpoint!)
  for (const { name, value } of server.oauth?.authorizationParameters ?? []) url.searchParams.set(name, value)
  const { scopes, resource } = connection
  const parameters = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
    ...(resource === null ? {} : { resource }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}
