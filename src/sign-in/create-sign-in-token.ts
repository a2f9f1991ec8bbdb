/** Creates a sign-in token, with which a member who lost their LOGIN token signs in again. */
import { assertCanGrantMembership } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { Member } from '../entities/member.js'
import { objectNotFound } from '../lib/errors.js'
import type { Secret } from '../lib/secret.js'
import { issueSignInToken } from './issue-sign-in-token.js'

export async function createSignInToken(ctx: Context, input: { memberId: string }): Promise<{ signInToken: Secret; expiresAt: Date }> {
  return perform(ctx, 'sign_in_token:create', async ({ em, actor, now, permit }) => {
    permit({ requestedId: input.memberId })
    const member = await em.findOne(Member, { id: input.memberId })
    if (!member) throw objectNotFound('member', ['input', 'memberId'])
    permit({ id: member.id })
    // The holder signs in as that member, so the creator must be able to grant all of the member's access.
    assertCanGrantMembership(actor, member)
    const { secret, expiresAt } = issueSignInToken(em, actor, member.userId, now)
    return { signInToken: secret, expiresAt }
  })
}
