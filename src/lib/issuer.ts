/**
 * Issuers of access tokens (RFC 8414 §2): one for each organization and environment of this deployment.
 * All issuers share the signing keys. A verifier that pins its own issuer rejects the tokens of other tenants.
 */

const segments = { SANDBOX: 'sandbox', PRODUCTION: 'production' } as const

/** Organization and environment that an issuer URL identifies. */
export interface Issuer {
  readonly organizationId: string
  readonly environment: keyof typeof segments
}

const issuerPath = /^\/o\/(org_[0-9a-f]{32})\/(sandbox|production)$/

/** Public origins whose tokens are verified: `KEYHOUSE_URL` and, if set, `KEYHOUSE_PREVIOUS_URL`. */
export const acceptedUrls = ({ url, previousUrl }: { readonly url: string; readonly previousUrl: string | undefined }): readonly string[] =>
  previousUrl === undefined ? [url] : [url, previousUrl]

/** @param url `KEYHOUSE_URL` */
export const issuerUrl = (url: string, organizationId: string, environment: Issuer['environment']): string =>
  `${url}/o/${organizationId}/${segments[environment]}`

/**
 * The `iss` of a recorded token. Tokens from before the introduction of tenant issuers carry the deployment's URL.
 * The migration marked their rows, so no later token can use that URL.
 */
export const issuerOfToken = (url: string, { organizationId, environment }: Issuer, hasTenantIssuer: boolean): string =>
  hasTenantIssuer ? issuerUrl(url, organizationId, environment) : url

/** Undefined for text that `issuerUrl` does not produce: issuers compare as strings, without normalization (RFC 8414 §3.3). */
export function parseIssuer(url: string, iss: string): Issuer | undefined {
  if (!iss.startsWith(url)) return undefined
  const [, organizationId, segment] = issuerPath.exec(iss.slice(url.length)) ?? []
  if (organizationId === undefined) return undefined
  return { organizationId, environment: segment === 'sandbox' ? 'SANDBOX' : 'PRODUCTION' }
}
