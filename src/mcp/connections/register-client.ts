/** Registers Keyhouse at an authorization server (RFC 7591), with one redirect URI for that server alone. */
import * as oauth from 'oauth4webapi'

import { clientSecretAad, McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import { seal } from '../../lib/crypto/seal.js'
import { newId } from '../../lib/id.js'
import { isLoopback } from '../../lib/network/address.js'
import { OAuthClientError, toOAuthClientError } from '../../outbound/oauth-client-error.js'
import { oauthFetch, oauthRequestOptions } from '../../outbound/oauth-requests.js'
import { correctRegistration } from './corrected-responses.js'
import { authMethod, type TokenServices } from './token-requests.js'

type Place = Pick<McpOAuthClient, 'organizationId' | 'projectId' | 'environment'>

export const callbackUrl = (url: string, clientRowId: string): string => `${url}/oauth/callback/${clientRowId}`
export const documentUrl = (url: string, clientRowId: string): string => `${url}/oauth/clients/${clientRowId}`

/** False for a client that its authorization server no longer knows, or that has the redirect URI of a former `KEYHOUSE_URL`. */
export const isInUse = ({ id, redirectUri, retiredAt }: McpOAuthClient, url: string): boolean =>
  retiredAt === null && redirectUri === callbackUrl(url, id)

/** Metadata that a registration and our Client ID Metadata Document have in common. */
export const clientMetadata = (url: string, redirectUri: string) => ({
  client_name: `Keyhouse (${new URL(url).host})`,
  client_uri: url,
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  // OpenID Connect Dynamic Client Registration 1.0 §2: a web client has https redirect URIs only.
  application_type: isLoopback(new URL(redirectUri).hostname) ? 'native' : 'web',
})

/** A client that is not stored yet. */
export const buildClient = (
  place: Place,
  fields: Pick<McpOAuthClient, 'issuer' | 'kind'> & { readonly clientId: (id: string) => string; readonly url: string },
  now: Date,
): McpOAuthClient => {
  const id = newId('mcp_cli', now)
  const { organizationId, projectId, environment } = place
  return Object.assign(new McpOAuthClient(), {
    id,
    organizationId,
    projectId,
    environment,
    issuer: fields.issuer,
    kind: fields.kind,
    clientId: fields.clientId(id),
    sealedSecret: null,
    redirectUri: callbackUrl(fields.url, id),
    createdAt: now,
    retiredAt: null,
  })
}

/** Characters of a registered id or secret: a server without a database puts all metadata into it. */
const maxRegisteredLength = 4096

/** Printable ASCII (RFC 6749 appendix A.1, A.2), which every method of client authentication can send. */
export const isClientText = (text: string, maxLength = maxRegisteredLength): boolean =>
  text.length <= maxLength && /^[\x20-\x7E]+$/.test(text)

/** @throws OAuthClientError */
export async function registerClient(
  services: TokenServices & { readonly config: { readonly url: string } },
  metadata: oauth.AuthorizationServer,
  place: Place,
): Promise<McpOAuthClient> {
  const { outbound, clock, masterKeys, config } = services
  const client = buildClient(place, { issuer: metadata.issuer, kind: 'DCR', clientId: () => '', url: config.url }, clock())
  const methods: unknown = metadata.token_endpoint_auth_methods_supported
  const isPublic = Array.isArray(methods) && methods.includes('none')
  try {
    const response = await oauth.dynamicClientRegistrationRequest(
      metadata,
      { ...clientMetadata(config.url, client.redirectUri), token_endpoint_auth_method: authMethod(metadata, !isPublic) },
      oauthRequestOptions(oauthFetch(outbound, place.organizationId)),
    )
    const { client_id: clientId, client_secret: received } = await oauth.processDynamicClientRegistrationResponse(
      await correctRegistration(response),
    )
    const secret = typeof received === 'string' ? received : ''
    if (!isClientText(clientId) || (secret !== '' && !isClientText(secret))) throw new OAuthClientError('INVALID_RESPONSE')
    client.clientId = clientId
    if (secret !== '') client.sealedSecret = seal(masterKeys, clientSecretAad(client), secret)
    return client
  } catch (error) {
    throw toOAuthClientError(error, clock())
  }
}
