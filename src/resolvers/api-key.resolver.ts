/** GraphQL queries, mutations and field resolvers of API keys. */
import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'

import { createApiKeyOnce } from '../api-keys/create-api-key.js'
import { listApiKeys } from '../api-keys/list-api-keys.js'
import { revokeApiKey } from '../api-keys/revoke-api-key.js'
import { rotateApiKey } from '../api-keys/rotate-api-key.js'
import { updateApiKey } from '../api-keys/update-api-key.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { ApiKeyEndUsers } from '../entities/end-user-scope.js'
import { CredentialStatus } from '../entities/enums.js'
import { Project } from '../entities/project.js'
import { ActorUnion, findActor, type ActorRow } from './actor-union.js'
import { ApiKeyFilter, ApiKeyOrder } from './api-key-filter.js'
import {
  CreateApiKeyInput,
  CreateApiKeyPayload,
  UpdateApiKeyInput,
  UpdateApiKeyPayload,
  RotateApiKeyInput,
  RotateApiKeyPayload,
  RevokeApiKeyInput,
  RevokeApiKeyPayload,
} from './api-key-types.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { findByIdOrForbid } from './find-by-id-or-forbid.js'

const ApiKeys = createConnectionType('ApiKey', () => ApiKey)

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @Query(() => ApiKey, {
    nullable: true,
    description: 'API key by id. Null if no key with this id is visible to the caller. Needs `api_key:read`.',
  })
  apiKey(@Ctx() ctx: Context, @Arg('id', () => ID, { description: 'Id of the API key.' }) id: string): Promise<ApiKey | null> {
    return findByIdOrForbid(ctx, ApiKey, id, 'api_key:read')
  }

  @Query(() => ApiKeys.type, { description: 'API keys visible to the caller, newest first unless `orderBy` is set. Needs `api_key:read`.' })
  async apiKeys(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => ApiKeyFilter, { nullable: true, description: 'Filters the API keys. Omitted: no filter.' })
    filter?: ApiKeyFilter | null,
    @Arg('orderBy', () => ApiKeyOrder, { nullable: true, description: 'Order of the list. Omitted: newest first.' })
    orderBy?: ApiKeyOrder | null,
  ): Promise<Connection<ApiKey>> {
    return ApiKeys.from(await listApiKeys(ctx, page, filter ?? {}, orderBy))
  }

  @Mutation(() => CreateApiKeyPayload, {
    nullable: true,
    description:
      'Creates an API key. Needs `api_key:create`. A key with rate limits, allowed audiences, limited end users or allowed addresses cannot create keys (FORBIDDEN).',
  })
  createApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateApiKeyInput, { description: 'Properties of the API key.' }) input: CreateApiKeyInput,
  ): Promise<CreateApiKeyPayload> {
    return createApiKeyOnce(ctx, input)
  }

  @Mutation(() => UpdateApiKeyPayload, {
    nullable: true,
    description:
      'Updates an API key. Needs `api_key:update` and every permission that the key holds (PERMISSION_NOT_HELD). A revoked key cannot be updated (INVALID_STATE).',
  })
  updateApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateApiKeyInput, { description: 'Changes to the API key.' }) input: UpdateApiKeyInput,
  ): Promise<UpdateApiKeyPayload> {
    return updateApiKey(ctx, input)
  }

  @Mutation(() => RotateApiKeyPayload, {
    nullable: true,
    description:
      'Replaces the secret of an API key and keeps its id. Access tokens exchanged from the key stay valid. Needs `api_key:rotate` and every permission that the key holds (PERMISSION_NOT_HELD). A revoked or expired key cannot be rotated (INVALID_STATE).',
  })
  rotateApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => RotateApiKeyInput, { description: 'API key to rotate, and the overlap.' }) input: RotateApiKeyInput,
  ): Promise<RotateApiKeyPayload> {
    return rotateApiKey(ctx, input)
  }

  @Mutation(() => RevokeApiKeyPayload, {
    nullable: true,
    description:
      'Revokes an API key and every access token exchanged from it, immediately and permanently. Keys that it created stay. Needs `api_key:revoke`.',
  })
  revokeApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeApiKeyInput, { description: 'API key to revoke.' }) input: RevokeApiKeyInput,
  ): Promise<RevokeApiKeyPayload> {
    return revokeApiKey(ctx, input)
  }

  @FieldResolver(() => ApiKeyEndUsers, {
    description:
      'End users that the key may act for and name. Access tokens of other end users, exchanged earlier, are refused; services that verify tokens offline do not see it.',
  })
  endUsers(@Root() { endUserScope }: ApiKey): ApiKeyEndUsers {
    return endUserScope ?? { mode: 'ANYONE' }
  }

  @FieldResolver(() => CredentialStatus, { description: 'Status at the time of the request.' })
  status(@Root() apiKey: ApiKey, @Ctx() ctx: Context): CredentialStatus {
    return apiKey.status(ctx.now())
  }

  @FieldResolver(() => Project, { description: 'Project of the key. Needs no permission of its own.' })
  project(@Root() apiKey: ApiKey, @Ctx() ctx: Context): Promise<Project | null> {
    return ctx.loadInOrganization(apiKey, Project, apiKey.projectId)
  }

  @FieldResolver(() => ActorUnion, {
    nullable: true,
    description:
      'User or API key that created the key. Null for the command line, and without `member:read` (user) or `api_key:read` (API key).',
  })
  createdBy(@Root() apiKey: ApiKey, @Ctx() ctx: Context): Promise<ActorRow | null> {
    return findActor(ctx, apiKey.createdBy)
  }

  @FieldResolver(() => ActorUnion, {
    nullable: true,
    description: 'User or API key that revoked the key. Null if not revoked, and without `member:read` (user) or `api_key:read` (API key).',
  })
  revokedBy(@Root() apiKey: ApiKey, @Ctx() ctx: Context): Promise<ActorRow | null> {
    return findActor(ctx, apiKey.revokedBy)
  }
}
