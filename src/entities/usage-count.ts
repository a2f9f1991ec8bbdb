/**
 * Usage counter: requests of one combination of key, end user and operation in one minute, hour or day.
 * Statements add to existing rows (usage/usage-aggregator.ts), so table size does not grow with the number of requests.
 */
import { Entity, Filter, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { timestamp, integer, text } from './columns.js'
import type { Environment, StoredInterval } from './enums.js'
import { tenant } from './tenant-filter.js'

/** `endUserId` of the row that sums all end users: a query that does not group by them reads one row. */
export const ALL_END_USERS = '*'

@Entity()
@Index({ properties: ['organizationId', 'length', 'start'] })
// Days of one key. It has the constant columns too, or SQLite, without statistics, would prefer the primary key.
@Index({
  name: 'usage_count_key_days_index',
  properties: ['organizationId', 'apiKeyId', 'length', 'endUserId', 'start'],
  where: "length = 'DAY' and end_user_id = '*'",
})
@Filter(tenant('UsageCount', 'environment'))
export class UsageCount {
  @PrimaryKey(text())
  organizationId!: string

  @PrimaryKey(text())
  length!: StoredInterval

  /** Derived id, empty for the backend itself, or {@link ALL_END_USERS}. */
  @PrimaryKey(text())
  endUserId!: string

  @PrimaryKey(timestamp())
  start!: Date

  /** Empty for personal tokens, which are not bound to a project. */
  @PrimaryKey(text())
  projectId!: string

  /** Empty for personal tokens, which are not bound to an environment. */
  @PrimaryKey(text())
  environment!: Environment | ''

  /** Empty for personal tokens. */
  @PrimaryKey(text())
  apiKeyId!: string

  /** Root field of the schema, or a gateway operation. Empty: refused before the operation was known. */
  @PrimaryKey(text())
  operation!: string

  @Property(integer())
  requests!: number

  @Property(integer())
  denied!: number
}

export const dimensionColumns = { API_KEY: 'api_key_id', END_USER: 'end_user_id', OPERATION: 'operation' } as const

export type UsageDimension = keyof typeof dimensionColumns
