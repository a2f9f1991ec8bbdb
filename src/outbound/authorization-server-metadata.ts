/** Metadata of an authorization server (RFC 8414, OpenID Connect Discovery 1.0), in the order of MCP 2026-07-28. */
import type { AuthorizationServer } from 'oauth4webapi'

import { isPlainUrl } from '../lib/network/plain-url.js'
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

/** For a response that cannot be read: too large, compressed, or a redirect elsewhere. @throws the error, if it is another one */
export function ignoreUnreadable(error: unknown): undefined {
  if (!(error instanceof OutboundError) || error.code !== 'PROTOCOL_ERROR') throw error
}

/** Undefined when the place has no JSON: an error status, a page, or a redirect elsewhere. @throws OutboundError, OAuthClientError */
export async function fetchJson(fetch: OutboundFetch, url: string): Promise<Response | undefined> {
  const response = await fetch(url, { method: 'GET', headers: { accept: 'application/json', 'user-agent': 'keyhouse' } }).catch(
    ignoreUnreadable,
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
    const document = Object(await response.json().catch(() => null)) as Record<string, unknown>
    // RFC 8414 §3.3: identical. Another issuer could take over its tokens (mix-up).
    if (document['issuer'] !== issuer) throw metadataInvalid(`The metadata of the authorization server ${issuer} names another issuer.`)
    assertUsable(document, validateUrl)
    return selectMembers(document, issuer)
  }
  return undefined
}

/** @throws OAuthClientError METADATA_INVALID */
function assertUsable(document: Record<string, unknown>, validateUrl: (url: string) => string | undefined): void {
  for (const name of ['authorization_endpoint', 'token_endpoint']) {
    const endpoint = document[name]
    // The browser follows the first one: "javascript:" and plain http end here.
    const issue = isPlainUrl(endpoint) ? validateUrl(endpoint) : 'is missing, or no https URL without user name'
    if (issue !== undefined) throw metadataInvalid(`"${name}" of the authorization server ${issue}.`)
  }
  const methods = document['code_challenge_methods_supported']
  // MCP 2026-07-28, Authorization Code Protection: a client must refuse a server that does not announce PKCE.
  if (!Array.isArray(methods) || !methods.includes('S256'))
    throw metadataInvalid('The authorization server does not announce PKCE with S256 ("code_challenge_methods_supported").')
}

const endpoints = ['authorization_endpoint', 'token_endpoint', 'registration_endpoint', 'revocation_endpoint'] as const
const flags = ['authorization_response_iss_parameter_supported', 'client_id_metadata_document_supported'] as const
const authMethods = ['client_secret_basic', 'client_secret_post', 'none']

/** The members that are used. The rest of the document could take megabytes for as long as it is kept. */
function selectMembers(document: Record<string, unknown>, issuer: string): AuthorizationServer {
  const methods = document['token_endpoint_auth_methods_supported']
  return {
    issuer,
    ...Object.fromEntries(endpoints.flatMap((name) => (isPlainUrl(document[name]) ? [[name, document[name]]] : []))),
    ...Object.fromEntries(flags.flatMap((name) => (document[name] === true ? [[name, true]] : []))),
    ...(Array.isArray(methods) ? { token_endpoint_auth_methods_supported: authMethods.filter((method) => methods.includes(method)) } : {}),
  }
}
