/** A way back in for a member who lost their token, made by an ADMIN. */
import { refuseMembership } from '../access/grants.js'
import type { Context } from '../context.js'
import { Member } from '../entities/member.js'
import { forbidden, notFound } from '../errors.js'
import type { Secret } from '../lib/secret.js'
import { perform } from '../perform.js'
import { addSignInToken } from './add-sign-in-token.js'
import { isReduced } from './reach.js'

export async function createSignInToken(ctx: Context, input: { memberId: string }): Promise<{ signInToken: Secret; expiresAt: Date }> {
  return perform(ctx, 'sign_in_token:create', async ({ em, actor, now, permit }) => {
    const member = await em.findOne(Member, { id: input.memberId })
    if (!member) throw notFound('No such member.', ['input', 'memberId'])
    permit({ id: member.id })
    // Whoever holds it becomes that member, with all that they may do.
    if (isReduced(actor))
      throw forbidden('This needs the permission "member:update" with a LOGIN or FULL_ACCESS token: a reduced one lets nobody in.')
    refuseMembership(actor, member)
    const { secret, expiresAt } = addSignInToken(em, actor, member.userId, now)
    return { signInToken: secret, expiresAt }
  })
}
