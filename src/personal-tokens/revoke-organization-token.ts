/** Revokes any member's personal token. Immediate, permanent and idempotent. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { PersonalToken } from '../entities/personal-token.js'
import { findPersonalToken } from './find-personal-token.js'

export async function revokeOrganizationToken(ctx: Context, input: { id: string }): Promise<{ personalToken: PersonalToken }> {
  return perform(ctx, 'personal_token:revoke', async ({ em, actor, now, permit }) => {
    permit({ requestedId: input.id })
    const personalToken = await findPersonalToken(em, input.id)
    permit({ id: personalToken.id })
    if (!personalToken.revokedAt) personalToken.revoke(actor.id, now)
    return { personalToken }
  })
}
