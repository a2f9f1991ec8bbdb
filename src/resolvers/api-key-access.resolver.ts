/** GraphQL fields of an API key that review its access: effective access, activity and unused permissions. */
import { Arg, Ctx, Extensions, Field, FieldResolver, Int, ObjectType, Resolver, Root } from 'type-graphql'

import {
  accessibleServers,
  countLiveGrants,
  countLiveTokens,
  effectiveAccess,
  type EffectiveAccess,
  type ServerAccessList,
} from '../access-review/effective-access.js'
import {
  actionActivity,
  maxActivityDays,
  operationActivity,
  validateSince,
  type ActionActivity,
  type OperationActivity,
} from '../access-review/key-activity.js'
import { unusedPermissions } from '../access-review/unused-permissions.js'
import type { Context } from '../context/context.js'
import { maxCountedRows } from '../database/queries/key-activity.js'
import { ApiKey } from '../entities/api-key.js'
import { ApiKeyEndUsers } from '../entities/end-user-scope.js'
import { DateTimeScalar, PermissionScalar, UrlScalar } from '../entities/scalars.js'
import { ApiKeyActionActivity, ApiKeyOperationActivity, McpServerAccessList } from './api-key-access-types.js'
import { formatCount } from './descriptions.js'

const sinceRule = `Start of the time range: at most ${maxActivityDays} days ago, and not in the future (BAD_USER_INPUT).`

@ObjectType('ApiKeyEffectiveAccess', { simpleResolvers: true, description: 'Access of an API key at the time of the request.' })
class ApiKeyEffectiveAccess {
  @Field(() => [UrlScalar], { nullable: true, description: 'Audiences that the key can be exchanged for. Null: any audience.' })
  audiences!: readonly string[] | null

  @Field(() => ApiKeyEndUsers, { description: 'End users that the key may act for and name.' })
  endUsers!: ApiKeyEndUsers
}

@ObjectType('ApiKeyActivity', { simpleResolvers: true, description: 'Activity of an API key since a time.' })
class ApiKeyActivity {
  @Field(() => DateTimeScalar, { description: 'Start of the time range.' })
  readonly start: Date

  constructor(
    readonly key: ApiKey,
    since: Date,
  ) {
    this.start = since
  }
}

@Resolver(() => ApiKeyEffectiveAccess)
export class ApiKeyEffectiveAccessResolver {
  @Extensions({ queries: 1 })
  @FieldResolver(() => McpServerAccessList, {
    nullable: true,
    description:
      'MCP servers of the backend in the project and environment of the key. Empty if the key lacks `mcp_server:use`. Needs `mcp_server:read`, else null.',
  })
  mcpServers(@Root() access: EffectiveAccess, @Ctx() ctx: Context): Promise<ServerAccessList | null> {
    return accessibleServers(ctx, access)
  }

  @Extensions({ queries: 1 })
  @FieldResolver(() => Int, {
    nullable: true,
    description: `Number of live access tokens, counted up to ${formatCount(maxCountedRows)} tokens. Needs \`access_token:read\`, else null.`,
  })
  liveTokenCount(@Root() access: EffectiveAccess, @Ctx() ctx: Context): Promise<number | null> {
    return countLiveTokens(ctx, access)
  }

  @Extensions({ queries: 1 })
  @FieldResolver(() => Int, {
    nullable: true,
    description: `Number of OAuth grants that the key limits and that are not revoked, counted up to ${formatCount(maxCountedRows)} grants. \`oauthGrants\` lists them. Needs \`oauth_grant:read\`, else null.`,
  })
  liveGrantCount(@Root() access: EffectiveAccess, @Ctx() ctx: Context): Promise<number | null> {
    return countLiveGrants(ctx, access)
  }
}

@Resolver(() => ApiKeyActivity)
export class ApiKeyActivityResolver {
  @Extensions({ queries: 1 })
  @FieldResolver(() => [ApiKeyOperationActivity], {
    nullable: true,
    description:
      'Requests by operation, from usage. Days are counted whole, from the day of `since` in UTC. Needs `usage:read`, else null.',
  })
  operations(@Root() { key, start }: ApiKeyActivity, @Ctx() ctx: Context): Promise<OperationActivity[] | null> {
    return operationActivity(ctx, key, start)
  }

  @Extensions({ queries: 1 })
  @FieldResolver(() => [ApiKeyActionActivity], {
    nullable: true,
    description:
      'Audited actions with the key as the actor, without those of its access tokens, whose actors are end users. Needs `audit_event:read`, else null.',
  })
  actions(@Root() { key, start }: ApiKeyActivity, @Ctx() ctx: Context): Promise<ActionActivity[] | null> {
    return actionActivity(ctx, key, start)
  }
}

@Resolver(() => ApiKey)
export class ApiKeyAccessResolver {
  @FieldResolver(() => ApiKeyEffectiveAccess, {
    nullable: true,
    description: 'Effective access. Null if the key is refused, and so can access nothing.',
  })
  effectiveAccess(@Root() key: ApiKey, @Ctx() ctx: Context): Promise<EffectiveAccess | null> {
    return effectiveAccess(ctx, key)
  }

  @FieldResolver(() => ApiKeyActivity, { nullable: true, description: 'Activity since a time. Requests appear after about 1 second.' })
  activity(
    @Root() key: ApiKey,
    @Ctx() ctx: Context,
    @Arg('since', () => DateTimeScalar, { description: sinceRule }) since: Date,
  ): ApiKeyActivity {
    validateSince(since, ctx.now())
    return new ApiKeyActivity(key, since)
  }

  @Extensions({ queries: 4 })
  @FieldResolver(() => [PermissionScalar], {
    nullable: true,
    description:
      'Grants that no recorded request has exercised since a time, as written in `permissions`; `updateApiKey` can drop them. Requests with access tokens of the key count; nested fields do not. A wildcard is listed only if nothing within it was exercised. A permission of your own services is listed only if the key was not used and had no unexpired token. Needs `usage:read`, else null.',
  })
  unusedPermissions(
    @Root() key: ApiKey,
    @Ctx() ctx: Context,
    @Arg('since', () => DateTimeScalar, { description: sinceRule }) since: Date,
  ): Promise<string[] | null> {
    validateSince(since, ctx.now())
    return unusedPermissions(ctx, key, since)
  }
}
