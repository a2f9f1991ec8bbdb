/** Members in GraphQL's words. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import { rolePermissions } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import { MemberRole } from '../entities/enums.js'
import { Member } from '../entities/member.js'
import { Project } from '../entities/project.js'
import { PermissionScalar } from '../entities/scalars.js'
import { User } from '../entities/user.js'
import { listMembers } from '../members/list-members.js'
import { removeMember } from '../members/remove-member.js'
import { updateMember, type MemberChange } from '../members/update-member.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { Payload } from './user-error.js'
import { visibleProjects } from './visible-projects.js'

const Members = createConnectionType('Member', () => Member)

@InputType('UpdateMemberInput', { description: 'What to change; what is left out stays.' })
class UpdateMemberInput implements MemberChange {
  @Field(() => ID, { description: 'Which member.' })
  id!: string

  @Field(() => MemberRole, { nullable: true, description: 'What they may do from now on, at most what you may.' })
  role?: MemberRole | null

  @Field(() => [ID], {
    nullable: true,
    description:
      'All of their projects from now on, at most 100 of those that you have; empty for none, null for every project. Not for ADMIN, who has every project.',
  })
  projectIds?: string[] | null
}

@ObjectType('UpdateMemberPayload', { description: 'The member as they are now.' })
class UpdateMemberPayload extends Payload {
  @Field(() => Member, { nullable: true, description: 'The member as they are now.' })
  member?: Member | null
}

@InputType('RemoveMemberInput', { description: 'Who leaves.' })
class RemoveMemberInput {
  @Field(() => ID, { description: 'Which member; it may be yourself, but not the last ADMIN.' })
  id!: string
}

@ObjectType('RemoveMemberPayload', { description: 'Who left.' })
class RemoveMemberPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'The id that the member had.' })
  removedMemberId?: string | null

  @Field(() => Int, { nullable: true, description: 'How many of their personal tokens ended.' })
  revokedTokenCount?: number | null
}

@Resolver(() => Member)
export class MemberResolver {
  @Query(() => Members.type, { description: 'The members of the organization, newest first. Needs `member:read`.' })
  async members(@Ctx() ctx: Context, @Args(() => PageArgs) page: PageArgs): Promise<Connection<Member>> {
    return Members.from(await listMembers(ctx, page))
  }

  @Mutation(() => UpdateMemberPayload, {
    nullable: true,
    description:
      "Changes a member's role and projects; their tokens feel it at once. Needs `member:update` and all that is given, with a LOGIN or FULL_ACCESS token.",
  })
  updateMember(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateMemberInput, { description: 'What to change.' }) input: UpdateMemberInput,
  ): Promise<object> {
    return updateMember(ctx, input)
  }

  @Mutation(() => RemoveMemberPayload, {
    nullable: true,
    description: 'Removes a member with their tokens and pending invitations; keys that they made stay. Needs `member:remove`.',
  })
  removeMember(
    @Ctx() ctx: Context,
    @Arg('input', () => RemoveMemberInput, { description: 'Who leaves.' }) input: RemoveMemberInput,
  ): Promise<object> {
    return removeMember(ctx, input)
  }

  @FieldResolver(() => User, { description: 'Who it is.' })
  user(@Root() member: Member, @Ctx() ctx: Context): Promise<User | null> {
    return ctx.loadInOrganization(member, User, member.userId)
  }

  @FieldResolver(() => [Project], { nullable: true, description: 'Their projects, as far as you see them; null: every project.' })
  projects(@Root() member: Member, @Ctx() ctx: Context): Promise<Project[] | null> {
    return visibleProjects(ctx, member)
  }

  @FieldResolver(() => [PermissionScalar], { description: 'What their role holds.' })
  permissions(@Root() member: Member): readonly string[] {
    return rolePermissions[member.role]
  }
}
