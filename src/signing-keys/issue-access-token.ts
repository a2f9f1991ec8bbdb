/** Signs an access token (RFC 9068), and builds the row that records it. */
import type { AccessToken } from '../entities/access-token.js'
import type { Environment } from '../entities/enums.js'
import { epochSeconds } from '../lib/clock.js'
import { issuerUrl } from '../lib/issuer.js'
import type { Keyring } from './keyring.js'

/** Lifetime of a token that asks for none, in seconds. */
export const defaultTokenTtlSeconds = 3600

/** Party that acts for the subject (RFC 8693 §4.1); earlier actors are nested. */
export interface ActClaim {
  readonly sub: string
  readonly act?: ActClaim
}

/** Contents of a new access token. */
export interface AccessTokenDraft {
  readonly id: string
  readonly organizationId: string
  readonly projectId: string
  readonly environment: Environment
  /** Key that limits the token. */
  readonly apiKeyId: string
  /** Id of its end user; empty: it acts for none. */
  readonly endUserId: string
  readonly grantId: string | null
  /** Token that this one was narrowed from. */
  readonly subjectTokenId: string | null
  readonly audience: string
  readonly permissions: readonly string[]
  /** `sub`: the external id of the end user, or the client. */
  readonly subject: string
  /** `client_id`: the API key, or the OAuth client of the grant. */
  readonly clientId: string
  readonly act?: ActClaim | undefined
  /** Seconds since 1970. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/** Row of a token. An append-only verb inserts it without the unit of work. */
export type AccessTokenRecord = Omit<AccessToken, 'status'>

export interface IssuedAccessToken {
  /** The signed JWT. */
  readonly token: string
  readonly row: AccessTokenRecord
  readonly issuer: string
}

/**
 * First second, since 1970, in which a token of the key can be issued: a sandbox reset also revokes tokens issued in its own
 * second.
 */
export const earliestIssueTime = (sandboxResetAt: Date | null, now: Date): number =>
  Math.max(epochSeconds(now), sandboxResetAt ? epochSeconds(sandboxResetAt) + 1 : 0)

/** The caller records the row in the same change. @param url `KEYHOUSE_URL` */
export async function issueAccessToken(
  { keyring, config: { url } }: { readonly keyring: Pick<Keyring, 'sign'>; readonly config: { readonly url: string } },
  { subject, clientId, act, issuedAt, expiresAt, ...draft }: AccessTokenDraft,
): Promise<IssuedAccessToken> {
  const { organizationId, projectId, environment } = draft
  const permissions = [...draft.permissions]
  const issuer = issuerUrl(url, organizationId, environment)
  const { text, kid } = await keyring.sign('at+jwt', {
    iss: issuer,
    aud: draft.audience,
    sub: subject,
    client_id: clientId,
    iat: issuedAt,
    exp: expiresAt,
    jti: draft.id,
    permissions,
    ...(permissions.length > 0 ? { scope: permissions.join(' ') } : {}),
    org: organizationId,
    project: projectId,
    env: environment,
    ...(act ? { act } : {}),
  })
  const times = { issuedAt: new Date(issuedAt * 1000), expiresAt: new Date(expiresAt * 1000), revokedAt: null }
  return { token: text, row: { ...draft, ...times, permissions, signingKeyId: kid, hasTenantIssuer: true }, issuer }
}
