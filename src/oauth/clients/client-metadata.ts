/** Metadata that an OAuth client states about itself, at registration or in its document (RFC 7591 §2). */
import { OAuthError } from '../oauth-error.js'
import { isLoopbackRedirect, privateUseScheme, validateRedirectUri } from './redirect-uri.js'

export const maxClientNameLength = 100
export const maxRedirectUris = 20

/** An OAuth client. All of them are public: none has a secret. */
export interface OAuthClient {
  /** URL of a Client ID Metadata Document, or the id from a registration. */
  readonly id: string
  /** Given by the client, and not verified. */
  readonly name: string
  /** Host of the document; null for a client that registered itself. */
  readonly host: string | null
  readonly redirectUris: readonly string[]
}

export interface ClientMetadata {
  readonly name: string
  readonly redirectUris: readonly string[]
  readonly applicationType: 'native' | 'web'
}

export const invalidMetadata = (text: string): OAuthError => new OAuthError('invalid_client_metadata', text)
const invalidRedirectUri = (text: string): OAuthError => new OAuthError('invalid_redirect_uri', text)

/** Without control and formatting characters, which could reorder the text around the name. */
const toDisplayName = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, maxClientNameLength)

/** As the clients of `@modelcontextprotocol/client` derive it: an app if every redirect stays on the device. */
const deriveApplicationType = (redirectUris: readonly string[]): 'native' | 'web' =>
  redirectUris.every((uri) => isLoopbackRedirect(uri) || privateUseScheme(uri) !== undefined) ? 'native' : 'web'

function parseRedirectUris(value: unknown): string[] {
  const isList =
    Array.isArray(value) && value.length > 0 && value.length <= maxRedirectUris && value.every((uri) => typeof uri === 'string')
  if (!isList) throw invalidRedirectUri(`redirect_uris must be an array of 1 to ${maxRedirectUris} URIs.`)
  for (const [i, uri] of value.entries()) {
    const issue = validateRedirectUri(uri)
    if (issue !== undefined) throw invalidRedirectUri(`redirect_uris[${i}] ${issue}.`)
  }
  return [...new Set(value)]
}

/** @throws OAuthError invalid_client_metadata or invalid_redirect_uri */
export function parseClientMetadata(value: unknown): ClientMetadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidMetadata('The client metadata must be a JSON object.')
  const { client_name: name, redirect_uris: uris, application_type: type } = value as Readonly<Record<string, unknown>>
  if (name !== undefined && typeof name !== 'string') throw invalidMetadata('client_name must be a string.')
  if (type !== undefined && type !== 'native' && type !== 'web') throw invalidMetadata('application_type must be native or web.')
  const redirectUris = parseRedirectUris(uris)
  return { name: toDisplayName(name ?? '') || 'Unnamed client', redirectUris, applicationType: type ?? deriveApplicationType(redirectUris) }
}
