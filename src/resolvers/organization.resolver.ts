/** The organization and its projects in GraphQL's words. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { Environment } from '../entities/enums.js'
import { Organization } from '../entities/organization.js'
import { Project } from '../entities/project.js'
import { UrlScalar } from '../entities/scalars.js'
import { issuerUrl } from '../lib/issuer.js'
import { createProject } from '../organizations/create-project.js'
import { listProjects } from '../organizations/list-projects.js'
import { updateProject } from '../organizations/update-project.js'
import { findByIdOrForbid } from './node.resolver.js'
import { Payload } from './user-error.js'

@InputType('CreateProjectInput', { description: 'What the new project is to be.' })
class CreateProjectInput {
  @Field(() => String, { description: 'What its people call it: 1 to 255 characters.' })
  name!: string

  @Field(() => String, { description: 'Its short name, unique in the organization: `^[a-z][a-z0-9-]{0,62}$`. Never changes.' })
  slug!: string
}

@ObjectType('CreateProjectPayload', { description: 'The new project.' })
class CreateProjectPayload extends Payload {
  @Field(() => Project, { nullable: true, description: 'The new project.' })
  project?: Project | null
}

@InputType('UpdateProjectInput', { description: 'What to change; what is left out stays.' })
class UpdateProjectInput {
  @Field(() => ID, { description: 'Which project.' })
  id!: string

  @Field(() => String, { nullable: true, description: 'What its people call it: 1 to 255 characters.' })
  name?: string | null
}

@ObjectType('UpdateProjectPayload', { description: 'The project as it is now.' })
class UpdateProjectPayload extends Payload {
  @Field(() => Project, { nullable: true, description: 'The project as it is now.' })
  project?: Project | null
}

@ObjectType('OrganizationIssuer', { description: 'The issuer of access tokens of one environment.' })
class OrganizationIssuer {
  @Field(() => Environment, { description: 'The environment of the API keys whose tokens it issues.' })
  environment!: Environment

  @Field(() => UrlScalar, {
    description:
      'The `iss` of the tokens: an absolute URL, compared byte for byte. Its metadata is at {url}/.well-known/openid-configuration.',
  })
  url!: string
}

@Resolver(() => Organization)
export class OrganizationResolver {
  @Query(() => Organization, { nullable: true, description: 'Your organization. Needs `organization:read`.' })
  organization(@Ctx() ctx: Context): Promise<Organization | null> {
    return findByIdOrForbid(ctx, Organization, ctx.actor.organizationId, 'organization:read')
  }

  @Query(() => [Project], { description: 'The projects that you see, oldest first. Needs `project:read`.' })
  projects(@Ctx() ctx: Context): Promise<Project[]> {
    requirePermission(ctx.actor, 'project:read')
    return listProjects(ctx)
  }

  @FieldResolver(() => [OrganizationIssuer], {
    description: 'The issuers of access tokens of this organization, one for each environment. All of its projects share them.',
  })
  issuers(@Root() { id }: Organization, @Ctx() ctx: Context): OrganizationIssuer[] {
    return Object.values(Environment).map((environment) => ({ environment, url: issuerUrl(ctx.app.config.url, id, environment) }))
  }

  @Mutation(() => CreateProjectPayload, {
    nullable: true,
    description: 'Adds a project. Needs `project:create`, with a LOGIN or FULL_ACCESS token.',
  })
  createProject(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateProjectInput, { description: 'What it is to be.' }) input: CreateProjectInput,
  ): Promise<object> {
    return createProject(ctx, input)
  }

  @Mutation(() => UpdateProjectPayload, { nullable: true, description: 'Renames a project. Needs `project:update`.' })
  updateProject(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateProjectInput, { description: 'What to change.' }) input: UpdateProjectInput,
  ): Promise<object> {
    return updateProject(ctx, input)
  }
}
