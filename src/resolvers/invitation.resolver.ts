/** GraphQL types and operations of invitations. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import type { Context } from '../context/context.js'
import { MemberRole } from '../entities/enums.js'
import { Invitation } from '../entities/invitation.js'
import { PersonalToken } from '../entities/personal-token.js'
import { Project } from '../entities/project.js'
import { EmailScalar, JwtScalar, SecretScalar } from '../entities/scalars.js'
import { User } from '../entities/user.js'
import type { Secret } from '../lib/secret.js'
import { acceptInvitation, maxUserNameLength } from '../members/accept-invitation.js'
import { invitationTtlSeconds, inviteMember, type InviteMemberArgs } from '../members/invite-member.js'
import { listInvitations } from '../members/list-invitations.js'
import { maxProjects } from '../members/member-rules.js'
import { revokeInvitation } from '../members/revoke-invitation.js'
import { loginTtlSeconds } from '../personal-tokens/issue-personal-token.js'
import { maxEmailLength } from '../validation/validator.js'
import { findActor } from './actor-union.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { formatDuration, formatLength } from './descriptions.js'
import { Payload } from './user-error.js'
import { visibleProjects } from './visible-projects.js'

const Invitations = createConnectionType('Invitation', () => Invitation)

@InputType('InviteMemberInput', { description: 'Person to invite, with the role and projects of the future member.' })
class InviteMemberInput implements InviteMemberArgs {
  @Field(() => EmailScalar, {
    description: `E-mail address of the person: at most ${maxEmailLength} characters. Keyhouse sends no e-mail: deliver the invitation token yourself.`,
  })
  email!: string

  @Field(() => MemberRole, {
    description: 'Role of the future member. The caller must hold every permission of the role (PERMISSION_NOT_HELD).',
  })
  role!: MemberRole

  @Field(() => [ID], {
    nullable: true,
    description: `Ids of the projects of the future member: at most ${maxProjects} projects, all visible to the caller. Omitted: all projects of the caller. Null grants every project, an empty list none. Invalid for ADMIN, who has every project.`,
  })
  projectIds?: string[] | null
}

@ObjectType('InviteMemberPayload', { description: 'Result of `inviteMember`. The only response that contains the invitation token.' })
class InviteMemberPayload extends Payload {
  @Field(() => Invitation, { nullable: true, description: 'The created invitation. Null if `userErrors` is not empty.' })
  invitation?: Invitation | null

  @Field(() => SecretScalar, {
    nullable: true,
    description: 'Invitation token for `acceptInvitation`. Store it now: it cannot be read again. Null if `userErrors` is not empty.',
  })
  invitationToken?: Secret | null
}

@InputType('RevokeInvitationInput', { description: 'Invitation to revoke.' })
class RevokeInvitationInput {
  @Field(() => ID, { description: 'Id of the invitation.' })
  id!: string
}

@ObjectType('RevokeInvitationPayload', { description: 'Result of `revokeInvitation`.' })
class RevokeInvitationPayload extends Payload {
  @Field(() => Invitation, {
    nullable: true,
    description: 'The revoked invitation. One that was revoked before is returned unchanged. Null if `userErrors` is not empty.',
  })
  invitation?: Invitation | null
}

@InputType('AcceptInvitationInput', { description: 'Invitation token, and the name of the new member.' })
class AcceptInvitationInput {
  @Field(() => SecretScalar, {
    description: `Invitation token, valid once, for at most ${formatDuration(invitationTtlSeconds)}. NOT_FOUND if unknown, INVALID_STATE if accepted, revoked or expired.`,
  })
  invitationToken!: Secret

  @Field(() => String, { description: `Name of the new member: ${formatLength(maxUserNameLength)}.` })
  name!: string
}

@ObjectType('AcceptInvitationPayload', { description: 'Result of `acceptInvitation`: a LOGIN token of the new member.' })
class AcceptInvitationPayload extends Payload {
  @Field(() => PersonalToken, { nullable: true, description: 'Record of the LOGIN token. Null if `userErrors` is not empty.' })
  personalToken?: PersonalToken | null

  @Field(() => JwtScalar, {
    nullable: true,
    description: `The LOGIN token, valid for ${formatDuration(loginTtlSeconds)}. Null if \`userErrors\` is not empty.`,
  })
  token?: string | null
}

@Resolver(() => Invitation)
export class InvitationResolver {
  @Query(() => Invitations.type, {
    description:
      'All invitations of the organization, newest first, including accepted, revoked and expired invitations. Needs `member:read`.',
  })
  async invitations(@Ctx() ctx: Context, @Args(() => PageArgs) page: PageArgs): Promise<Connection<Invitation>> {
    return Invitations.from(await listInvitations(ctx, page))
  }

  @Mutation(() => InviteMemberPayload, {
    nullable: true,
    description:
      'Invites a person. A pending invitation of the same address is revoked. Needs `member:invite` with a LOGIN or FULL_ACCESS token. CONFLICT if the person is a member.',
  })
  inviteMember(
    @Ctx() ctx: Context,
    @Arg('input', () => InviteMemberInput, { description: 'Person to invite.' }) input: InviteMemberInput,
  ): Promise<InviteMemberPayload> {
    return inviteMember(ctx, input)
  }

  @Mutation(() => RevokeInvitationPayload, {
    nullable: true,
    description: 'Revokes an invitation. An accepted invitation cannot be revoked (INVALID_STATE). Needs `member:invite`.',
  })
  revokeInvitation(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeInvitationInput, { description: 'Invitation to revoke.' }) input: RevokeInvitationInput,
  ): Promise<RevokeInvitationPayload> {
    return revokeInvitation(ctx, input)
  }

  @Mutation(() => AcceptInvitationPayload, {
    nullable: true,
    description:
      'Accepts an invitation: creates a member and returns a LOGIN token. Needs no credential. INVALID_STATE if the inviter can no longer grant the role and projects.',
  })
  acceptInvitation(
    @Ctx() ctx: Context,
    @Arg('input', () => AcceptInvitationInput, { description: 'Invitation to accept.' }) input: AcceptInvitationInput,
  ): Promise<AcceptInvitationPayload> {
    return acceptInvitation(ctx, input)
  }

  @FieldResolver(() => [Project], {
    nullable: true,
    description: 'Projects of the future member, limited to those visible to the caller. Null means every project.',
  })
  projects(@Root() invitation: Invitation, @Ctx() ctx: Context): Promise<Project[] | null> {
    return visibleProjects(ctx, invitation)
  }

  @FieldResolver(() => User, { nullable: true, description: 'User that created the invitation. Null without `member:read`.' })
  async invitedBy(@Root() invitation: Invitation, @Ctx() ctx: Context): Promise<User | null> {
    return (await findActor(ctx, invitation.invitedBy)) as User | null
  }
}
