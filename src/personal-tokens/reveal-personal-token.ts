/** Reveals a personal token again to its creator, within the reveal window. Each reveal is an audit event. */
import { requireUser } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { type PersonalToken, personalTokenAad } from '../entities/personal-token.js'
import { open } from '../lib/crypto/seal.js'
import { alreadyRevealed, forbidden, invalidState } from '../lib/errors.js'
import { findPersonalToken, isOwnToken } from './find-personal-token.js'
import { assertWithinScope } from './restricted-tokens.js'

/** @throws DomainError NOT_FOUND, FORBIDDEN, PERMISSION_NOT_HELD, INVALID_STATE or ALREADY_REVEALED; SealError */
export async function revealPersonalToken(ctx: Context, input: { id: string }): Promise<{ personalToken: PersonalToken; token: string }> {
  return perform(ctx, 'personal_token:reveal', async ({ em, actor, now, permit }) => {
    permit({ requestedId: input.id })
    requireUser(actor)
    const personalToken = await findPersonalToken(em, input.id)
    permit({ id: personalToken.id })
    if (!isOwnToken(actor, personalToken) || personalToken.createdBy !== actor.id)
      throw forbidden('Only the creator of a personal token can reveal it.')
    assertWithinScope(actor, personalToken)
    if (personalToken.status(now) !== 'ACTIVE')
      throw invalidState(`The personal token is not active: it is ${personalToken.status(now).toLowerCase()}.`)
    const sealed = personalToken.visibleText(now)
    if (sealed === null)
      throw alreadyRevealed('The personal token can be revealed for five minutes after its creation only. Create a new token.', [
        'input',
        'id',
      ])
    return { personalToken, token: open(ctx.services.masterKeys, personalTokenAad(personalToken), sealed) }
  })
}
