/** Revokes a pending invitation. Idempotent. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { Invitation } from '../entities/invitation.js'
import { invalidState, objectNotFound } from '../lib/errors.js'

export async function revokeInvitation(ctx: Context, input: { id: string }): Promise<{ invitation: Invitation }> {
  return perform(ctx, 'invitation:revoke', async ({ em, now, permit }) => {
    permit({ requestedId: input.id })
    const invitation = await em.findOne(Invitation, { id: input.id })
    if (!invitation) throw objectNotFound('invitation', ['input', 'id'])
    permit({ id: invitation.id })
    if (invitation.acceptedAt) throw invalidState('The invitation is accepted. Remove the member with removeMember instead.')
    invitation.revokedAt ??= now
    return { invitation }
  })
}
