/**
 * Rate limit counters of an API key, one row a key, so that one statement checks all windows
 * (rate-limits/postgres-limiter.ts). PostgreSQL only: on SQLite the single process counts in memory.
 */
import { Entity, Filter, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { timestamp, integer, text } from './columns.js'
import { tenant } from './tenant-filter.js'

@Entity()
@Filter(tenant('RateCounter', 'organization'))
export class RateCounter {
  @PrimaryKey(text())
  apiKeyId!: string

  @Property(text())
  organizationId!: string

  /** Start of the window. Null: the key has no limit of this length. */
  @Property(timestamp({ nullable: true }))
  secondAt!: Date | null

  @Property(integer())
  secondUsed!: number

  @Property(timestamp({ nullable: true }))
  minuteAt!: Date | null

  @Property(integer())
  minuteUsed!: number

  @Property(timestamp({ nullable: true }))
  hourAt!: Date | null

  @Property(integer())
  hourUsed!: number

  @Property(timestamp({ nullable: true }))
  dayAt!: Date | null

  @Property(integer())
  dayUsed!: number
}
