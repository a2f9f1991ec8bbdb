/** Usage in GraphQL's words. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Int, ObjectType, Query, registerEnumType, Resolver, Root } from 'type-graphql'

import { can } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { EndUser } from '../entities/end-user.js'
import { Environment, UsageInterval } from '../entities/enums.js'
import { DateTimeScalar } from '../entities/scalars.js'
import { dimensionColumns, type UsageDimension } from '../entities/usage-count.js'
import { readUsage, type UsageRow, type UsageWhere } from '../usage/read-usage.js'
import { visibleEndUser } from './visible-end-user.js'

const UsageDimensions = Object.fromEntries(Object.keys(dimensionColumns).map((name) => [name, name]))
registerEnumType(UsageDimensions, {
  name: 'UsageDimension',
  description: 'What usage is told apart by.',
  valuesConfig: {
    API_KEY: { description: 'The key behind the request, by itself or by a token exchanged from it.' },
    END_USER: { description: 'The end user for whom it was made.' },
    OPERATION: { description: 'What was asked for.' },
  },
})

@InputType('UsageFilter', { description: 'Which usage; what is left out does not narrow. At most 100 entries a list.' })
class UsageFilter implements UsageWhere {
  @Field(() => Environment, { nullable: true, description: 'That of one environment.' })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: 'That of one project.' })
  projectId?: string | null

  @Field(() => [ID], { nullable: true, description: 'That of any of these keys.' })
  apiKeyIds?: string[] | null

  @Field(() => [String], { nullable: true, description: 'That of any of these end users, by the ids that your product gave them.' })
  externalUserIds?: string[] | null

  @Field(() => [String], { nullable: true, description: 'That of any of these operations.' })
  operations?: string[] | null
}

@ObjectType('UsageBucket', { description: 'How much was asked for in one interval. Intervals in which nothing happened are left out.' })
class UsageBucket {
  @Field(() => DateTimeScalar, { description: 'When the interval began.' })
  start!: Date

  @Field(() => ID, {
    nullable: true,
    description: 'The id of the end user, also of one that was forgotten; null for the backend itself, or when not told apart.',
  })
  endUserId!: string | null

  @Field(() => String, {
    nullable: true,
    description:
      'A root field of this API, or what the gateway forwarded; null for requests refused before they named one, or when not told apart.',
  })
  operation!: string | null

  @Field(() => Int, { description: 'How often it was asked for. A document with several root fields counts for each.' })
  requests!: number

  @Field(() => Int, { description: 'How many of these were refused.' })
  denied!: number
}

@Resolver(() => UsageBucket)
export class UsageResolver {
  @Query(() => [UsageBucket], {
    description:
      'How much was asked for, oldest first: at most 1,440 intervals and 1,000 rows. Written about a second late. Needs `usage:read`.',
  })
  usage(
    @Ctx() ctx: Context,
    @Arg('from', () => DateTimeScalar, { description: 'From the interval that this moment is in.' }) from: Date,
    @Arg('to', () => DateTimeScalar, { description: 'Up to this moment, exclusively.' }) to: Date,
    @Arg('interval', () => UsageInterval, { description: 'How long the intervals are.' }) interval: UsageInterval,
    @Arg('groupBy', () => [UsageDimensions], {
      nullable: true,
      description: 'What to tell apart: at most 3 entries; nothing when left out.',
    })
    groupBy?: UsageDimension[] | null,
    @Arg('filter', () => UsageFilter, { nullable: true, description: 'Which usage.' }) filter?: UsageFilter | null,
  ): Promise<UsageRow[]> {
    return readUsage(ctx, { from, to, interval, groupBy, filter })
  }

  @FieldResolver(() => ApiKey, { nullable: true, description: 'The key; null for people, without `api_key:read`, or when not told apart.' })
  async apiKey(@Root() { apiKeyId }: UsageRow, @Ctx() ctx: Context): Promise<ApiKey | null> {
    return apiKeyId !== null && can(ctx.actor, 'api_key:read') ? ctx.load(ApiKey, apiKeyId) : null
  }

  @FieldResolver(() => EndUser, {
    nullable: true,
    description: 'The end user; null when none was recorded, without `end_user:read`, or when not told apart.',
  })
  endUser(@Root() row: UsageRow, @Ctx() ctx: Context): Promise<EndUser | null> {
    return visibleEndUser(ctx, row)
  }
}
