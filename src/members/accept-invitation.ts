/** Accepts an invitation, once: creates the user, the member and a LOGIN token. */
import type { EntityManager } from '@mikro-orm/core'

import { systemActor, type Actor } from '../access/actor.js'
import { canStillGrant } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { pendingInvitations } from '../database/queries/live-credentials.js'
import { invitationByDigest } from '../database/queries/secrets.js'
import { Invitation } from '../entities/invitation.js'
import { Member } from '../entities/member.js'
import type { PersonalToken } from '../entities/personal-token.js'
import { User } from '../entities/user.js'
import { sha256 } from '../lib/crypto/digest.js'
import { conflict, invalidState, notFound, organizationSuspended } from '../lib/errors.js'
import { newId } from '../lib/id.js'
import type { Secret } from '../lib/secret.js'
import { issueLogin } from '../personal-tokens/issue-personal-token.js'
import { Validator } from '../validation/validator.js'

export const maxUserNameLength = 255

const path = ['input', 'invitationToken']

function validateName(name: string): void {
  const validator = new Validator()
  validator.text('name', name, maxUserNameLength)
  validator.throwIfInvalid()
}

/**
 * @param sessionKey binds the LOGIN token to a console session
 * @throws DomainError INVALID, NOT_FOUND, INVALID_STATE or CONFLICT; RequestError CREDENTIAL_SUSPENDED
 */
export async function acceptInvitation(
  ctx: Context,
  { invitationToken, name }: { invitationToken: Secret; name: string },
  sessionKey?: string,
): Promise<{ personalToken: PersonalToken; token: string }> {
  const row = await ctx.services.queryRunner.read(invitationByDigest, [sha256(invitationToken.reveal())])
  if (!row) {
    validateName(name)
    // An unknown token belongs to no organization, so no audit trail can record the attempt.
    throw notFound('The invitation token is not valid. Check that it is complete.', path)
  }
  if (row['suspended_at'] != null) throw organizationSuspended()
  const userId = row['user_id'] === null ? newId('usr', ctx.now()) : (row['user_id'] as string)
  const actor: Actor = { ...systemActor(String(row['organization_id'])), kind: 'INVITATION', id: userId, permissions: [] }
  return perform(ctx.withActor(actor), 'invitation:accept', async ({ em, now, permit, addDetails }) => {
    const id = String(row['id'])
    permit({ id })
    validateName(name)
    // Conditional update: of concurrent requests, one gets a count of 1.
    const pending = { id, ...pendingInvitations(now) }
    if ((await em.nativeUpdate(Invitation, pending, { acceptedAt: now })) !== 1)
      throw invalidState('The invitation is accepted, revoked or expired. Ask for a new invitation.', path)
    const invitation = await em.findOneOrFail(Invitation, { id })
    const inviter = await em.findOne(Member, { userId: invitation.invitedBy })
    if (!inviter || !canStillGrant(inviter, 'member:invite', invitation))
      throw invalidState('The inviter can no longer grant this membership. Ask for a new invitation.', path)
    const member = await createMembership(em, invitation, userId, name, now)
    addDetails({ memberId: member.id, role: member.role, projectIds: member.projectIds })
    const { personalToken, text } = await issueLogin(
      ctx,
      { organizationId: actor.organizationId, userId: member.userId, createdBy: member.userId, sessionKey },
      now,
    )
    em.persist(personalToken)
    return { personalToken, token: text }
  })
}

/** A former member is reinstated as the same user, by e-mail address. @throws DomainError CONFLICT */
async function createMembership(em: EntityManager, invitation: Invitation, userId: string, name: string, now: Date): Promise<Member> {
  const { organizationId, email, emailKey, role, projectIds } = invitation
  const existingUser = await em.findOne(User, { emailKey })
  if (existingUser && (await em.findOne(Member, { userId: existingUser.id })))
    throw conflict('You are already a member of this organization. Sign in instead.', path)
  const user = Object.assign(existingUser ?? new User(), {
    email,
    name,
    ...(existingUser ? {} : { id: userId, organizationId, emailKey, createdAt: now }),
  })
  const id = newId('mem', now)
  const member = Object.assign(new Member(), { id, organizationId, userId: user.id, role, projectIds, authVersion: 0, joinedAt: now })
  em.persist([user, member])
  return member
}
