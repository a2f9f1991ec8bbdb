/** Revokes a pending invitation. Idempotent. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { Invitation } from '../entities/invitation.js'
import { invalidState, notFound } from '../lib/errors.js'

export async function revokeInvitation(ctx: Context, input: { id: string }): Promise<{ invitation: Invitation }> {
  return perform(ctx, 'invitation:revoke', async ({ em, now, permit }) => {
    permit({ requestedId: input.id })
    const invitation = await em.findOne(Invitation, { id: input.id })
    if (!invitation) throw notFound('No such invitation.', ['input', 'id'])
    permit({ id: invitation.id })
    if (invitation.acceptedAt) throw invalidState('This invitation was accepted: remove the member instead.')
    invitation.revokedAt ??= now
    return { invitation }
  })
}
