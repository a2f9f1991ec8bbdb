/**
 * OpenID providers as a client sees them (OpenID Connect Core 1.0 §3.1): metadata, authorization request and code redemption.
 * oauth4webapi builds the requests and judges the responses.
 */
import { LRUCache } from 'lru-cache'
import * as oauth from 'oauth4webapi'

import { oauthRequestOptions } from '../outbound/oauth-requests.js'
import { createOutboundFetch } from '../outbound/outbound-fetch.js'
import type { Outbound } from '../outbound/outbound.js'

/** Client of a provider, as a tenant configured it. */
export interface OpenIdClient {
  readonly organizationId: string
  readonly issuer: string
  readonly clientId: string
  /** Null: a public client. */
  readonly clientSecret: string | null
}

/** What ties the response to the request: never sent, or sent as a digest only. */
export interface RequestBinding {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/** Reason that a sign-in with the provider ended. The cause says more, to the log. */
export class OpenIdError extends Error {
  override readonly name = 'OpenIdError'

  constructor(
    readonly reason: 'UNREACHABLE' | 'REFUSED' | 'INVALID',
    options?: ErrorOptions,
  ) {
    super(`OpenID provider: ${reason}`, options)
  }
}

const limits = { maxBytes: 131_072, timeoutMs: 5000 }

/** Metadata in memory: entries, and milliseconds after which it is fetched again. */
const maxProviders = 200
const metadataTtlMs = 600_000

export class OpenIdProviders {
  /** Errors are not cached. Concurrent sign-ins share one fetch. */
  readonly #metadata: LRUCache<string, oauth.AuthorizationServer>

  constructor(private readonly outbound: Outbound) {
    this.#metadata = new LRUCache({
      max: maxProviders,
      ttl: metadataTtlMs,
      fetchMethod: async (key) => {
        const [organizationId, issuer] = JSON.parse(key) as [string, string]
        return this.#discover(organizationId, issuer)
      },
    })
  }

  /** URL of the provider that the browser is sent to. @throws OpenIdError */
  async authorizationUrl(
    client: OpenIdClient,
    { state, nonce, verifier }: RequestBinding,
    parameters: Readonly<Record<string, string>>,
  ): Promise<string> {
    const { authorization_endpoint: endpoint } = await this.#load(client)
    const url = new URL(endpoint!)
    const own = {
      ...parameters,
      response_type: 'code',
      client_id: client.clientId,
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }
    for (const [name, value] of Object.entries(own)) url.searchParams.set(name, value)
    return url.href
  }

  /** Verified claims of the ID token. @param parameters those of the callback @throws OpenIdError */
  async redeem(
    client: OpenIdClient,
    { state, nonce, verifier }: RequestBinding,
    parameters: URLSearchParams,
    redirectUri: string,
  ): Promise<oauth.IDToken> {
    const server = await this.#load(client)
    const { clientId, clientSecret, organizationId } = client
    const own: oauth.Client = { client_id: clientId }
    const options = this.#options(organizationId)
    return judge(async () => {
      // `iss` against mix-up (RFC 9207), and `state` against forged responses.
      const code = oauth.validateAuthResponse(server, own, parameters, state)
      const authentication = clientAuthentication(server, clientSecret)
      const response = await oauth.authorizationCodeGrantRequest(server, own, authentication, code, redirectUri, verifier, options)
      const result = await oauth.processAuthorizationCodeResponse(server, own, response, { expectedNonce: nonce, requireIdToken: true })
      // TLS alone would do (OpenID Connect Core 1.0 §3.1.3.7), but http is possible where KEYHOUSE_OUTBOUND_ALLOW allows it.
      await oauth.validateApplicationLevelSignature(server, response, options)
      return oauth.getValidatedIdTokenClaims(result)!
    })
  }

  async #load({ organizationId, issuer }: OpenIdClient): Promise<oauth.AuthorizationServer> {
    return (await this.#metadata.fetch(JSON.stringify([organizationId, issuer])))!
  }

  async #discover(organizationId: string, issuer: string): Promise<oauth.AuthorizationServer> {
    return judge(async () => {
      const expected = new URL(issuer)
      const server = await oauth.processDiscoveryResponse(expected, await oauth.discoveryRequest(expected, this.#options(organizationId)))
      const endpoint = server.authorization_endpoint
      // The library compares after normalization, the specification as strings (OpenID Connect Discovery 1.0 §4.3).
      if (server.issuer !== issuer) throw new OpenIdError('INVALID', { cause: new Error('the metadata name another issuer') })
      // The browser goes there: no other scheme, and no address that this server would not call.
      if (endpoint === undefined || !URL.canParse(endpoint) || this.outbound.validateUrl(endpoint) !== undefined)
        throw new OpenIdError('INVALID', { cause: new Error('authorization_endpoint is missing or not allowed') })
      return server
    })
  }

  #options(organizationId: string) {
    return oauthRequestOptions(createOutboundFetch(this.outbound, organizationId, limits))
  }
}

function clientAuthentication(server: oauth.AuthorizationServer, secret: string | null): oauth.ClientAuth {
  if (secret === null) return oauth.None()
  // Omitted: client_secret_basic (OpenID Connect Discovery 1.0 §3).
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return methods.includes('client_secret_basic') ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret)
}

/** Maps every failure to a reason. @throws OpenIdError */
async function judge<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof OpenIdError) throw error
    throw new OpenIdError(reasonOf(error), { cause: error })
  }
}

function reasonOf(error: unknown): OpenIdError['reason'] {
  if (error instanceof oauth.AuthorizationResponseError) return 'REFUSED'
  // The provider refused the code (RFC 6749 §5.2). Other codes mean that the client is configured wrongly.
  if (error instanceof oauth.ResponseBodyError) return error.error === 'invalid_grant' ? 'REFUSED' : 'INVALID'
  const { name, code } = Object(error) as { name?: unknown; code?: unknown }
  return name === 'OutboundError' && code !== 'PROTOCOL_ERROR' && code !== 'URL_NOT_ALLOWED' ? 'UNREACHABLE' : 'INVALID'
}
