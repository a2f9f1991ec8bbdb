/** Metadata of an authorization server (RFC 8414, OpenID Connect Discovery 1.0), in the order of MCP 2026-07-28. */
import { processDiscoveryResponse, type AuthorizationServer } from 'oauth4webapi'

import { OAuthClientError, metadataInvalid } from './oauth-client-error.js'
import { OutboundError } from './outbound-error.js'
import type { OutboundFetch } from './outbound-fetch.js'

/** Places of the document of an issuer with or without a path. */
function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const places = [`${origin}/.well-known/oauth-authorization-server${path}`, `${origin}/.well-known/openid-configuration${path}`]
  return path === '' ? places : [...places, `${origin}${path}/.well-known/openid-configuration`]
}

/** Undefined when the place has no JSON: an error status, a page, or a redirect elsewhere. @throws OutboundError, OAuthClientError */
export async function fetchJson(fetch: OutboundFetch, url: string): Promise<Response | undefined> {
  const response = await fetch(url, { method: 'GET', headers: { accept: 'application/json', 'user-agent': 'keyhouse' } }).catch(
    (error: unknown) => {
      if (error instanceof OutboundError && error.code === 'PROTOCOL_ERROR') return undefined
      throw error
    },
  )
  if (response && (response.status === 429 || response.status >= 500)) throw new OAuthClientError('UNREACHABLE')
  const isJson = response?.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json'
  return response?.status === 200 && isJson ? response : undefined
}

/** Undefined when the issuer has no document. @throws OAuthClientError METADATA_INVALID or UNREACHABLE; OutboundError */
export async function fetchAuthorizationServer(
  fetch: OutboundFetch,
  issuer: string,
  validateUrl: (url: string) => string | undefined,
): Promise<AuthorizationServer | undefined> {
  for (const url of metadataUrls(issuer)) {
    const response = await fetchJson(fetch, url)
    if (!response) continue
    const metadata = await processDiscoveryResponse(new URL(issuer), response).catch(() => undefined)
    // RFC 8414 §3.3: identical, while the library compares URLs. Another issuer could take over its tokens (mix-up).
    if (metadata?.issuer !== issuer) throw metadataInvalid(`The metadata of the authorization server ${issuer} names another issuer.`)
    assertUsable(metadata, validateUrl)
    return metadata
  }
  return undefined
}

/** @throws OAuthClientError METADATA_INVALID */
function assertUsable(metadata: AuthorizationServer, validateUrl: (url: string) => string | undefined): void {
  for (const name of ['authorization_endpoint', 'token_endpoint'] as const) {
    const endpoint: unknown = metadata[name]
    // The browser follows the first one: "javascript:" and plain http end here.
    if (typeof endpoint !== 'string' || !URL.canParse(endpoint))
      throw metadataInvalid(`"${name}" of the authorization server is missing or no URL.`)
    const issue = /^https?:/i.test(endpoint) ? validateUrl(endpoint) : 'must be an https URL'
    if (issue !== undefined) throw metadataInvalid(`"${name}" of the authorization server ${issue}.`)
  }
  const methods: unknown = metadata.code_challenge_methods_supported
  // MCP 2026-07-28, Authorization Code Protection: a client must refuse a server that does not announce PKCE.
  if (!Array.isArray(methods) || !methods.includes('S256'))
    throw metadataInvalid('The authorization server does not announce PKCE with S256 ("code_challenge_methods_supported").')
}
