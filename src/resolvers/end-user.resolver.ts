/** GraphQL types and operations of end users. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import type { Context } from '../context/context.js'
import { findEndUser } from '../end-users/find-end-user.js'
import { forgetEndUser, type ForgetEndUserArgs } from '../end-users/forget-end-user.js'
import { listEndUsers } from '../end-users/list-end-users.js'
import { EndUser } from '../entities/end-user.js'
import { Environment } from '../entities/enums.js'
import { Project } from '../entities/project.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { environmentFilter, projectFilter, searchFilter } from './descriptions.js'
import { Payload } from './user-error.js'

const EndUsers = createConnectionType('EndUser', () => EndUser)

const environmentRule = 'Environment of the end user. Default for members: SANDBOX. API keys use their own environment.'
const projectRule = 'Project id of the end user. Default for members: their oldest project. API keys use their own project.'

@InputType('EndUserFilter', { description: 'Filters end users. Omitted fields do not filter.' })
class EndUserFilter {
  @Field(() => Environment, { nullable: true, description: environmentFilter })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectFilter })
  projectId?: string | null

  @Field(() => String, { nullable: true, description: searchFilter('external id') })
  search?: string | null
}

@InputType('ForgetEndUserInput', { description: 'End user to forget.' })
class ForgetEndUserInput implements ForgetEndUserArgs {
  @Field(() => String, {
    description: 'External id that your product assigned: 1 to 150 printable ASCII characters. NOT_FOUND if nothing is recorded for it.',
  })
  externalId!: string

  @Field(() => Environment, { nullable: true, description: environmentRule })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectRule })
  projectId?: string | null
}

@ObjectType('ForgetEndUserPayload', { description: 'Result of `forgetEndUser`.' })
class ForgetEndUserPayload extends Payload {
  @Field(() => ID, {
    nullable: true,
    description:
      'Derived id of the forgotten end user. Token records, usage and the audit trail keep this id only. Null if `userErrors` is not empty.',
  })
  forgottenEndUserId?: string | null

  @Field(() => Int, { nullable: true, description: 'Number of active access tokens that were revoked. Null if `userErrors` is not empty.' })
  revokedTokens?: number | null

  @Field(() => Int, {
    nullable: true,
    description: 'Number of MCP credentials that were revoked and wiped. Null if `userErrors` is not empty.',
  })
  wipedCredentials?: number | null

  @Field(() => Int, { nullable: true, description: 'Number of its own MCP servers that were deleted. Null if `userErrors` is not empty.' })
  deletedServers?: number | null

  @Field(() => Int, { nullable: true, description: 'Number of its OAuth grants that were deleted. Null if `userErrors` is not empty.' })
  deletedGrants?: number | null
}

@Resolver(() => EndUser)
export class EndUserResolver {
  @Query(() => EndUser, {
    nullable: true,
    description: 'End user by external id. Null if nothing is recorded for it. Needs `end_user:read`.',
  })
  endUser(
    @Ctx() ctx: Context,
    @Arg('externalId', () => String, { description: 'External id that your product assigned, compared byte for byte.' }) externalId: string,
    @Arg('environment', () => Environment, { nullable: true, description: environmentRule })
    environment?: Environment | null,
    @Arg('projectId', () => ID, { nullable: true, description: projectRule })
    projectId?: string | null,
  ): Promise<EndUser | null> {
    return findEndUser(ctx, externalId, { environment, projectId })
  }

  @Query(() => EndUsers.type, {
    description: 'Recorded end users visible to the caller, the most recently recorded first. Needs `end_user:read`.',
  })
  async endUsers(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => EndUserFilter, { nullable: true, description: 'Filters the end users. Omitted: no filter.' })
    filter?: EndUserFilter | null,
  ): Promise<Connection<EndUser>> {
    return EndUsers.from(await listEndUsers(ctx, page, filter ?? {}))
  }

  @Mutation(() => ForgetEndUserPayload, {
    nullable: true,
    description:
      'Forgets an end user in one transaction. Revokes its access tokens, wipes its MCP credentials, and deletes its MCP servers, approvals, OAuth grants and record. Its next exchange or change records it again. Needs `end_user:forget`.',
  })
  forgetEndUser(
    @Ctx() ctx: Context,
    @Arg('input', () => ForgetEndUserInput, { description: 'End user to forget.' }) input: ForgetEndUserInput,
  ): Promise<ForgetEndUserPayload> {
    return forgetEndUser(ctx, input)
  }

  @FieldResolver(() => Project, { description: 'Project of the end user. Needs no permission of its own.' })
  project(@Root() endUser: EndUser, @Ctx() ctx: Context): Promise<Project | null> {
    return ctx.loadInOrganization(endUser, Project, endUser.projectId)
  }
}
