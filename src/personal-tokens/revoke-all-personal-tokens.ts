/** Revokes all of the caller's own personal tokens, including the one in use; this response is still sent. */
import { requireUser } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { unrevokedTokens } from '../database/queries/live-credentials.js'
import { PersonalToken } from '../entities/personal-token.js'

export async function revokeAllPersonalTokens(ctx: Context): Promise<{ revokedCount: number }> {
  return perform(ctx, 'personal_token:revoke_all', async ({ em, actor, now, permit, addDetails }) => {
    permit()
    const { userId } = requireUser(actor)
    const revocation = { revokedAt: now, revokedBy: actor.id, sealedText: null }
    const revokedCount = await em.nativeUpdate(PersonalToken, { userId, ...unrevokedTokens(now) }, revocation)
    addDetails({ revokedCount })
    return { revokedCount }
  })
}
