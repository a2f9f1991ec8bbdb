/** What a service asks about a token that it was handed (RFC 7662): whether it is active, and if so what it says. */
import { intersection } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import { authorizeRead } from '../context/perform.js'
import { AccessToken } from '../entities/access-token.js'
import { ApiKey } from '../entities/api-key.js'
import { isId } from '../lib/id.js'
import { issuerOfToken } from '../lib/issuer.js'
import type { Secret } from '../lib/secret.js'
import { Validator, validateAudience } from '../validation/validator.js'

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

/** RFC 7662 §2.2: nothing else, so that nobody learns why. */
const inactive: Introspection = { active: false }

export async function introspectToken(
  ctx: Context,
  { token, audience }: { readonly token: Secret; readonly audience?: string | null | undefined },
): Promise<Introspection> {
  return authorizeRead(ctx, 'access_token:introspect', async ({ now, permit }) => {
    const validator = new Validator()
    const fault = audience == null ? undefined : validateAudience(audience)
    if (fault) validator.addIssue('audience', fault)
    validator.throwIfInvalid()
    permit()
    // Personal tokens are for Keyhouse alone: a service that was handed one must not take it for a token of its own.
    const claims = await ctx.app.keyring.verify(token.reveal(), 'at+jwt')
    const { jti, sub } = claims ?? {}
    if (!claims || !isId(jti, 'at') || typeof sub !== 'string') return inactive
    const row = await ctx.load(AccessToken, jti)
    const key = row && (await ctx.loadInOrganization(row, ApiKey, row.apiKeyId))
    if (!row || key?.status(now) !== 'ACTIVE' || row.status(now, key, null) !== 'ACTIVE') return inactive
    if (audience != null && audience !== row.audience) return inactive
    const issuer = issuerOfToken(ctx.app.config.url, row, row.hasTenantIssuer)
    if (claims['iss'] !== issuer) return inactive
    return {
      active: true,
      tokenId: row.id,
      subject: sub,
      issuer,
      audience: row.audience,
      // What is left of it: the key may hold less by now than when it was exchanged.
      permissions: intersection(row.permissions, key.permissions),
      issuedAt: row.issuedAt,
      expiresAt: row.expiresAt,
      claims,
    }
  })
}
