/** Token introspection (RFC 7662) for services that received an access token. */
import { allowsEndUser } from '../access/end-user-scope.js'
import { intersection } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import { authorizeRead } from '../context/perform.js'
import { AccessToken } from '../entities/access-token.js'
import { ApiKey } from '../entities/api-key.js'
import { isId } from '../lib/id.js'
import { acceptedUrls, issuerOfToken } from '../lib/issuer.js'
import type { Secret } from '../lib/secret.js'
import { Validator, validateAudience } from '../validation/validator.js'

/** Introspection response; an inactive token has `active` alone. */
export interface Introspection {
  readonly active: boolean
  readonly tokenId?: string
  readonly subject?: string
  readonly issuer?: string
  readonly audience?: string
  readonly permissions?: readonly string[]
  readonly issuedAt?: Date
  readonly expiresAt?: Date
  readonly claims?: Readonly<Record<string, unknown>>
}

/** An inactive token's response has no other field, so it does not disclose the reason (RFC 7662 §2.2). */
const inactive: Introspection = { active: false }

/** @throws DomainError INVALID or FORBIDDEN; an invalid token is inactive, not an error. */
export async function introspectToken(
  ctx: Context,
  { token, audience }: { readonly token: Secret; readonly audience?: string | null | undefined },
): Promise<Introspection> {
  return authorizeRead(ctx, 'access_token:introspect', async ({ now, permit }) => {
    const validator = new Validator()
    const issue = audience == null ? undefined : validateAudience(audience)
    if (issue) validator.addIssue('audience', issue)
    validator.throwIfInvalid()
    permit()
    // Reject other `typ` values (RFC 8725 §3.11): a personal token must not pass as an access token at a service.
    const claims = await ctx.services.keyring.verify(token.reveal(), 'at+jwt')
    const { jti, sub } = claims ?? {}
    if (!claims || !isId(jti, 'at') || typeof sub !== 'string') return inactive
    const row = await ctx.load(AccessToken, jti)
    const key = row && (await ctx.loadInOrganization(row, ApiKey, row.apiKeyId))
    if (!row || key?.status(now) !== 'ACTIVE' || row.status(now, key, null) !== 'ACTIVE') return inactive
    if (!allowsEndUser(key.endUserScope, sub)) return inactive
    if (audience != null && audience !== row.audience) return inactive
    const issuer = acceptedUrls(ctx.services.config)
      .map((url) => issuerOfToken(url, row, row.hasTenantIssuer))
      .find((accepted) => accepted === claims['iss'])
    if (issuer === undefined) return inactive
    return {
      active: true,
      tokenId: row.id,
      subject: sub,
      issuer,
      audience: row.audience,
      // The key may have lost permissions since the exchange.
      permissions: intersection(row.permissions, key.permissions),
      issuedAt: row.issuedAt,
      expiresAt: row.expiresAt,
      claims,
    }
  })
}
