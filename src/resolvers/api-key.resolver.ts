/** API keys in GraphQL's words. */
import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'

import { createApiKeyOnce } from '../api-keys/create-api-key.js'
import { listApiKeys } from '../api-keys/list-api-keys.js'
import { revokeApiKey } from '../api-keys/revoke-api-key.js'
import { rotateApiKey } from '../api-keys/rotate-api-key.js'
import { updateApiKey } from '../api-keys/update-api-key.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { CredentialStatus, Environment, RateLimitWindow } from '../entities/enums.js'
import { Project } from '../entities/project.js'
import { DateTimeScalar, PermissionScalar, SecretScalar, UrlScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import { ActorUnion, findActor, type ActorRow } from './actor-union.js'
import { ApiKeyFilter, ApiKeyOrder } from './api-key-filter.js'
import { createConnectionType, PageArgs, type Connection } from './connection.js'
import { findByIdOrForbid } from './node.resolver.js'
import { Payload } from './user-error.js'
const ApiKeys = createConnectionType('ApiKey', () => ApiKey)

@InputType('RateLimitInput', { description: 'At most so many requests in a window; at most one limit per window.' })
export class RateLimitInput {
  @Field(() => RateLimitWindow, { description: 'How long the window is.' })
  window!: RateLimitWindow

  @Field(() => Int, { description: 'How many requests pass in one window: 1 to 1,000,000,000.' })
  max!: number
}

@InputType('CreateApiKeyInput', { description: 'What the new key is to be.' })
class CreateApiKeyInput {
  @Field(() => String, { nullable: true, description: 'What its people call it: 1 to 255 characters.' })
  label?: string | null

  @Field(() => Environment, {
    nullable: true,
    description: 'Where it works. For members SANDBOX when left out; a key makes keys of its own environment.',
  })
  environment?: Environment | null

  @Field(() => ID, {
    nullable: true,
    description: 'Its project. For members their first one when left out; a key makes keys of its own project.',
  })
  projectId?: string | null

  @Field(() => [PermissionScalar], {
    nullable: true,
    description: 'What it may do, at most what you hold. Left out: all of that. Empty: nothing but being exchanged.',
  })
  permissions?: string[] | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it ends. Left out: never, or with its maker.' })
  expiresAt?: Date | null

  @Field(() => [RateLimitInput], { nullable: true, description: 'At most one limit per window; all must pass.' })
  rateLimits?: RateLimitInput[] | null

  @Field(() => [UrlScalar], {
    nullable: true,
    description: 'The audiences that it may be exchanged for, at most 20. Left out or null: any.',
  })
  allowedAudiences?: string[] | null

  @Field(() => String, {
    nullable: true,
    description:
      'Sent again within 24 hours under the same key, the same input makes nothing new and answers the same record without its secret: 1 to 255 characters.',
  })
  idempotencyKey?: string | null
}

@ObjectType('CreateApiKeyPayload', { description: 'The new key, with its text: this is the only answer that has it.' })
class CreateApiKeyPayload extends Payload {
  @Field(() => ApiKey, { nullable: true, description: 'The new key.' })
  apiKey?: ApiKey | null

  @Field(() => SecretScalar, {
    nullable: true,
    description: 'Its text. Keep it now: it is not shown again, also not under the same idempotency key.',
  })
  secret?: Secret | null
}

@InputType('UpdateApiKeyInput', { description: 'What to change; what is left out stays.' })
class UpdateApiKeyInput {
  @Field(() => ID, { description: 'Which key.' })
  id!: string

  @Field(() => String, { nullable: true, description: 'What its people call it: 1 to 255 characters; null for nothing.' })
  label?: string | null

  @Field(() => [PermissionScalar], { nullable: true, description: 'What it may do from now on, at most what you hold.' })
  permissions?: string[] | null

  @Field(() => [RateLimitInput], { nullable: true, description: 'All of its limits from now on; empty for none.' })
  rateLimits?: RateLimitInput[] | null

  @Field(() => [UrlScalar], { nullable: true, description: 'The audiences that it may be exchanged for from now on; null for any.' })
  allowedAudiences?: string[] | null
}

@ObjectType('UpdateApiKeyPayload', { description: 'The key as it is now.' })
class UpdateApiKeyPayload extends Payload {
  @Field(() => ApiKey, { nullable: true, description: 'The key as it is now.' })
  apiKey?: ApiKey | null
}

@InputType('RotateApiKeyInput', { description: 'Which key gets a new text, and what becomes of the old one.' })
class RotateApiKeyInput {
  @Field(() => ID, { description: 'Which key.' })
  id!: string

  @Field(() => Int, { nullable: true, defaultValue: 0, description: 'How many seconds the old text works on: 0 to 604,800 (seven days).' })
  overlapSeconds?: number | null

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Whether the old text ends as soon as the new one is first used.',
  })
  endOverlapAtFirstUse?: boolean | null
}

