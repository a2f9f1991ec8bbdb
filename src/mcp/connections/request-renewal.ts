/** Asks the authorization server for new tokens, and stores them or records that the account must be connected again. */
import { systemContext } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import type { Services } from '../../context/services.js'
import { findCredentialOfAnyOwner } from '../../database/unscoped-queries.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { open } from '../../lib/crypto/seal.js'
import { OAuthClientError } from '../../outbound/oauth-client-error.js'
import { oauthTimeoutMs } from '../../outbound/oauth-requests.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'
import { retireClient } from './retire-client.js'
import { revokeTokens } from './revoke-upstream.js'
import { setTokens } from './store-tokens.js'
import { refreshTokens, type Tokens } from './token-requests.js'

/** Reason why an account must be connected again. */
type LapseReason = 'INVALID_GRANT' | 'INVALID_CLIENT' | 'CLIENT_DELETED' | 'NO_REFRESH_TOKEN' | 'AUTHORIZATION_SERVER_CHANGED'

/** The credential was renewed, replaced or revoked by another change meanwhile. */
class OvertakenError extends Error {
  override readonly name = 'OvertakenError'
}

/** The caller holds the lease until then. @throws OAuthClientError, if it may succeed later; SealError */
export async function requestRenewal(
  services: Services,
  server: McpServer,
  credential: McpCredential,
  until: Date,
): Promise<McpCredential | 'LOST' | 'GONE'> {
  const { organizationId, oauthIssuer, oauthClientId, sealedRefresh } = credential
  const client = await systemContext(services, organizationId).em.findOne(McpOAuthClient, { id: oauthClientId ?? '' })
  // Tokens and the client go to the issuer that made them, and to no other (MCP 2026-07-28, Authorization Server Binding).
  if (client?.issuer !== oauthIssuer || !client) return lapse(services, credential, 'CLIENT_DELETED')
  if (sealedRefresh === null) return lapse(services, credential, 'NO_REFRESH_TOKEN')
  if (await hasOtherIssuer(services, server, client.issuer)) return lapse(services, credential, 'AUTHORIZATION_SERVER_CHANGED')
  try {
    const metadata = await services.oauthDiscovery.authorizationServer(organizationId, client.issuer)
    // After the lease, another process would send the same refresh token: a replay ends the grant (RFC 9700 §4.14.2).
    if (services.clock().getTime() + oauthTimeoutMs > until.getTime()) throw new OAuthClientError('TIMEOUT')
    const refreshToken = open(services.masterKeys, credential.refreshAad(), sealedRefresh)
    const tokens = await refreshTokens(services, { metadata, client }, refreshToken, credential.oauthResource)
    return await storeRenewed(services, client, credential, tokens)
  } catch (error) {
    if (!(error instanceof OAuthClientError)) throw error
    if (error.code === 'INVALID_GRANT') return lapse(services, credential, error.code)
    if (error.code !== 'INVALID_CLIENT') throw error
    await retireClient(services, client)
    // A registration that the server has deleted does not come back. Any other client may be accepted again (decision 0224).
    if (client.kind !== 'DCR') throw error
    return lapse(services, credential, error.code)
  }
}

/** Whether the server now names other authorization servers. Metadata that are missing or cannot be read say nothing. */
async function hasOtherIssuer(services: Services, server: McpServer, issuer: string): Promise<boolean> {
  try {
    if (server.oauth?.issuer) return server.oauth.issuer !== issuer
    const { resource, issuers } = await services.oauthDiscovery.protectedResource(server.organizationId, server.serverUrl)
    return resource !== null && !issuers.includes(issuer)
  } catch (error) {
    if (error instanceof OAuthClientError) return false
    throw error
  }
}

async function storeRenewed(
  services: Services,
  client: McpOAuthClient,
  seen: McpCredential,
  tokens: Tokens,
): Promise<McpCredential | 'LOST' | 'GONE'> {
  try {
    return await change(services, 'mcp_credential:refresh', seen, (credential) => {
      setTokens(services.masterKeys, credential, tokens)
      if (tokens.scopes) credential.oauthScopes = [...tokens.scopes]
      credential.refreshVersion++
      credential.leaseUntil = null
      return { refreshVersion: credential.refreshVersion, isRotated: tokens.refreshToken !== null }
    })
  } catch (error) {
    if (!(error instanceof OvertakenError)) throw error
    const current = await reread(services, seen)
    // A server may end the whole grant with one of its tokens (RFC 7009 §2.1), so not while the account stays connected.
    if (!isConnected(current)) revokeTokens(services, client, tokens)
    return renewalOf(current, seen)
  }
}

/** Marks the credential only if it is still the one whose refresh token was refused. */
async function lapse(services: Services, seen: McpCredential, reason: LapseReason): Promise<McpCredential | 'LOST' | 'GONE'> {
  try {
    await change(services, 'mcp_credential:lapse', seen, (credential, now) => {
      Object.assign(credential, { healthStatus: 'RECONNECT_REQUIRED', healthChangedAt: now, healthHttpStatus: null })
      Object.assign(credential, { sealedValue: null, sealedRefresh: null, accessExpiresAt: null, renewAt: null, leaseUntil: null })
      return { reason }
    })
    return 'LOST'
  } catch (error) {
    if (error instanceof OvertakenError) return renewalOf(await reread(services, seen), seen)
    throw error
  }
}

async function change(
  services: Services,
  action: 'mcp_credential:refresh' | 'mcp_credential:lapse',
  { id, version, refreshVersion, organizationId, endUserId }: McpCredential,
  apply: (credential: McpCredential, now: Date) => object,
): Promise<McpCredential> {
  return perform(systemContext(services, organizationId), action, async ({ em, now, permit, addDetails }) => {
    const unfilteredEm = disableOwnerFilter(em, permit())
    const credential = await unfilteredEm.findOne(McpCredential, { id, version, refreshVersion, revokedAt: null })
    if (!credential || credential.healthStatus === 'RECONNECT_REQUIRED') throw new OvertakenError('the credential was changed meanwhile')
    permit({
      id,
      projectId: credential.projectId,
      environment: credential.environment,
      ...(endUserId === null ? {} : { forEndUserId: endUserId }),
    })
    const details = apply(credential, now)
    addDetails({ serverId: credential.serverId, issuer: credential.oauthIssuer, ...details })
    return credential
  })
}

const reread = ({ orm }: Services, { id, organizationId }: McpCredential): Promise<McpCredential | null> =>
  findCredentialOfAnyOwner(orm, { id, organizationId })

const isConnected = (credential: McpCredential | null): boolean =>
  credential?.authType === 'OAUTH' && credential.revokedAt === null && credential.healthStatus !== 'RECONNECT_REQUIRED'

/** Outcome for those who wait for the renewal of the credential as it was seen. */
function renewalOf(current: McpCredential | null, { version, refreshVersion }: McpCredential): McpCredential | 'LOST' | 'GONE' {
  if (!current || current.revokedAt || current.version !== version) return 'GONE'
  if (!isConnected(current)) return 'LOST'
  return current.refreshVersion === refreshVersion ? 'GONE' : current
}
