/** The organization and its projects in GraphQL's words. */
import { Ctx, Query, Resolver } from 'type-graphql'

import { requirePermission } from '../access/permit.js'
import type { Context } from '../context.js'
import { Organization } from '../entities/organization.js'
import { Project } from '../entities/project.js'
import { listProjects } from '../organizations/list-projects.js'
import { readById } from './node.resolver.js'

@Resolver()
export class OrganizationResolver {
  @Query(() => Organization, { nullable: true, description: 'Your organization. Needs `organization:read`.' })
  organization(@Ctx() ctx: Context): Promise<Organization | null> {
    return readById(ctx, Organization, ctx.actor.organizationId, 'organization:read')
  }

  @Query(() => [Project], { description: 'The projects that you see, oldest first. Needs `project:read`.' })
  projects(@Ctx() ctx: Context): Promise<Project[]> {
    requirePermission(ctx.actor, 'project:read')
    return listProjects(ctx)
  }
}
