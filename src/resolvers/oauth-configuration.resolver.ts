/** GraphQL queries, mutations and field resolvers of OAuth configurations, and the confirmation of sign-ins. */
import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql'

import { can } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { OAuthConfiguration } from '../entities/oauth-configuration.js'
import { Project } from '../entities/project.js'
import { UrlScalar } from '../entities/scalars.js'
import { deleteOAuthConfiguration } from '../oauth/configurations/delete-oauth-configuration.js'
import { listOAuthConfigurations } from '../oauth/configurations/list-oauth-configurations.js'
import { setOAuthConfiguration } from '../oauth/configurations/set-oauth-configuration.js'
import { approveSignIn } from '../oauth/sign-in/approve-sign-in.js'
import { signInCallbackUrl } from '../oauth/sign-in/begin-sign-in.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import {
  ApproveSignInInput,
  ApproveSignInPayload,
  DeleteOAuthConfigurationInput,
  DeleteOAuthConfigurationPayload,
  OAuthConfigurationFilter,
  SetOAuthConfigurationInput,
  SetOAuthConfigurationPayload,
} from './oauth-configuration-types.js'

const OAuthConfigurations = createConnectionType('OAuthConfiguration', () => OAuthConfiguration)

@Resolver(() => OAuthConfiguration)
export class OAuthConfigurationResolver {
  @Query(() => OAuthConfigurations.type, {
    description:
      'OAuth configurations visible to the caller, newest first: at most one for each project and environment. Needs `oauth_configuration:read`.',
  })
  async oauthConfigurations(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => OAuthConfigurationFilter, { nullable: true, description: 'Filters the configurations. Omitted: no filter.' })
    filter?: OAuthConfigurationFilter | null,
  ): Promise<Connection<OAuthConfiguration>> {
    return OAuthConfigurations.from(await listOAuthConfigurations(ctx, page, filter ?? {}))
  }

  @Mutation(() => SetOAuthConfigurationPayload, {
    nullable: true,
    description:
      'Sets the OAuth configuration of a project and environment, so that MCP clients can connect with the URL of a server alone. Another API key revokes the OAuth grants of the one before. Needs `oauth_configuration:update` with a LOGIN or FULL_ACCESS token.',
  })
  setOAuthConfiguration(
    @Ctx() ctx: Context,
    @Arg('input', () => SetOAuthConfigurationInput, { description: 'The configuration.' }) input: SetOAuthConfigurationInput,
  ): Promise<SetOAuthConfigurationPayload> {
    return setOAuthConfiguration(ctx, input)
  }

  @Mutation(() => DeleteOAuthConfigurationPayload, {
    nullable: true,
    description:
      'Deletes an OAuth configuration. Signs out its end users, revokes their OAuth grants, and no client can be authorized there. Needs `oauth_configuration:update`.',
  })
  deleteOAuthConfiguration(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteOAuthConfigurationInput, { description: 'Configuration to delete.' }) input: DeleteOAuthConfigurationInput,
  ): Promise<DeleteOAuthConfigurationPayload> {
    return deleteOAuthConfiguration(ctx, input)
  }

  @Mutation(() => ApproveSignInPayload, {
    nullable: true,
    description:
      'Confirms who is signed in to your product in the browser that came to `signInUrl`. Needs the API key of the OAuth configuration, or one that holds as much, without limits and not expiring sooner.',
  })
  approveSignIn(
    @Ctx() ctx: Context,
    @Arg('input', () => ApproveSignInInput, { description: 'The sign-in, and who it is.' }) input: ApproveSignInInput,
  ): Promise<ApproveSignInPayload> {
    return approveSignIn(ctx, input)
  }

  @FieldResolver(() => Project, { description: 'Project of the configuration. Needs no permission of its own.' })
  project(@Root() configuration: OAuthConfiguration, @Ctx() ctx: Context): Promise<Project | null> {
    return ctx.loadInOrganization(configuration, Project, configuration.projectId)
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description:
      'API key that limits every grant and token: its permissions, end users, rate limits and audiences hold at each request. Null without `api_key:read`.',
  })
  async apiKey(@Root() configuration: OAuthConfiguration, @Ctx() ctx: Context): Promise<ApiKey | null> {
    if (!can(ctx.actor, 'api_key:read')) return null
    return ctx.loadInOrganization(configuration, ApiKey, configuration.apiKeyId)
  }

  @FieldResolver(() => Boolean, { description: 'True if a client secret of the OpenID provider is stored. It is never returned.' })
  hasClientSecret(@Root() { sealedOidcClientSecret }: OAuthConfiguration): boolean {
    return sealedOidcClientSecret !== null
  }

  @FieldResolver(() => UrlScalar, { description: 'Redirect URI to register at the OpenID provider. The same for every configuration.' })
  redirectUri(@Ctx() ctx: Context): string {
    return signInCallbackUrl(ctx.services.config.url)
  }
}
