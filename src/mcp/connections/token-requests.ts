/** Requests of Keyhouse, as an OAuth client, to the token and revocation endpoints of an authorization server. */
import * as oauth from 'oauth4webapi'

import type { Services } from '../../context/services.js'
import { clientSecretAad, type McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import { open } from '../../lib/crypto/seal.js'
import { OAuthClientError, toOAuthClientError } from '../../outbound/oauth-client-error.js'
import { oauthFetch, oauthRequestOptions } from '../../outbound/oauth-requests.js'
import { toScopes } from '../servers/server-oauth.js'
import { correctTokens } from './corrected-responses.js'

export type TokenServices = Pick<Services, 'outbound' | 'clock' | 'masterKeys'>

/** The authorization server, and the client that Keyhouse is there. */
export interface Peer {
  readonly metadata: oauth.AuthorizationServer
  readonly client: McpOAuthClient
}

export interface Tokens {
  readonly accessToken: string
  /** Null when the response has none: an earlier one stays valid. */
  readonly refreshToken: string | null
  /** Null when the server gives no lifetime. */
  readonly expiresAt: Date | null
  /** From when on the access token is renewed before it is used. Null like `expiresAt`. */
  readonly renewAt: Date | null
  /** Null: those that were asked for (RFC 6749 §5.1). */
  readonly scopes: readonly string[] | null
}

const maxTokenLength = 8192
const maxLifetimeSeconds = 10 * 365 * 86_400
/** Milliseconds before its expiry from which an access token is renewed, but not before half of its lifetime has passed. */
const renewBeforeMs = 60_000
/** `b64token` of RFC 6750 §2.1 and any other visible character: it is sent in a header. */
const tokenPattern = /^[\x21-\x7E]+$/

const requestOptions = ({ outbound }: TokenServices, { organizationId }: McpOAuthClient) =>
  oauthRequestOptions(oauthFetch(outbound, organizationId))

/** Method by which a client of the server authenticates, with or without a secret. */
export function authMethod(metadata: oauth.AuthorizationServer, hasSecret: boolean): 'none' | 'client_secret_basic' | 'client_secret_post' {
  if (!hasSecret) return 'none'
  const methods: unknown = metadata.token_endpoint_auth_methods_supported
  // RFC 8414 §2: the default is client_secret_basic.
  if (!Array.isArray(methods) || methods.includes('client_secret_basic')) return 'client_secret_basic'
  return methods.includes('client_secret_post') ? 'client_secret_post' : 'client_secret_basic'
}

/** Value of `application/x-www-form-urlencoded`. */
const formEncode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)

/**
 * RFC 6749 §2.3.1. The library also encodes `-`, `_`, `.` and `*`, which the form encoding leaves as they are: servers that do
 * not decode the header then refuse the secret.
 */
const clientSecretBasic =
  (secret: string): oauth.ClientAuth =>
  (_metadata, client, _body, headers) => {
    const credentials = `${formEncode(client.client_id)}:${formEncode(secret)}`
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`)
  }

function authentication({ masterKeys }: TokenServices, { metadata, client }: Peer): oauth.ClientAuth {
  if (client.sealedSecret === null) return oauth.None()
  const secret = open(masterKeys, clientSecretAad(client), client.sealedSecret)
  return authMethod(metadata, true) === 'client_secret_post' ? oauth.ClientSecretPost(secret) : clientSecretBasic(secret)
}

const oauthClient = ({ clientId }: McpOAuthClient): oauth.Client => ({ client_id: clientId })
const withResource = (resource: string | null): Record<string, string> => (resource === null ? {} : { resource })

/** @throws OAuthClientError, SealError */
export async function exchangeCode(
  services: TokenServices,
  peer: Peer,
  grant: { readonly parameters: URLSearchParams; readonly verifier: string; readonly resource: string | null },
): Promise<Tokens> {
  const { metadata, client } = peer
  return receiveTokens(services, async () => {
    const response = await oauth.authorizationCodeGrantRequest(
      metadata,
      oauthClient(client),
      authentication(services, peer),
      grant.parameters,
      client.redirectUri,
      grant.verifier,
      { ...requestOptions(services, client), additionalParameters: withResource(grant.resource) },
    )
    return oauth.processAuthorizationCodeResponse(metadata, oauthClient(client), await correctTokens(response))
  })
}

/** @throws OAuthClientError, SealError */
export async function refreshTokens(services: TokenServices, peer: Peer, refreshToken: string, resource: string | null): Promise<Tokens> {
  const { metadata, client } = peer
  return receiveTokens(services, async () => {
    const response = await oauth.refreshTokenGrantRequest(metadata, oauthClient(client), authentication(services, peer), refreshToken, {
      ...requestOptions(services, client),
      additionalParameters: withResource(resource),
    })
    return oauth.processRefreshTokenResponse(metadata, oauthClient(client), await correctTokens(response))
  })
}

/** RFC 7009. Does nothing at a server without the endpoint. @throws OAuthClientError, SealError */
export async function revokeToken(services: TokenServices, peer: Peer, token: string): Promise<void> {
  const { metadata, client } = peer
  if (typeof metadata.revocation_endpoint !== 'string') return
  try {
    const options = requestOptions(services, client)
    const response = await oauth.revocationRequest(metadata, oauthClient(client), authentication(services, peer), token, options)
    await oauth.processRevocationResponse(response)
  } catch (error) {
    throw toOAuthClientError(error, services.clock())
  }
}

async function receiveTokens({ clock }: TokenServices, request: () => Promise<oauth.TokenEndpointResponse>): Promise<Tokens> {
  const response = await request().catch((error: unknown) => {
    throw toOAuthClientError(error, clock())
  })
  const { access_token: accessToken, refresh_token: refreshToken = null, expires_in: lifetime, scope, token_type: type } = response
  for (const token of [accessToken, ...(refreshToken === null ? [] : [refreshToken])])
    if (token.length > maxTokenLength || !tokenPattern.test(token)) throw new OAuthClientError('INVALID_RESPONSE')
  if (type !== 'bearer') throw new OAuthClientError('INVALID_RESPONSE')
  return { accessToken, refreshToken, ...lifetimeOf(lifetime, clock()), scopes: scope === undefined ? null : toScopes(scope.split(' ')) }
}

function lifetimeOf(lifetimeSeconds: number | undefined, now: Date): Pick<Tokens, 'expiresAt' | 'renewAt'> {
  if (lifetimeSeconds === undefined) return { expiresAt: null, renewAt: null }
  const lifetimeMs = Math.min(lifetimeSeconds, maxLifetimeSeconds) * 1000
  const after = (ms: number): Date => new Date(now.getTime() + ms)
  return { expiresAt: after(lifetimeMs), renewAt: after(lifetimeMs - Math.min(renewBeforeMs, lifetimeMs / 2)) }
}
