/**
 * How often something was asked for in one minute, hour or day: a row per interval and combination, added up by statements
 * that add (usage/counts.ts), so that its size follows from who did what and not from how often.
 */
import { Entity, Filter, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { timestamp, integer, text } from './columns.js'
import type { Environment, UsageInterval } from './enums.js'
import { tenant } from './tenant-filter.js'

/** Stands for all end users together: most questions do not tell them apart, and need not read a row for each. */
export const ALL_END_USERS = '*'

@Entity()
@Index({ properties: ['organizationId', 'length', 'start'] })
@Filter(tenant('UsageCount', 'environment'))
export class UsageCount {
  @PrimaryKey(text())
  organizationId!: string

  @PrimaryKey(text())
  length!: UsageInterval

  /** The derived id, empty for the backend itself, or {@link ALL_END_USERS}. */
  @PrimaryKey(text())
  endUserId!: string

  @PrimaryKey(timestamp())
  start!: Date

  /** Empty for people, who work in all of theirs. */
  @PrimaryKey(text())
  projectId!: string

  /** Empty for people, who work in both. */
  @PrimaryKey(text())
  environment!: Environment | ''

  /** Empty for people. */
  @PrimaryKey(text())
  apiKeyId!: string

  /** A root field of the schema; empty when the request was refused before there was one. */
  @PrimaryKey(text())
  operation!: string

  @Property(integer())
  requests!: number

  @Property(integer())
  denied!: number
}

export const dimensionColumns = { API_KEY: 'api_key_id', END_USER: 'end_user_id', OPERATION: 'operation' } as const

export type UsageDimension = keyof typeof dimensionColumns
