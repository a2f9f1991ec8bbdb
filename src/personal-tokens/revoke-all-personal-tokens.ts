/** Ends all of the caller's own tokens, the one in use too. The answer still arrives. */
import type { Context } from '../context.js'
import { PersonalToken } from '../entities/personal-token.js'
import { perform } from '../perform.js'
import { personBehind } from './reach.js'

export async function revokeAllPersonalTokens(ctx: Context): Promise<{ revokedCount: number }> {
  return perform(ctx, 'personal_token:revoke_all', async ({ em, actor, now, permit, note }) => {
    permit()
    const { userId } = personBehind(actor)
    const ended = { revokedAt: now, revokedBy: actor.id, sealedText: null }
    const revokedCount = await em.nativeUpdate(PersonalToken, { userId, revokedAt: null, expiresAt: { $gt: now } }, ended)
    note({ revokedCount })
    return { revokedCount }
  })
}
