/**
 * Stateless dynamic registration (RFC 7591): the client id holds the metadata and a MAC of it, so that no stranger leaves a row.
 * The MAC covers the issuer, so an id is worth nothing at another one.
 */
import type { DeploymentSecrets } from '../../encryption/deployment-secrets.js'
import { isEqual } from '../../lib/crypto/is-equal.js'
import type { Issuer } from '../../lib/issuer.js'
import { OAuthError } from '../oauth-error.js'
import type { ClientMetadata, OAuthClient } from './client-metadata.js'

/** Maximum size of the metadata in an id, in bytes. */
export const maxMetadataBytes = 2048

const prefix = 'kh_client_'
const idPattern = /^kh_client_([\w-]{1,2731})\.([0-9a-f]{64})$/

export const isRegisteredClientId = (id: string): boolean => id.startsWith(prefix)

const macOf = (secrets: DeploymentSecrets, { organizationId, environment }: Issuer, payload: string): string =>
  secrets.mac('oauth_client', JSON.stringify([organizationId, environment, payload]))

/** Client id of the metadata. @throws OAuthError invalid_client_metadata for more than {@link maxMetadataBytes} */
export function createClientId(secrets: DeploymentSecrets, issuer: Issuer, { name, redirectUris }: ClientMetadata): string {
  const bytes = Buffer.from(JSON.stringify([name, ...redirectUris]))
  if (bytes.length > maxMetadataBytes)
    throw new OAuthError('invalid_client_metadata', `client_name and redirect_uris must have at most ${maxMetadataBytes} bytes together.`)
  const payload = bytes.toString('base64url')
  return `${prefix}${payload}.${macOf(secrets, issuer, payload)}`
}

/** Undefined for an id that this issuer did not create. */
export function parseClientId(secrets: DeploymentSecrets, issuer: Issuer, id: string): OAuthClient | undefined {
  const [, payload, mac] = idPattern.exec(id) ?? []
  if (payload === undefined || mac === undefined) return undefined
  if (!isEqual(mac, macOf(secrets, issuer, payload))) return undefined
  const [name, ...redirectUris] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [string, ...string[]]
  return { id, name, host: null, redirectUris }
}
