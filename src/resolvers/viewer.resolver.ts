/** GraphQL type and query of the authenticated caller. */
import { Arg, Ctx, Field, FieldResolver, InputType, Mutation, ObjectType, Query, registerEnumType, Resolver, Root } from 'type-graphql'

import type { Actor } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { findActingEndUser } from '../end-users/find-acting-end-user.js'
import { ApiKey } from '../entities/api-key.js'
import { EndUser } from '../entities/end-user.js'
import { Environment, MemberRole } from '../entities/enums.js'
import { Organization } from '../entities/organization.js'
import { PersonalToken } from '../entities/personal-token.js'
import { Project } from '../entities/project.js'
import { DateTimeScalar, PermissionScalar, UrlScalar } from '../entities/scalars.js'
import { User } from '../entities/user.js'
import { issuerUrl } from '../lib/issuer.js'
import { maxUserNameLength } from '../members/accept-invitation.js'
import { updateViewer } from '../members/update-viewer.js'
import { formatLength } from './descriptions.js'
import { Payload } from './user-error.js'

const ViewerKind = { API_KEY: 'API_KEY', PERSONAL_TOKEN: 'PERSONAL_TOKEN', ACCESS_TOKEN: 'ACCESS_TOKEN' } as const
registerEnumType(ViewerKind, {
  name: 'ViewerKind',
  description: 'Type of the credential of a request.',
  valuesConfig: {
    API_KEY: { description: 'API key. The caller is a backend, or the end user named by X-On-Behalf-Of.' },
    PERSONAL_TOKEN: { description: 'Personal token. The caller is a member.' },
    ACCESS_TOKEN: { description: 'Access token with this server as its audience. The caller is an end user.' },
  },
})

@ObjectType('Viewer', { description: 'Authenticated caller of the request.' })
class Viewer {
  constructor(readonly actor: Actor) {}

  @Field(() => ViewerKind, { description: 'Type of the credential of the request.' })
  get kind(): string {
    return this.actor.kind
  }

  @Field(() => Environment, { nullable: true, description: 'Environment of the credential. Null for members, who see both environments.' })
  get environment(): Environment | null {
    return this.actor.environment
  }

  @Field(() => [PermissionScalar], {
    description:
      'Permissions of the caller at the time of the request, with wildcards as granted. While acting for an end user, Keyhouse accepts only some of them.',
  })
  get permissions(): readonly string[] {
    return this.actor.permissions
  }

  @Field(() => MemberRole, { nullable: true, description: 'Role of the member. Null for API keys and access tokens.' })
  get role(): MemberRole | null {
    return this.actor.personalToken?.role ?? null
  }

  @Field(() => DateTimeScalar, { nullable: true, description: 'Expiry of the credential. Null if it does not expire.' })
  get expiresAt(): Date | null {
    return this.actor.expiresAt
  }
}

@InputType('UpdateViewerInput', { description: 'Changes to the user of the calling personal token. Omitted fields stay unchanged.' })
class UpdateViewerInput {
  @Field(() => String, { nullable: true, description: `Name for people: ${formatLength(maxUserNameLength)}. Null is invalid.` })
  name?: string | null
}

@ObjectType('UpdateViewerPayload', { description: 'Result of `updateViewer`.' })
class UpdateViewerPayload extends Payload {
  @Field(() => User, { nullable: true, description: 'The updated user. Null if `userErrors` is not empty.' })
  user?: User | null
}

@Resolver(() => Viewer)
export class ViewerResolver {
  @Query(() => Viewer, {
    nullable: true,
    description: 'The authenticated caller. Needs a credential but no permission. Null only with an error in `errors` (UNAUTHENTICATED).',
  })
  viewer(@Ctx() ctx: Context): Viewer {
    return new Viewer(ctx.actor)
  }

  @Mutation(() => UpdateViewerPayload, {
    nullable: true,
    description: 'Changes the name of the caller. Needs a LOGIN or FULL_ACCESS token, and no permission.',
  })
  updateViewer(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateViewerInput, { description: 'Changes to the user.' }) input: UpdateViewerInput,
  ): Promise<UpdateViewerPayload> {
    return updateViewer(ctx, input)
  }

  @FieldResolver(() => Organization, { description: 'Organization of the caller. Needs no permission of its own.' })
  organization(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<Organization | null> {
    return ctx.loadInOrganization(actor, Organization, actor.organizationId)
  }

  @FieldResolver(() => UrlScalar, {
    nullable: true,
    description:
      'Issuer (`iss`) of access tokens in the organization and environment of the caller: an absolute URL, compared byte for byte. Null for members, who see both environments.',
  })
  issuer(@Root() { actor }: Viewer, @Ctx() ctx: Context): string | null {
    return actor.environment && issuerUrl(ctx.services.config.url, actor.organizationId, actor.environment)
  }

  @FieldResolver(() => Project, { nullable: true, description: 'Project of the API key or access token. Null for members.' })
  async project(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<Project | null> {
    const id = actor.apiKey && actor.projectIds?.[0]
    return id ? ctx.load(Project, id) : null
  }

  @FieldResolver(() => User, { nullable: true, description: 'User of the personal token. Null for API keys and access tokens.' })
  async user(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<User | null> {
    return actor.personalToken ? ctx.load(User, actor.personalToken.userId) : null
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description: 'API key of the request. Null for other credentials, and while acting for an end user.',
  })
  async apiKey(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<ApiKey | null> {
    return actor.apiKey && !actor.endUser ? ctx.load(ApiKey, actor.apiKey.id) : null
  }

  @FieldResolver(() => PersonalToken, { nullable: true, description: 'Personal token of the request. Null for other credentials.' })
  async personalToken(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<PersonalToken | null> {
    return actor.personalToken ? ctx.load(PersonalToken, actor.personalToken.id) : null
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description:
      'End user that the request acts for. Null if there is none. For an end user not yet recorded, both times are the time of the request.',
  })
  endUser(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<EndUser | null> {
    return findActingEndUser(ctx, actor)
  }
}
