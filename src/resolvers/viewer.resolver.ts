/** Who is asking, in GraphQL's words. */
import { Ctx, Field, FieldResolver, ObjectType, Query, registerEnumType, Resolver, Root } from 'type-graphql'

import type { Actor } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { EndUser } from '../entities/end-user.js'
import { Environment } from '../entities/enums.js'
import { Organization } from '../entities/organization.js'
import { PersonalToken } from '../entities/personal-token.js'
import { Project } from '../entities/project.js'
import { DateTimeScalar, PermissionScalar, UrlScalar } from '../entities/scalars.js'
import { User } from '../entities/user.js'
import { issuerUrl } from '../lib/issuer.js'

const ViewerKind = { API_KEY: 'API_KEY', PERSONAL_TOKEN: 'PERSONAL_TOKEN', ACCESS_TOKEN: 'ACCESS_TOKEN' } as const
registerEnumType(ViewerKind, {
  name: 'ViewerKind',
  description: 'What kind of credential the request came with.',
  valuesConfig: {
    API_KEY: { description: 'An API key: a backend, or one of its end users with X-On-Behalf-Of.' },
    PERSONAL_TOKEN: { description: 'A personal token: a person.' },
    ACCESS_TOKEN: { description: 'An exchanged token whose audience is this server: an end user.' },
  },
})

@ObjectType('Viewer', { description: 'Who is asking, and what they may do.' })
class Viewer {
  constructor(readonly actor: Actor) {}

  @Field(() => ViewerKind, { description: 'What kind of credential the request came with.' })
  get kind(): string {
    return this.actor.kind
  }

  @Field(() => Environment, { nullable: true, description: 'The environment that the credential works in; null for people, who see both.' })
  get environment(): Environment | null {
    return this.actor.environment
  }

  @Field(() => [PermissionScalar], {
    description: 'What the caller holds at this moment, as it was granted. While acting for an end user only part of it can be used here.',
  })
  get permissions(): readonly string[] {
    return this.actor.permissions
  }

  @Field(() => DateTimeScalar, { nullable: true, description: 'When the credential ends; null: never.' })
  get expiresAt(): Date | null {
    return this.actor.expiresAt
  }
}

@Resolver(() => Viewer)
export class ViewerResolver {
  @Query(() => Viewer, { nullable: true, description: 'Who is asking. Needs no permission.' })
  viewer(@Ctx() ctx: Context): Viewer {
    return new Viewer(ctx.actor)
  }

  @FieldResolver(() => Organization, { description: 'The organization of the caller.' })
  organization(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<Organization | null> {
    return ctx.loadInOrganization(actor, Organization, actor.organizationId)
  }

  @FieldResolver(() => UrlScalar, {
    nullable: true,
    description:
      'The issuer (`iss`) of access tokens in the organization and environment of the caller: an absolute URL that services compare byte for byte. Null for people, who see both environments.',
  })
  issuer(@Root() { actor }: Viewer, @Ctx() ctx: Context): string | null {
    return actor.environment && issuerUrl(ctx.app.config.url, actor.organizationId, actor.environment)
  }

  @FieldResolver(() => Project, { nullable: true, description: 'The project of the key; null for people.' })
  async project(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<Project | null> {
    const id = actor.apiKey && actor.projectIds?.[0]
    return id ? ctx.load(Project, id) : null
  }

  @FieldResolver(() => User, { nullable: true, description: 'The person behind a personal token.' })
  async user(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<User | null> {
    return actor.personalToken ? ctx.load(User, actor.personalToken.userId) : null
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description: 'The key that the request came with, or that its token was exchanged from; null while acting for an end user.',
  })
  async apiKey(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<ApiKey | null> {
    return actor.apiKey && !actor.endUser ? ctx.load(ApiKey, actor.apiKey.id) : null
  }

  @FieldResolver(() => PersonalToken, { nullable: true, description: 'The personal token that the request came with.' })
  async personalToken(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<PersonalToken | null> {
    return actor.personalToken ? ctx.load(PersonalToken, actor.personalToken.id) : null
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description: 'Whom the request is for. One that was never recorded was first and last seen now.',
  })
  async endUser(@Root() { actor }: Viewer, @Ctx() ctx: Context): Promise<EndUser | null> {
    const { endUser, environment, organizationId } = actor
    const projectId = actor.projectIds?.[0]
    if (!endUser || !environment || projectId === undefined) return null
    const now = ctx.now()
    const unrecorded = { ...endUser, organizationId, projectId, environment, firstSeenAt: now, lastSeenAt: now }
    return (await ctx.load(EndUser, endUser.id)) ?? Object.assign(new EndUser(), unrecorded)
  }
}
