/** The admin's first LOGIN token, by the command line. */
import type { Context } from '../context.js'
import type { PersonalToken } from '../entities/personal-token.js'
import { addSeconds } from '../lib/clock.js'
import { perform } from '../perform.js'
import { issuePersonalToken, loginLasts } from './issue.js'

export async function createLoginToken(ctx: Context, userId: string): Promise<{ personalToken: PersonalToken; token: string }> {
  return perform(ctx, 'personal_token:create', async ({ em, actor, now, permit }) => {
    permit()
    const expiresAt = addSeconds(now, loginLasts)
    const { organizationId } = actor
    const issue = { organizationId, userId, createdBy: null, type: 'LOGIN', description: null, permissions: null, expiresAt } as const
    const { personalToken, text } = await issuePersonalToken(ctx, issue, now)
    em.persist(personalToken)
    return { personalToken, token: text }
  })
}
