/** End users in GraphQL's words. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Query, Resolver, Root } from 'type-graphql'

import type { Context } from '../context.js'
import { findEndUser, listEndUsers } from '../end-users/list-end-users.js'
import { EndUser } from '../entities/end-user.js'
import { Environment } from '../entities/enums.js'
import { Project } from '../entities/project.js'
import { connectionOf, PageArgs, type Connection } from './connection.js'

const EndUsers = connectionOf('EndUser', () => EndUser)

@InputType('EndUserFilter', { description: 'Which end users; what is left out does not narrow.' })
class EndUserFilter {
  @Field(() => Environment, { nullable: true, description: 'Those of one environment.' })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: 'Those of one project.' })
  projectId?: string | null

  @Field(() => String, { nullable: true, description: 'Those whose external id contains this, without regard to case.' })
  search?: string | null
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

  @FieldResolver(() => Project, { description: 'The project that it belongs to.' })
  project(@Root() endUser: EndUser, @Ctx() ctx: Context): Promise<Project | null> {
    return ctx.loadBeside(endUser, Project, endUser.projectId)
  }
}
