/** Issues a personal token: the signed JWT, and its row with a sealed copy, revealable for five minutes. */
import type { Context } from '../context/context.js'
import type { PersonalTokenType } from '../entities/enums.js'
import { PersonalToken, personalTokenAad } from '../entities/personal-token.js'
import { addSeconds, epochSeconds } from '../lib/clock.js'
import { seal } from '../lib/crypto/seal.js'
import { confirmationOf } from '../lib/crypto/session-key.js'
import { newId } from '../lib/id.js'

/** How long the creator can reveal the token again. */
export const revealWindowSeconds = 300
export const loginTtlSeconds = 12 * 3600
/** Description of the LOGIN token of a console session. */
export const sessionDescription = 'Console'

interface IssuePersonalTokenArgs {
  readonly organizationId: string
  readonly userId: string
  readonly createdBy: string | null
  readonly type: PersonalTokenType
  readonly description: string | null
  readonly permissions: readonly string[] | null
  readonly expiresAt: Date
  /** Binds the token to a console session. It cannot be revealed: the browser has it in a cookie that no script reads. */
  readonly sessionKey?: string | undefined
}

/** Returns the row, which the caller persists, and the JWT as `text`. */
export async function issuePersonalToken(
  ctx: Context,
  { sessionKey, ...args }: IssuePersonalTokenArgs,
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
    ...(sessionKey === undefined ? {} : { cnf: confirmationOf(sessionKey) }),
  })
  const personalToken = Object.assign(new PersonalToken(), {
    ...args,
    id,
    permissions: args.permissions && [...args.permissions],
    signingKeyId: kid,
    issuedAt: now,
    lastUsedOn: null,
    visibleUntil: sessionKey === undefined ? addSeconds(now, revealWindowSeconds) : now,
    sealedText: sessionKey === undefined ? seal(ctx.services.masterKeys, personalTokenAad({ ...args, id }), text) : null,
    revokedAt: null,
    revokedBy: null,
  })
  return { personalToken, text }
}

interface IssueLoginArgs {
  readonly organizationId: string
  readonly userId: string
  /** Null: the command line. */
  readonly createdBy: string | null
  readonly sessionKey?: string | undefined
}

/** Issues a LOGIN token. The caller must have authenticated the user. */
export const issueLogin = (ctx: Context, login: IssueLoginArgs, now: Date): Promise<{ personalToken: PersonalToken; text: string }> =>
  issuePersonalToken(
    ctx,
    {
      ...login,
      type: 'LOGIN',
      description: login.sessionKey === undefined ? null : sessionDescription,
      permissions: null,
      expiresAt: addSeconds(now, loginTtlSeconds),
    },
    now,
  )
