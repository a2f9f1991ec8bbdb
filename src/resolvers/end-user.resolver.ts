/** End users in GraphQL's words. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import type { Context } from '../context/context.js'
import { findEndUser } from '../end-users/find-end-user.js'
import { forgetEndUser, type Forgotten } from '../end-users/forget-end-user.js'
import { listEndUsers } from '../end-users/list-end-users.js'
import { EndUser } from '../entities/end-user.js'
import { Environment } from '../entities/enums.js'
import { Project } from '../entities/project.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { Payload } from './user-error.js'

const EndUsers = createConnectionType('EndUser', () => EndUser)

@InputType('EndUserFilter', { description: 'Which end users; what is left out does not narrow.' })
class EndUserFilter {
  @Field(() => Environment, { nullable: true, description: 'Those of one environment.' })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: 'Those of one project.' })
  projectId?: string | null

  @Field(() => String, {
    nullable: true,
    description: 'Those whose external id contains this, without regard to case: at most 255 characters.',
  })
  search?: string | null
}

@InputType('ForgetEndUserInput', { description: 'Whom to forget.' })
class ForgetEndUserInput implements Forgotten {
  @Field(() => String, { description: 'The id that your product gave it.' })
  externalId!: string

  @Field(() => Environment, { nullable: true, description: 'Where; for members SANDBOX when left out, for a key its own.' })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: 'In which project; for members their first one when left out, for a key its own.' })
  projectId?: string | null
}

@ObjectType('ForgetEndUserPayload', { description: 'What was removed.' })
class ForgetEndUserPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'The derived id, which token records, usage and the audit trail keep.' })
  forgottenEndUserId?: string | null

  @Field(() => Int, { nullable: true, description: 'How many of its tokens were still good.' })
  revokedTokens?: number | null

  @Field(() => Int, { nullable: true, description: 'How many of its credentials were not revoked before.' })
  wipedCredentials?: number | null

  @Field(() => Int, { nullable: true, description: 'How many servers of its own it had.' })
  deletedServers?: number | null
}

@Resolver(() => EndUser)
export class EndUserResolver {
  @Query(() => EndUser, {
    nullable: true,
    description: 'One end user by the id that your product gave it; null when nothing was ever recorded for it. Needs `end_user:read`.',
  })
  endUser(
    @Ctx() ctx: Context,
    @Arg('externalId', () => String, { description: 'The id that your product gave it.' }) externalId: string,
    @Arg('environment', () => Environment, { nullable: true, description: 'Where; for members SANDBOX when left out.' })
    environment?: Environment | null,
    @Arg('projectId', () => ID, { nullable: true, description: 'In which project; for members their first one when left out.' })
    projectId?: string | null,
  ): Promise<EndUser | null> {
    return findEndUser(ctx, externalId, { environment, projectId })
  }

  @Query(() => EndUsers.type, { description: 'The end users that were recorded, newest first. Needs `end_user:read`.' })
  async endUsers(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => EndUserFilter, { nullable: true, description: 'Which end users.' }) filter?: EndUserFilter | null,
  ): Promise<Connection<EndUser>> {
    return EndUsers.from(await listEndUsers(ctx, page, filter ?? {}))
  }

  @Mutation(() => ForgetEndUserPayload, {
    nullable: true,
    description: 'Forgets an end user: ends its tokens, wipes its credentials, deletes its servers and its row. Needs `end_user:forget`.',
  })
  forgetEndUser(
    @Ctx() ctx: Context,
    @Arg('input', () => ForgetEndUserInput, { description: 'Whom to forget.' }) input: ForgetEndUserInput,
  ): Promise<object> {
    return forgetEndUser(ctx, input)
  }

  @FieldResolver(() => Project, { description: 'The project that it belongs to.' })
  project(@Root() endUser: EndUser, @Ctx() ctx: Context): Promise<Project | null> {
    return ctx.loadInOrganization(endUser, Project, endUser.projectId)
  }
}
