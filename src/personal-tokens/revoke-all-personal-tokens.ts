/** Ends all of the caller's own tokens, the one in use too. The answer still arrives. */
import { requireUser } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { PersonalToken } from '../entities/personal-token.js'

export async function revokeAllPersonalTokens(ctx: Context): Promise<{ revokedCount: number }> {
  return perform(ctx, 'personal_token:revoke_all', async ({ em, actor, now, permit, addDetails }) => {
    permit()
    const { userId } = requireUser(actor)
    const ended = { revokedAt: now, revokedBy: actor.id, sealedText: null }
    const revokedCount = await em.nativeUpdate(PersonalToken, { userId, revokedAt: null, expiresAt: { $gt: now } }, ended)
    addDetails({ revokedCount })
    return { revokedCount }
  })
}
