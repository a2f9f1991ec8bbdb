/** Stores the tokens of a new connection: in the OAUTH credential that the end user uses, else in a new one. */
import type { EntityManager } from '@mikro-orm/core'

import { liveMcpCredentials } from '../../database/queries/live-credentials.js'
import type { McpConnection } from '../../entities/mcp-connection.js'
import { McpCredential, noOAuth } from '../../entities/mcp-credential.js'
import type { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { seal, type MasterKeys } from '../../lib/crypto/seal.js'
import { newId } from '../../lib/id.js'
import { sealValue } from '../credentials/credential-value.js'
import type { Tokens } from './token-requests.js'

interface NewConnection {
  readonly connection: McpConnection
  readonly client: McpOAuthClient
  readonly server: McpServer
  readonly tokens: Tokens
}

const oauthValue = (accessToken: string) => ({
  authType: 'OAUTH' as const,
  authorizationPreview: null,
  headerNames: [],
  headers: { authorization: `Bearer ${accessToken}` },
})

export async function storeTokens(
  em: EntityManager,
  keys: MasterKeys,
  { connection, client, server, tokens }: NewConnection,
  now: Date,
): Promise<McpCredential> {
  const { endUserId } = connection
  const where = { serverId: server.id, origin: server.origin, endUserId, ...liveMcpCredentials(now) }
  const live = await em.find(McpCredential, where, { orderBy: [{ createdAt: 'DESC' }, { id: 'DESC' }] })
  // The gateway sends the newest one. Earlier tokens are not revoked upstream: servers that know one authorization for each user
  // and client would end the new tokens with them.
  const [newest, ...older] = live
  const isReplaced = newest?.authType === 'OAUTH'
  const credential = isReplaced ? newest : newCredential(server, endUserId, now)
  for (const other of isReplaced ? older : live) if (other.authType === 'OAUTH') other.revoke(now)
  const value = oauthValue(tokens.accessToken)
  if (isReplaced) credential.replaceValue(value, null)
  Object.assign(credential, {
    oauthIssuer: client.issuer,
    oauthClientId: client.id,
    oauthResource: connection.resource,
    oauthScopes: [...(tokens.scopes ?? connection.scopes)],
    updatedAt: now,
  })
  setTokens(keys, credential, tokens)
  if (!isReplaced) em.persist(credential)
  return credential
}

/** Seals the tokens to the row. A response without a refresh token keeps the earlier one (RFC 6749 §6). */
export function setTokens(keys: MasterKeys, credential: McpCredential, { accessToken, refreshToken, expiresAt, renewAt }: Tokens): void {
  credential.sealedValue = sealValue(keys, credential, oauthValue(accessToken))
  if (refreshToken !== null) credential.sealedRefresh = seal(keys, credential.refreshAad(), refreshToken)
  Object.assign(credential, { accessExpiresAt: expiresAt, renewAt })
}

function newCredential({ id: serverId, organizationId, projectId, environment, origin }: McpServer, endUserId: string, now: Date) {
  return Object.assign(new McpCredential(), {
    id: newId('mcp_cred', now),
    organizationId,
    projectId,
    environment,
    endUserId,
    serverId,
    origin,
    name: null,
    authType: 'OAUTH' as const,
    authorizationPreview: null,
    headerNames: [],
    sealedValue: null,
    expiresAt: null,
    lastUsedAt: null,
    healthStatus: 'UNKNOWN' as const,
    healthChangedAt: null,
    healthHttpStatus: null,
    version: 1,
    ...noOAuth(),
    createdAt: now,
    updatedAt: now,
    revokedAt: null,
  })
}
