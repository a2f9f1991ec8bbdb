/** Removes a member: revokes their tokens and pending invitations. API keys belong to the organization and stay. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { unrevokedTokens } from '../database/queries/live-credentials.js'
import { Invitation } from '../entities/invitation.js'
import { PersonalToken } from '../entities/personal-token.js'
import { SignInToken } from '../entities/sign-in-token.js'
import { findMember, assertNotLastAdmin } from './find-member.js'

export async function removeMember(ctx: Context, input: { id: string }): Promise<{ removedMemberId: string; revokedTokenCount: number }> {
  return perform(ctx, 'member:remove', async ({ em, actor, now, permit, addDetails }) => {
    permit({ requestedId: input.id })
    const member = await findMember(em, input.id)
    permit({ id: member.id })
    await assertNotLastAdmin(em, member)
    const { id, userId } = member
    const revocation = { revokedAt: now, revokedBy: actor.id, sealedText: null }
    const revokedTokenCount = await em.nativeUpdate(PersonalToken, { userId, ...unrevokedTokens(now) }, revocation)
    // A member invited again must not regain access through a sign-in token from before.
    await em.nativeUpdate(SignInToken, { userId, usedAt: null }, { usedAt: now })
    await em.nativeUpdate(Invitation, { invitedBy: userId, acceptedAt: null, revokedAt: null }, { revokedAt: now })
    em.remove(member)
    addDetails({ userId, revokedTokenCount })
    return { removedMemberId: id, revokedTokenCount }
  })
}
