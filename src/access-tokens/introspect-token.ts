/** Token introspection (RFC 7662) for services that received an access token. */
import { intersection } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import { authorizeRead } from '../context/perform.js'
import type { Secret } from '../lib/secret.js'
import { Validator, validateAudience } from '../validation/validator.js'
import { findLiveToken } from './live-token.js'

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
    const live = await findLiveToken(ctx, token, now)
    if (!live || (audience != null && audience !== live.row.audience)) return inactive
    const { row, key, claims, subject, issuer } = live
    return {
      active: true,
      tokenId: row.id,
      subject,
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
