/** What every way to a personal token shares: its row, its text, and the five minutes in which it may be seen again. */
import type { Context } from '../context/context.js'
import type { PersonalTokenType } from '../entities/enums.js'
import { PersonalToken, personalTokenAad } from '../entities/personal-token.js'
import { addSeconds, epochSeconds } from '../lib/clock.js'
import { newId } from '../lib/id.js'
import { seal } from '../lib/seal.js'

/** Seconds. */
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

export async function issuePersonalToken(
  ctx: Context,
  issue: IssuePersonalTokenArgs,
  now: Date,
): Promise<{ personalToken: PersonalToken; text: string }> {
  const id = newId('pt', now)
  const { url } = ctx.app.config
  const { text, kid } = await ctx.app.keyring.sign('kh-personal+jwt', {
    iss: url,
    aud: url,
    sub: issue.userId,
    org: issue.organizationId,
    jti: id,
    type: issue.type,
    iat: epochSeconds(now),
    exp: epochSeconds(issue.expiresAt),
  })
  const personalToken = Object.assign(new PersonalToken(), {
    ...issue,
    id,
    permissions: issue.permissions && [...issue.permissions],
    signingKeyId: kid,
    issuedAt: now,
    lastUsedOn: null,
    visibleUntil: addSeconds(now, revealWindowSeconds),
    sealedText: seal(ctx.app.masterKeys, personalTokenAad({ ...issue, id }), text),
    revokedAt: null,
    revokedBy: null,
  })
  return { personalToken, text }
}

/** A LOGIN token, for who has just proven that they are this user, or for the command line. */
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
