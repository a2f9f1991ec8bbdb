/** Creates an administrator's first LOGIN token, for the command line. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { PersonalToken } from '../entities/personal-token.js'
import { issueLogin } from './issue-personal-token.js'

export async function createLoginToken(ctx: Context, userId: string): Promise<{ personalToken: PersonalToken; token: string }> {
  return perform(ctx, 'personal_token:create', async ({ em, actor: { organizationId }, now, permit }) => {
    const { personalToken, text } = await issueLogin(ctx, { organizationId, userId, createdBy: null }, now)
    permit({ id: personalToken.id })
    em.persist(personalToken)
    return { personalToken, token: text }
  })
}
