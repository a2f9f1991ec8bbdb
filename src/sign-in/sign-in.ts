/** Exchanges a sign-in token for a LOGIN token, once. */
import type { EntityManager } from '@mikro-orm/core'

import { systemActor, type Actor } from '../access/actor.js'
import { canStillGrant } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { unusedSignInTokens } from '../database/queries/live-credentials.js'
import { signInTokenByDigest } from '../database/queries/secrets.js'
import { Member } from '../entities/member.js'
import type { PersonalToken } from '../entities/personal-token.js'
import { SignInToken } from '../entities/sign-in-token.js'
import { sha256 } from '../lib/crypto/digest.js'
import { invalidState, notFound, organizationSuspended } from '../lib/errors.js'
import type { Secret } from '../lib/secret.js'
import { issueLogin } from '../personal-tokens/issue-personal-token.js'

const path = ['input', 'signInToken']

/**
 * @param sessionKey binds the LOGIN token to a console session
 * @throws DomainError NOT_FOUND or INVALID_STATE; RequestError CREDENTIAL_SUSPENDED
 */
export async function signIn(
  ctx: Context,
  signInToken: Secret,
  sessionKey?: string,
): Promise<{ personalToken: PersonalToken; token: string }> {
  const row = await ctx.services.queryRunner.read(signInTokenByDigest, [sha256(signInToken.reveal())])
  if (!row) throw notFound('The sign-in token is not valid. Check that it is complete.', path)
  if (row['suspended_at'] != null) throw organizationSuspended()
  const id = String(row['id'])
  const userId = String(row['user_id'])
  const actor: Actor = { ...systemActor(String(row['organization_id'])), kind: 'SIGN_IN_TOKEN', id: userId, permissions: [] }
  return perform(ctx.withActor(actor), 'sign_in_token:use', async ({ em, now, permit }) => {
    permit({ id })
    // Conditional update: of concurrent requests, one gets a count of 1.
    const used = await em.nativeUpdate(SignInToken, { id, ...unusedSignInTokens(now) }, { usedAt: now })
    if (used !== 1) throw invalidState('The sign-in token is used or expired. Ask for a new one.', path)
    await assertCreatorStillAuthorized(em, id, userId)
    const { personalToken, text } = await issueLogin(
      ctx,
      { organizationId: actor.organizationId, userId, createdBy: userId, sessionKey },
      now,
    )
    em.persist(personalToken)
    return { personalToken, token: text }
  })
}

/** An ADMIN removed or demoted since must not sign in as another member. @throws DomainError NOT_FOUND or INVALID_STATE */
async function assertCreatorStillAuthorized(em: EntityManager, id: string, userId: string): Promise<void> {
  const member = await em.findOne(Member, { userId })
  if (!member) throw notFound('The sign-in token is not valid. Check that it is complete.', path)
  const { createdBy } = await em.findOneOrFail(SignInToken, { id })
  if (createdBy === null) return
  const creator = await em.findOne(Member, { userId: createdBy })
  if (!creator || !canStillGrant(creator, 'member:update', member))
    throw invalidState('The creator of this sign-in token can no longer issue one for you. Ask for a new one.', path)
}
