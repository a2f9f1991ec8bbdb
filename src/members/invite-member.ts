/** Invites a person by e-mail address. Only this response contains the token; Keyhouse sends no e-mail. */
import { capExpiry } from '../access/actor.js'
import { assertCanGrantMembership } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { pendingInvitations } from '../database/queries/live-credentials.js'
import type { MemberRole } from '../entities/enums.js'
import { Invitation } from '../entities/invitation.js'
import { Member } from '../entities/member.js'
import { User } from '../entities/user.js'
import { addSeconds } from '../lib/clock.js'
import { sha256 } from '../lib/crypto/digest.js'
import { normalizeEmail } from '../lib/email.js'
import { conflict, forbidden } from '../lib/errors.js'
import { newId } from '../lib/id.js'
import { Secret } from '../lib/secret.js'
import { generateToken } from '../lib/token-format.js'
import { assertProjectsExist } from '../tenancy/project.js'
import { Validator } from '../validation/validator.js'
import { validateProjects } from './member-rules.js'

/** 14 days. */
export const invitationTtlSeconds = 14 * 86_400

export interface InviteMemberArgs {
  readonly email: string
  readonly role: MemberRole
  readonly projectIds?: readonly string[] | null | undefined
}

/**
 * Replaces pending invitations of the same address.
 * @throws DomainError INVALID, FORBIDDEN, NOT_FOUND, PERMISSION_NOT_HELD or CONFLICT
 */
export async function inviteMember(ctx: Context, input: InviteMemberArgs): Promise<{ invitation: Invitation; invitationToken: Secret }> {
  return perform(ctx, 'member:invite', async ({ em, actor, now, permit, addDetails }) => {
    const { email, role } = input
    const validator = new Validator()
    validator.email('email', email)
    validateProjects(validator, role, input.projectIds)
    validator.throwIfInvalid()
    permit()
    if (!actor.personalToken) throw forbidden('Only a member can invite people. Send a personal token as the credential.')
    await assertProjectsExist(em, input.projectIds ?? [])
    const id = newId('inv', now)
    permit({ id, isNew: true })
    // Omitted: the inviter's own projects. Null: every project.
    const projectIds = role === 'ADMIN' ? null : input.projectIds === undefined ? actor.projectIds : input.projectIds
    assertCanGrantMembership(actor, { role, projectIds })
    const emailKey = normalizeEmail(email)
    const user = await em.findOne(User, { emailKey })
    if (user && (await em.findOne(Member, { userId: user.id }))) {
      throw conflict('A member has this e-mail address already. Change that member with updateMember.', ['input', 'email'])
    }
    await em.nativeUpdate(Invitation, { emailKey, ...pendingInvitations(now) }, { revokedAt: now })
    const secret = generateToken('invite')
    const invitation = Object.assign(new Invitation(), {
      id,
      organizationId: actor.organizationId,
      email,
      emailKey,
      role,
      projectIds: projectIds && [...projectIds],
      digest: sha256(secret),
      invitedBy: actor.personalToken.userId,
      createdAt: now,
      expiresAt: capExpiry(actor, addSeconds(now, invitationTtlSeconds)),
      acceptedAt: null,
      revokedAt: null,
    })
    em.persist(invitation)
    addDetails({ role, projectIds })
    return { invitation, invitationToken: new Secret(secret) }
  })
}