@ObjectType('RotateApiKeyPayload', { description: 'The key with its new text: this is the only answer that has it.' })
class RotateApiKeyPayload extends Payload {
  @Field(() => ApiKey, { nullable: true, description: 'The key, under the same id.' })
  apiKey?: ApiKey | null

  @Field(() => SecretScalar, { nullable: true, description: 'Its new text. Keep it now: it is not shown again.' })
  secret?: Secret | null
}

@InputType('RevokeApiKeyInput', { description: 'Which key ends now.' })
class RevokeApiKeyInput {
  @Field(() => ID, { description: 'Which key; it may be the one in use.' })
  id!: string

  @Field(() => String, { nullable: true, description: 'Why, for the audit trail: at most 500 characters.' })
  reason?: string | null
}

@ObjectType('RevokeApiKeyPayload', { description: 'The revoked key; the same when it was revoked before.' })
class RevokeApiKeyPayload extends Payload {
  @Field(() => ApiKey, { nullable: true, description: 'The revoked key.' })
  apiKey?: ApiKey | null
}

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @Query(() => ApiKey, { nullable: true, description: 'One key; null when you see none with this id. Needs `api_key:read`.' })
  apiKey(@Ctx() ctx: Context, @Arg('id', () => ID, { description: 'Which key.' }) id: string): Promise<ApiKey | null> {
    return findByIdOrForbid(ctx, ApiKey, id, 'api_key:read')
  }

  @Query(() => ApiKeys.type, { description: 'The keys that you see, newest first. Needs `api_key:read`.' })
  async apiKeys(
    @Ctx() ctx: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => ApiKeyFilter, { nullable: true, description: 'Which keys.' }) filter?: ApiKeyFilter | null,
    @Arg('orderBy', () => ApiKeyOrder, { nullable: true, description: 'In which order.' }) orderBy?: ApiKeyOrder | null,
  ): Promise<Connection<ApiKey>> {
    return ApiKeys.from(await listApiKeys(ctx, page, filter ?? {}, orderBy))
  }

  @Mutation(() => CreateApiKeyPayload, { nullable: true, description: 'Makes a key. Needs `api_key:create`.' })
  createApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateApiKeyInput, { description: 'What it is to be.' }) input: CreateApiKeyInput,
  ): Promise<object> {
    return createApiKeyOnce(ctx, input)
  }

  @Mutation(() => UpdateApiKeyPayload, { nullable: true, description: 'Changes a key. Needs `api_key:update` and all that the key holds.' })
  updateApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateApiKeyInput, { description: 'What to change.' }) input: UpdateApiKeyInput,
  ): Promise<object> {
    return updateApiKey(ctx, input)
  }

  @Mutation(() => RotateApiKeyPayload, {
    nullable: true,
    description: 'Gives a key a new text. Needs `api_key:rotate` and all that the key holds.',
  })
  rotateApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => RotateApiKeyInput, { description: 'Which key.' }) input: RotateApiKeyInput,
  ): Promise<object> {
    return rotateApiKey(ctx, input)
  }

  @Mutation(() => RevokeApiKeyPayload, {
    nullable: true,
    description: 'Ends a key at once and for good, with its tokens. Needs `api_key:revoke`.',
  })
  revokeApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeApiKeyInput, { description: 'Which key.' }) input: RevokeApiKeyInput,
  ): Promise<object> {
    return revokeApiKey(ctx, input)
  }

  @FieldResolver(() => CredentialStatus, { description: 'Whether it works now.' })
  status(@Root() apiKey: ApiKey, @Ctx() ctx: Context): CredentialStatus {
    return apiKey.status(ctx.now())
  }

  @FieldResolver(() => Project, { description: 'The project that it belongs to.' })
  project(@Root() apiKey: ApiKey, @Ctx() ctx: Context): Promise<Project | null> {
    return ctx.loadInOrganization(apiKey, Project, apiKey.projectId)
  }

  @FieldResolver(() => ActorUnion, {
    nullable: true,
    description: 'Who made it; null when that is not yours to see, or nobody (the command line).',
  })
  createdBy(@Root() apiKey: ApiKey, @Ctx() ctx: Context): Promise<ActorRow | null> {
    return findActor(ctx, apiKey.createdBy)
  }

  @FieldResolver(() => ActorUnion, { nullable: true, description: 'Who revoked it.' })
  revokedBy(@Root() apiKey: ApiKey, @Ctx() ctx: Context): Promise<ActorRow | null> {
    return findActor(ctx, apiKey.revokedBy)
  }
}
