/** Revokes one of the caller's own personal tokens. Immediate, permanent and idempotent. */
import { requireUser } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { PersonalToken } from '../entities/personal-token.js'
import { forbidden } from '../lib/errors.js'
import { findPersonalToken, isOwnToken } from './find-personal-token.js'

export async function revokePersonalToken(ctx: Context, input: { id: string }): Promise<{ personalToken: PersonalToken }> {
  return perform(ctx, 'personal_token:revoke_own', async ({ em, actor, now, permit }) => {
    permit({ requestedId: input.id })
    requireUser(actor)
    const personalToken = await findPersonalToken(em, input.id)
    permit({ id: personalToken.id })
    if (!isOwnToken(actor, personalToken)) {
      throw forbidden(
        'The personal token belongs to another user. Revoke it with revokeOrganizationToken, which needs the permission "personal_token:revoke".',
      )
    }
    if (!personalToken.revokedAt) personalToken.revoke(actor.id, now)
    return { personalToken }
  })
}
