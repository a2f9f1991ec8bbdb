/** GraphQL types and query of usage statistics. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Int, ObjectType, Query, registerEnumType, Resolver, Root } from 'type-graphql'

import { can } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { maxInt32 } from '../database/queries/usage.js'
import { ApiKey } from '../entities/api-key.js'
import { EndUser } from '../entities/end-user.js'
import { Environment, UsageInterval } from '../entities/enums.js'
import { DateTimeScalar } from '../entities/scalars.js'
import { dimensionColumns, type UsageDimension } from '../entities/usage-count.js'
import { maxIntervals } from '../usage/intervals.js'
import { maxRows, readUsage, type UsageRow, type UsageFilterArgs } from '../usage/read-usage.js'
import { maxFilterValues } from '../validation/filters.js'
import { environmentFilter, formatCount, projectFilter } from './descriptions.js'
import { visibleEndUser } from './visible-end-user.js'

const UsageDimensions = Object.fromEntries(Object.keys(dimensionColumns).map((name) => [name, name]))
registerEnumType(UsageDimensions, {
  name: 'UsageDimension',
  description: 'Dimension that usage is grouped by.',
  valuesConfig: {
    API_KEY: { description: 'API key of the request, or the key that its access token was exchanged from.' },
    END_USER: { description: 'End user that the request acts for.' },
    OPERATION: { description: 'Operation: a root field of this API, or a gateway message.' },
  },
})

@InputType('UsageFilter', {
  description: `Filters usage. Omitted fields do not filter. Each list has at most ${maxFilterValues} entries, and an empty list matches nothing.`,
})
class UsageFilter implements UsageFilterArgs {
  @Field(() => Environment, { nullable: true, description: environmentFilter })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectFilter })
  projectId?: string | null

  @Field(() => [ID], { nullable: true, description: 'Matches any of these API keys, by id.' })
  apiKeyIds?: string[] | null

  @Field(() => [String], { nullable: true, description: 'Matches any of these end users, by the external ids that your product assigned.' })
  externalUserIds?: string[] | null

  @Field(() => [String], { nullable: true, description: 'Matches any of these operations, such as `exchangeApiKey` or `mcp:tools/call`.' })
  operations?: string[] | null

  @Field(() => Boolean, {
    nullable: true,
    description: 'If true, matches requests with personal tokens only; if false, those with API keys and access tokens only.',
  })
  byPeople?: boolean | null
}

@ObjectType('UsageBucket', {
  simpleResolvers: true,
  description: 'Usage of one interval and combination of dimensions. Intervals without usage are omitted.',
})
class UsageBucket {
  @Field(() => DateTimeScalar, {
    description: 'Start of the interval, in UTC, inclusive. For TOTAL: `from`, rounded down to the hour or day.',
  })
  start!: Date

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the end user, also of a forgotten one. Null for requests of the backend itself, or if `groupBy` lacks END_USER.',
  })
  endUserId!: string | null

  @Field(() => String, {
    nullable: true,
    description:
      'Root field of this API, or gateway message such as `mcp:tools/call`. Null for requests refused before execution, or if `groupBy` lacks OPERATION.',
  })
  operation!: string | null

  @Field(() => Int, {
    description: `Number of requests, at most ${formatCount(maxInt32)} requests. A document counts once for each of its root fields.`,
  })
  requests!: number

  @Field(() => Int, { description: 'Number of refused requests among `requests`.' })
  denied!: number
}

@Resolver(() => UsageBucket)
export class UsageResolver {
  @Query(() => [UsageBucket], {
    description: `Usage statistics, oldest interval first: at most ${formatCount(maxIntervals)} intervals and ${formatCount(maxRows)} rows, else BAD_USER_INPUT. Requests appear after about 1 second. Needs \`usage:read\`.`,
  })
  usage(
    @Ctx() ctx: Context,
    @Arg('from', () => DateTimeScalar, { description: 'Start of the time range. The interval that contains it is included.' }) from: Date,
    @Arg('to', () => DateTimeScalar, { description: 'End of the time range, exclusive. It must be after `from` (BAD_USER_INPUT).' })
    to: Date,
    @Arg('interval', () => UsageInterval, { description: 'Length of the intervals.' }) interval: UsageInterval,
    @Arg('groupBy', () => [UsageDimensions], {
      nullable: true,
      description: `Dimensions to group by: at most ${Object.keys(dimensionColumns).length} entries. Omitted: one row per interval.`,
    })
    groupBy?: UsageDimension[] | null,
    @Arg('filter', () => UsageFilter, { nullable: true, description: 'Filters the usage. Omitted: no filter.' })
    filter?: UsageFilter | null,
  ): Promise<UsageRow[]> {
    return readUsage(ctx, { from, to, interval, groupBy, filter })
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description: 'API key of the requests. Null for members, without `api_key:read`, or if `groupBy` lacks API_KEY.',
  })
  async apiKey(@Root() { apiKeyId }: UsageRow, @Ctx() ctx: Context): Promise<ApiKey | null> {
    return apiKeyId !== null && can(ctx.actor, 'api_key:read') ? ctx.load(ApiKey, apiKeyId) : null
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description: 'End user of the requests. Null if not recorded, without `end_user:read`, or if `groupBy` lacks END_USER.',
  })
  endUser(@Root() row: UsageRow, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, row)
  }
}
