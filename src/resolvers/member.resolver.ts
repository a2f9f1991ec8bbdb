/** GraphQL types and operations of members. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import { rolePermissions } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import { MemberRole } from '../entities/enums.js'
import { Member } from '../entities/member.js'
import { Project } from '../entities/project.js'
import { PermissionScalar } from '../entities/scalars.js'
import { User } from '../entities/user.js'
import { listMembers } from '../members/list-members.js'
import { maxProjects } from '../members/member-rules.js'
import { removeMember } from '../members/remove-member.js'
import { updateMember, type UpdateMemberArgs } from '../members/update-member.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { Payload } from './user-error.js'
import { visibleProjects } from './visible-projects.js'

const Members = createConnectionType('Member', () => Member)

@InputType('UpdateMemberInput', { description: 'Changes to a member. Omitted fields stay unchanged.' })
class UpdateMemberInput implements UpdateMemberArgs {
  @Field(() => ID, { description: 'Id of the member.' })
  id!: string

  @Field(() => MemberRole, {
    nullable: true,
    description:
      'New role. The caller must hold every permission of the role (PERMISSION_NOT_HELD). The last ADMIN keeps the role (INVALID_STATE). Null is invalid.',
  })
  role?: MemberRole | null

  @Field(() => [ID], {
    nullable: true,
    description: `Replaces the projects, by id: at most ${maxProjects} projects, all visible to the caller. Null grants every project, an empty list none. Invalid together with \`role: ADMIN\`.`,
  })
  projectIds?: string[] | null
}

@ObjectType('UpdateMemberPayload', { description: 'Result of `updateMember`.' })
class UpdateMemberPayload extends Payload {
  @Field(() => Member, { nullable: true, description: 'The updated member. Null if `userErrors` is not empty.' })
  member?: Member | null
}

@InputType('RemoveMemberInput', { description: 'Member to remove.' })
class RemoveMemberInput {
  @Field(() => ID, { description: 'Id of the member. Callers can remove themselves. The last ADMIN cannot be removed (INVALID_STATE).' })
  id!: string
}

@ObjectType('RemoveMemberPayload', { description: 'Result of `removeMember`.' })
class RemoveMemberPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'Id of the removed member. Null if `userErrors` is not empty.' })
  removedMemberId?: string | null

  @Field(() => Int, {
    nullable: true,
    description: 'Number of active personal tokens that were revoked. Null if `userErrors` is not empty.',
  })
  revokedTokenCount?: number | null
}

@Resolver(() => Member)
export class MemberResolver {
  @Query(() => Members.type, { description: 'Members of the organization, the newest first. Needs `member:read`.' })
  async members(@Ctx() ctx: Context, @Args(() => PageArgs) page: PageArgs): Promise<Connection<Member>> {
    return Members.from(await listMembers(ctx, page))
  }

  @Mutation(() => UpdateMemberPayload, {
    nullable: true,
    description:
      'Changes the role and projects of a member. It applies to the next request of every token of the member. Needs `member:update` with a LOGIN or FULL_ACCESS token.',
  })
  updateMember(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateMemberInput, { description: 'Changes to the member.' }) input: UpdateMemberInput,
  ): Promise<UpdateMemberPayload> {
    return updateMember(ctx, input)
  }

  @Mutation(() => RemoveMemberPayload, {
    nullable: true,
    description:
      'Removes a member, and revokes their personal tokens and the pending invitations that they created. API keys that they created stay. Needs `member:remove`.',
  })
  removeMember(
    @Ctx() ctx: Context,
    @Arg('input', () => RemoveMemberInput, { description: 'Member to remove.' }) input: RemoveMemberInput,
  ): Promise<RemoveMemberPayload> {
    return removeMember(ctx, input)
  }

  @FieldResolver(() => User, { description: 'User behind the membership.' })
  user(@Root() member: Member, @Ctx() ctx: Context): Promise<User | null> {
    return ctx.loadInOrganization(member, User, member.userId)
  }

  @FieldResolver(() => [Project], {
    nullable: true,
    description: 'Projects of the member, limited to those visible to the caller. Null means every project.',
  })
  projects(@Root() member: Member, @Ctx() ctx: Context): Promise<Project[] | null> {
    return visibleProjects(ctx, member)
  }

  @FieldResolver(() => [PermissionScalar], { description: 'Permissions of the role, with wildcards as written in grants.' })
  permissions(@Root() member: Member): readonly string[] {
    return rolePermissions[member.role]
  }
}
