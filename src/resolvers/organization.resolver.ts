/** GraphQL types and operations of the organization and its projects. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import type { Context } from '../context/context.js'
import { Environment } from '../entities/enums.js'
import { Organization } from '../entities/organization.js'
import { Project } from '../entities/project.js'
import { UrlScalar } from '../entities/scalars.js'
import { issuerUrl } from '../lib/issuer.js'
import { maxOrganizationNameLength } from '../organizations/create-organization.js'
import { createProject } from '../organizations/create-project.js'
import { listProjects } from '../organizations/list-projects.js'
import { updateOrganization } from '../organizations/update-organization.js'
import { updateProject } from '../organizations/update-project.js'
import { formatLength } from './descriptions.js'
import { findByIdOrForbid } from './find-by-id-or-forbid.js'
import { Payload } from './user-error.js'

const nameRule = `Name for people: ${formatLength(maxOrganizationNameLength)}.`

@InputType('CreateProjectInput', { description: 'Properties of a new project.' })
class CreateProjectInput {
  @Field(() => String, { description: nameRule })
  name!: string

  @Field(() => String, {
    description: 'Short name, unique in the organization (CONFLICT): 1 to 63 characters, `^[a-z][a-z0-9-]{0,62}$`. It never changes.',
  })
  slug!: string
}

@ObjectType('CreateProjectPayload', { description: 'Result of `createProject`.' })
class CreateProjectPayload extends Payload {
  @Field(() => Project, { nullable: true, description: 'The created project. Null if `userErrors` is not empty.' })
  project?: Project | null
}

@InputType('UpdateProjectInput', { description: 'Changes to a project. Omitted fields stay unchanged.' })
class UpdateProjectInput {
  @Field(() => ID, { description: 'Id of the project.' })
  id!: string

  @Field(() => String, { nullable: true, description: `${nameRule} Null is invalid.` })
  name?: string | null
}

@ObjectType('UpdateProjectPayload', { description: 'Result of `updateProject`.' })
class UpdateProjectPayload extends Payload {
  @Field(() => Project, { nullable: true, description: 'The updated project. Null if `userErrors` is not empty.' })
  project?: Project | null
}

@InputType('UpdateOrganizationInput', { description: 'Changes to the organization of the caller. Omitted fields stay unchanged.' })
class UpdateOrganizationInput {
  @Field(() => String, { nullable: true, description: `${nameRule} Null is invalid.` })
  name?: string | null
}

@ObjectType('UpdateOrganizationPayload', { description: 'Result of `updateOrganization`.' })
class UpdateOrganizationPayload extends Payload {
  @Field(() => Organization, { nullable: true, description: 'The updated organization. Null if `userErrors` is not empty.' })
  organization?: Organization | null
}

@ObjectType('OrganizationIssuer', { simpleResolvers: true, description: 'Issuer of the access tokens of one environment.' })
class OrganizationIssuer {
  @Field(() => Environment, { description: 'Environment of the API keys that are exchanged for these tokens.' })
  environment!: Environment

  @Field(() => UrlScalar, {
    description:
      'Issuer (`iss`) of the tokens: an absolute URL, compared byte for byte. Its metadata is at {url}/.well-known/openid-configuration.',
  })
  url!: string
}

@Resolver(() => Organization)
export class OrganizationResolver {
  @Query(() => Organization, {
    nullable: true,
    description: 'Organization of the caller. Needs `organization:read`. Null only with an error in `errors` (FORBIDDEN).',
  })
  organization(@Ctx() ctx: Context): Promise<Organization | null> {
    return findByIdOrForbid(ctx, Organization, ctx.actor.organizationId, 'organization:read')
  }

  @Query(() => [Project], { description: 'Projects visible to the caller, oldest first. Needs `project:read`.' })
  projects(@Ctx() ctx: Context): Promise<Project[]> {
    return listProjects(ctx)
  }

  @FieldResolver(() => [OrganizationIssuer], {
    description: 'Issuers of the access tokens of this organization, one per environment. All projects share them.',
  })
  issuers(@Root() { id }: Organization, @Ctx() ctx: Context): OrganizationIssuer[] {
    return Object.values(Environment).map((environment) => ({ environment, url: issuerUrl(ctx.services.config.url, id, environment) }))
  }

  @Mutation(() => UpdateOrganizationPayload, { nullable: true, description: 'Renames the organization. Needs `organization:update`.' })
  updateOrganization(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateOrganizationInput, { description: 'Changes to the organization.' }) input: UpdateOrganizationInput,
  ): Promise<UpdateOrganizationPayload> {
    return updateOrganization(ctx, input)
  }

  @Mutation(() => CreateProjectPayload, {
    nullable: true,
    description: 'Creates a project. Needs `project:create` with a LOGIN or FULL_ACCESS token.',
  })
  createProject(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateProjectInput, { description: 'Properties of the project.' }) input: CreateProjectInput,
  ): Promise<CreateProjectPayload> {
    return createProject(ctx, input)
  }

  @Mutation(() => UpdateProjectPayload, {
    nullable: true,
    description: 'Renames a project. Its slug never changes. Needs `project:update`.',
  })
  updateProject(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateProjectInput, { description: 'Changes to the project.' }) input: UpdateProjectInput,
  ): Promise<UpdateProjectPayload> {
    return updateProject(ctx, input)
  }
}
