/** Metadata of an MCP server as a protected resource (RFC 9728), found as MCP 2026-07-28 says. */
import { isPlainIssuer, isPlainUrl } from '../lib/network/plain-url.js'
import { fetchJson, ignoreUnreadable } from './authorization-server-metadata.js'
import { readBearerChallenge, type BearerChallenge } from './bearer-challenge.js'
import { metadataInvalid } from './oauth-client-error.js'
import type { OutboundFetch } from './outbound-fetch.js'

export interface ProtectedResource {
  /** Identifier of the resource, verbatim. Null without metadata. */
  readonly resource: string | null
  readonly issuers: readonly string[]
  /** Scopes that the challenge, else the metadata names; null for neither. */
  readonly scopes: readonly string[] | null
}

const isStrings = (value: unknown): value is string[] => Array.isArray(value) && value.every((entry) => typeof entry === 'string')

const clientInfo = { name: 'keyhouse', version: '1' }
/** Some servers let anybody initialize, or know no such method (MCP 2026-07-28), and challenge other requests. */
const probes = [
  { method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } },
  { method: 'tools/list', params: {} },
].map((message) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'user-agent': 'keyhouse' },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
}))

/** Challenge of a server that is asked without a credential; empty without one. */
async function findChallenge(fetch: OutboundFetch, serverUrl: string): Promise<BearerChallenge> {
  for (const probe of probes) {
    const response = await fetch(serverUrl, probe).catch(ignoreUnreadable)
    if (response?.status === 401 || response?.status === 403)
      return readBearerChallenge(response.headers.get('www-authenticate') ?? undefined)
  }
  return {}
}

/** Asks the server without a credential, and reads the document that its challenge names, else the well-known ones. */
export async function fetchProtectedResource(fetch: OutboundFetch, serverUrl: string): Promise<ProtectedResource> {
  const challenge = await findChallenge(fetch, serverUrl)
  const challengeScopes = challenge.scope ? challenge.scope.split(' ').filter(Boolean) : null
  const { origin, pathname } = new URL(serverUrl)
  const named = challenge.resource_metadata
  // A server may name only documents of its own: another origin could choose the authorization server for it.
  if (named !== undefined && (!URL.canParse(named) || new URL(named).origin !== origin))
    throw metadataInvalid('The challenge of the MCP server names resource metadata of another origin.')
  const wellKnown = `${origin}/.well-known/oauth-protected-resource`
  const places = named === undefined ? [...new Set([`${wellKnown}${pathname === '/' ? '' : pathname}`, wellKnown])] : [named]
  for (const url of places) {
    const response = await fetchJson(fetch, url)
    if (response) return toProtectedResource(await response.json().catch(() => null), serverUrl, challengeScopes)
  }
  // A server from before RFC 9728 is its own authorization server.
  return { resource: null, issuers: [origin], scopes: challengeScopes }
}

function toProtectedResource(document: unknown, serverUrl: string, challengeScopes: readonly string[] | null): ProtectedResource {
  const { resource, authorization_servers: issuers, scopes_supported: supported } = Object(document) as Record<string, unknown>
  if (!isPlainUrl(resource) || !covers(resource, serverUrl))
    throw metadataInvalid('"resource" in the metadata of the MCP server does not cover its URL.')
  if (!isStrings(issuers) || issuers.length === 0 || !issuers.every(isPlainIssuer))
    throw metadataInvalid('"authorization_servers" in the metadata of the MCP server has no valid URL.')
  return { resource, issuers, scopes: challengeScopes ?? (isStrings(supported) ? supported : null) }
}

/** Whether the resource is the URL or a parent path of it, at the same origin. Another one would get tokens for elsewhere. */
export function covers(resource: string, serverUrl: string): boolean {
  if (!URL.canParse(resource) || resource.includes('#')) return false
  const parent = new URL(resource)
  const child = new URL(serverUrl)
  return parent.origin === child.origin && `${child.pathname}/`.startsWith(parent.pathname.replace(/\/?$/, '/'))
}
