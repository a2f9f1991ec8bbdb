/**
 * What a key with rate limits has used of its windows, one row a key so that one statement decides about all of them
 * (journal/rate-counters.ts). PostgreSQL only: on SQLite the one process that serves counts in memory.
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

  /** When the window began; null while the key has no limit of this length. */
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
