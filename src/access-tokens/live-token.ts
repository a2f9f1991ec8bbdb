/** Finds the record of an access token that was presented as a value, by the rules of its authentication. */
import { allowsEndUser } from '../access/end-user-scope.js'
import type { Context } from '../context/context.js'
import { AccessToken } from '../entities/access-token.js'
import { ApiKey } from '../entities/api-key.js'
import { isId } from '../lib/id.js'
import { acceptedUrls, issuerOfToken } from '../lib/issuer.js'
import type { Secret } from '../lib/secret.js'

/** An access token that is valid now and visible to the caller. */
export interface LiveToken {
  readonly row: AccessToken
  readonly key: ApiKey
  readonly claims: Readonly<Record<string, unknown>>
  /** `sub`. */
  readonly subject: string
  /** `iss`. */
  readonly issuer: string
}

/** Null for a token that is unknown, expired, revoked, suspended, or not visible to the caller. Its audience is not checked. */
export async function findLiveToken(ctx: Context, token: Secret, now: Date): Promise<LiveToken | null> {
  // Reject other `typ` values (RFC 8725 §3.11): a personal token must not pass as an access token at a service.
  const claims = await ctx.services.keyring.verify(token.reveal(), 'at+jwt')
  const { jti, sub } = claims ?? {}
  if (!claims || !isId(jti, 'at') || typeof sub !== 'string') return null
  const row = await ctx.load(AccessToken, jti)
  const key = row && (await ctx.loadInOrganization(row, ApiKey, row.apiKeyId))
  if (!row || key?.status(now) !== 'ACTIVE' || row.status(now, key, null) !== 'ACTIVE') return null
  if (row.endUserId !== '' && !allowsEndUser(key.endUserScope, sub)) return null
  const issuer = acceptedUrls(ctx.services.config)
    .map((url) => issuerOfToken(url, row, row.hasTenantIssuer))
    .find((accepted) => accepted === claims['iss'])
  return issuer === undefined ? null : { row, key, claims, subject: sub, issuer }
}
