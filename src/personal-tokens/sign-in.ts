import { systemActor, type Actor } from '../access/actor.js'
/** Turns a sign-in token into a LOGIN token, once. */
import type { Query } from '../access/reads.js'
import type { Context } from '../context.js'
import { Member } from '../entities/member.js'
import type { PersonalToken } from '../entities/personal-token.js'
import { SignInToken } from '../entities/sign-in-token.js'
import { invalidState, notFound } from '../errors.js'
import { addSeconds } from '../lib/clock.js'
import { sha256 } from '../lib/digest.js'
import type { Secret } from '../lib/secret.js'
import { perform } from '../perform.js'
import { issuePersonalToken, loginLasts } from './issue.js'

const bearer: Query = { name: 'sign_in_token', sql: 'select id, organization_id, user_id from sign_in_token where digest = ?' }

const path = ['input', 'signInToken']

export async function signIn(ctx: Context, signInToken: Secret): Promise<{ personalToken: PersonalToken; token: string }> {
  const row = await ctx.app.journal.read(bearer, [sha256(signInToken.reveal())])
  if (!row) throw notFound('No such sign-in token.', path)
  const id = String(row['id'])
  const userId = String(row['user_id'])
  const organizationId = String(row['organization_id'])
  const actor: Actor = { ...systemActor(organizationId), kind: 'SIGN_IN_TOKEN', id: userId, permissions: [] }
  return perform(ctx.as(actor), 'sign_in_token:use', async ({ em, now, permit }) => {
    permit({ id })
    if (!(await em.findOne(Member, { userId }))) throw notFound('No such sign-in token.', path)
    // Once: the update that finds it unused is the single winner.
    const used = await em.nativeUpdate(SignInToken, { id, usedAt: null, expiresAt: { $gt: now } }, { usedAt: now })
    if (used !== 1) throw invalidState('This sign-in token has been used, or its 15 minutes are over.', path)
    const expiresAt = addSeconds(now, loginLasts)
    const issue = { organizationId, userId, createdBy: userId, type: 'LOGIN', description: null, permissions: null, expiresAt } as const
    const { personalToken, text } = await issuePersonalToken(ctx, issue, now)
    em.persist(personalToken)
    return { personalToken, token: text }
  })
}
