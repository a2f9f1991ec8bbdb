/**
 * The issuer of access tokens (RFC 8414 §2): one for each organization and environment of this deployment.
 * All of them share the signing keys, so a verifier that pins its own issuer rejects the tokens of every other tenant.
 */

const segments = { SANDBOX: 'sandbox', PRODUCTION: 'production' } as const

export interface Issuer {
  readonly organizationId: string
  readonly environment: keyof typeof segments
}

const path = /^\/o\/(org_[0-9a-f]{32})\/(sandbox|production)$/

/** @param url the deployment's own, `KEYHOUSE_URL` */
export const issuerUrl = (url: string, organizationId: string, environment: Issuer['environment']): string =>
  `${url}/o/${organizationId}/${segments[environment]}`

/**
 * The `iss` of a recorded token. Tokens recorded before the upgrade that introduced these issuers carry the deployment's URL,
 * and only those do: the migration marks their rows, so no token issued later can use it.
 */
export const issuerOfToken = (url: string, { organizationId, environment }: Issuer, hasTenantIssuer: boolean): string =>
  hasTenantIssuer ? issuerUrl(url, organizationId, environment) : url

/** Undefined for every text that `issuerUrl` does not write: issuers compare as strings (RFC 8414 §3.3), without normalization. */
export function parseIssuer(url: string, iss: string): Issuer | undefined {
  if (!iss.startsWith(url)) return undefined
  const [, organizationId, segment] = path.exec(iss.slice(url.length)) ?? []
  if (organizationId === undefined) return undefined
  return { organizationId, environment: segment === 'sandbox' ? 'SANDBOX' : 'PRODUCTION' }
}
