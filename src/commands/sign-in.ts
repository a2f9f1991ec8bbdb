/** `keyhouse sign-in`: a sign-in token for a member who has no other way in. */
import { systemContext } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { Services } from '../context/services.js'
import { findUsers } from '../database/unscoped-queries.js'
import { Member } from '../entities/member.js'
import { addSignInToken } from '../sign-in/issue-sign-in-token.js'
import { CommandError } from './command-error.js'

export interface SignIn {
  readonly signInToken: string
  readonly expiresAt: string
  readonly organizationId: string
}

/** @throws CommandError when nobody, or more than one, has this address. */
export async function signInByEmail(app: Services, email: string, organization: string | undefined): Promise<SignIn> {
  const users = await findUsers(app.orm, email, organization)
  const [user, second] = users
  if (!user) throw new CommandError('No member has this e-mail address.')
  if (second) {
    throw new CommandError(
      `This address is known in several organizations; choose one with --organization: ${users.map((one) => one.organizationId).join(', ')}`,
    )
  }
  const { organizationId, id: userId } = user
  const { secret, expiresAt } = await perform(
    systemContext(app, organizationId),
    'sign_in_token:create',
    async ({ em, actor, now, permit }) => {
      const member = await em.findOne(Member, { userId })
      if (!member) throw new CommandError('No member has this e-mail address.')
      permit({ id: member.id })
      return addSignInToken(em, actor, userId, now)
    },
  )
  return { signInToken: secret.reveal(), expiresAt: expiresAt.toISOString(), organizationId }
}
