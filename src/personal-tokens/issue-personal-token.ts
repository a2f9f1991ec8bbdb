/** Issues a personal token: the signed JWT, and its row with a sealed copy, revealable for five minutes. */
import type { Context } from '../context/context.js'
import type { PersonalTokenType } from '../entities/enums.js'
import { PersonalToken, personalTokenAad } from '../entities/personal-token.js'
import { addSeconds, epochSeconds } from '../lib/clock.js'
import { newId } from '../lib/id.js'
import { seal } from '../lib/seal.js'

/** How long the creator can reveal the token again. */
export const revealWindowSeconds = 300
export const loginTtlSeconds = 12 * 3600

interface IssuePersonalTokenArgs {
  readonly organizationId: string
  readonly userId: string
  readonly createdBy: string | null
  readonly type: PersonalTokenType
  readonly description: string | null
  readonly permissions: readonly string[] | null
  readonly expiresAt: Date
}

/** Returns the row, which the caller persists, and the JWT as `text`. */
export async function issuePersonalToken(
  ctx: Context,
  args: IssuePersonalTokenArgs,
  now: Date,
): Promise<{ personalToken: PersonalToken; text: string }> {
  const id = newId('pt', now)
  const { url } = ctx.services.config
  const { text, kid } = await ctx.services.keyring.sign('kh-personal+jwt', {
    iss: url,
    aud: url,
    sub: args.userId,
    org: args.organizationId,
    jti: id,
    type: args.type,
    iat: epochSeconds(now),
    exp: epochSeconds(args.expiresAt),
  })
  const personalToken = Object.assign(new PersonalToken(), {
    ...args,
    id,
    permissions: args.permissions && [...args.permissions],
    signingKeyId: kid,
    issuedAt: now,
    lastUsedOn: null,
    visibleUntil: addSeconds(now, revealWindowSeconds),
    sealedText: seal(ctx.services.masterKeys, personalTokenAad({ ...args, id }), text),
    revokedAt: null,
    revokedBy: null,
  })
  return { personalToken, text }
}

/** Issues a LOGIN token. The caller must have authenticated the user; the command line passes `createdBy` null. */
export const issueLogin = (
  ctx: Context,
  { organizationId }: { organizationId: string },
  userId: string,
  now: Date,
  createdBy: string | null = userId,
): Promise<{ personalToken: PersonalToken; text: string }> =>
  issuePersonalToken(
    ctx,
    { organizationId, userId, createdBy, type: 'LOGIN', description: null, permissions: null, expiresAt: addSeconds(now, loginTtlSeconds) },
    now,
  )
