/** Renames the caller's own user. */
import { requireUser } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { User } from '../entities/user.js'
import { Validator } from '../validation/validator.js'
import { maxUserNameLength } from './accept-invitation.js'

export async function updateViewer(ctx: Context, input: { name?: string | null | undefined }): Promise<{ user: User }> {
  return perform(ctx, 'user:update_own', async ({ em, actor, permit }) => {
    const validator = new Validator()
    validator.notNull('name', input.name)
    validator.text('name', input.name, maxUserNameLength)
    validator.throwIfInvalid()
    permit()
    const { userId } = requireUser(actor)
    const user = await em.findOneOrFail(User, { id: userId })
    permit({ id: user.id })
    if (input.name != null) user.name = input.name
    return { user }
  })
}
