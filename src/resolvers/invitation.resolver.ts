/** Invitations in GraphQL's words. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import type { Context } from '../context/context.js'
import { MemberRole } from '../entities/enums.js'
import { Invitation } from '../entities/invitation.js'
import { PersonalToken } from '../entities/personal-token.js'
import { Project } from '../entities/project.js'
import { EmailScalar, JwtScalar, SecretScalar } from '../entities/scalars.js'
import { User } from '../entities/user.js'
import type { Secret } from '../lib/secret.js'
import { acceptInvitation } from '../members/accept-invitation.js'
import { inviteMember, type NewInvitation } from '../members/invite-member.js'
import { listInvitations } from '../members/list-invitations.js'
import { revokeInvitation } from '../members/revoke-invitation.js'
import { findActor } from './actor-union.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { Payload } from './user-error.js'
import { visibleProjects } from './visible-projects.js'

const Invitations = createConnectionType('Invitation', () => Invitation)

@InputType('InviteMemberInput', { description: 'Whom to invite, and as what.' })
class InviteMemberInput implements NewInvitation {
  @Field(() => EmailScalar, { description: 'Their e-mail address. Nothing is sent there: give them the token yourself.' })
  email!: string

  @Field(() => MemberRole, { description: 'What they will be able to do, at most what you are.' })
  role!: MemberRole

  @Field(() => [ID], {
    nullable: true,
    description:
      'Their projects, at most 100 of those that you have. Left out: all of yours; empty: none; null: every project. Not for ADMIN, who has every project.',
  })
  projectIds?: string[] | null
}

@ObjectType('InviteMemberPayload', { description: 'The invitation, with its token: this is the only answer that has it.' })
class InviteMemberPayload extends Payload {
  @Field(() => Invitation, { nullable: true, description: 'The invitation.' })
  invitation?: Invitation | null

  @Field(() => SecretScalar, { nullable: true, description: 'What `acceptInvitation` takes. Keep it now: it is not shown again.' })
  invitationToken?: Secret | null
}

@InputType('RevokeInvitationInput', { description: 'Which invitation to withdraw.' })
class RevokeInvitationInput {
  @Field(() => ID, { description: 'Which invitation.' })
  id!: string
}

@ObjectType('RevokeInvitationPayload', { description: 'The withdrawn invitation; the same when it was withdrawn before.' })
class RevokeInvitationPayload extends Payload {
  @Field(() => Invitation, { nullable: true, description: 'The withdrawn invitation.' })
  invitation?: Invitation | null
}

@InputType('AcceptInvitationInput', { description: 'The invitation, and who accepts it.' })
class AcceptInvitationInput {
  @Field(() => SecretScalar, { description: 'The token of the invitation: 14 days, once.' })
  invitationToken!: Secret

  @Field(() => String, { description: 'What you call yourself: 1 to 255 characters.' })
  name!: string
}

@ObjectType('AcceptInvitationPayload', { description: 'A LOGIN token of the new member.' })
class AcceptInvitationPayload extends Payload {
  @Field(() => PersonalToken, { nullable: true, description: 'Its record.' })
  personalToken?: PersonalToken | null

  @Field(() => JwtScalar, { nullable: true, description: 'The token: 12 hours.' })
  token?: string | null
}

@Resolver(() => Invitation)
export class InvitationResolver {
  @Query(() => Invitations.type, {
    description: 'All invitations, newest first, with those that were accepted, withdrawn or ran out. Needs `member:read`.',
  })
  async invitations(@Ctx() ctx: Context, @Args(() => PageArgs) page: PageArgs): Promise<Connection<Invitation>> {
    return Invitations.from(await listInvitations(ctx, page))
  }

  @Mutation(() => InviteMemberPayload, {
    nullable: true,
    description:
      'Invites somebody; an earlier invitation of the same address ends. Needs `member:invite` and all that is given, with a LOGIN or FULL_ACCESS token.',
  })
  inviteMember(
    @Ctx() ctx: Context,
    @Arg('input', () => InviteMemberInput, { description: 'Whom, and as what.' }) input: InviteMemberInput,
  ): Promise<object> {
    return inviteMember(ctx, input)
  }

  @Mutation(() => RevokeInvitationPayload, { nullable: true, description: 'Withdraws an invitation. Needs `member:invite`.' })
  revokeInvitation(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeInvitationInput, { description: 'Which invitation.' }) input: RevokeInvitationInput,
  ): Promise<object> {
    return revokeInvitation(ctx, input)
  }

  @Mutation(() => AcceptInvitationPayload, {
    nullable: true,
    description: 'Accepts an invitation: makes a member, and signs them in. Needs no credential but the token.',
  })
  acceptInvitation(
    @Ctx() ctx: Context,
    @Arg('input', () => AcceptInvitationInput, { description: 'The invitation, and who accepts it.' }) input: AcceptInvitationInput,
  ): Promise<object> {
    return acceptInvitation(ctx, input)
  }

  @FieldResolver(() => [Project], {
    nullable: true,
    description: 'The projects that they will have, as far as you see them; null: every project.',
  })
  projects(@Root() invitation: Invitation, @Ctx() ctx: Context): Promise<Project[] | null> {
    return visibleProjects(ctx, invitation)
  }

  @FieldResolver(() => User, { nullable: true, description: 'Who made it; null when that is not yours to see.' })
  async invitedBy(@Root() invitation: Invitation, @Ctx() ctx: Context): Promise<User | null> {
    return (await findActor(ctx, invitation.invitedBy)) as User | null
  }
}
