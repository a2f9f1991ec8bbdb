/** Write-behind aggregation of usage: counts in memory, flushed by upserts that add to the stored counts. */
import { usageColumns, upsertUsage, upsertUsageBatch } from '../database/queries/usage.js'
import type { UsageInterval } from '../entities/enums.js'
import { ALL_END_USERS, type UsageCount } from '../entities/usage-count.js'
import type { Batch, WriteBehindSource, UsageRecord } from '../journal/write-behind.js'
import { intervalLengthMs, intervalStart } from './intervals.js'

/** Memory limit while the database is unavailable. Usage that would need a further row is not counted. */
const maxRows = 50_000
/** Rows per transaction. On SQLite each row is a statement that blocks the event loop. */
const batchSize = 300
const intervals = Object.keys(intervalLengthMs) as UsageInterval[]

type Row = { [K in keyof UsageCount]: UsageCount[K] }

/** Counts of one caller, end user and operation in one minute. */
type Tally = Omit<Row, 'length' | 'start'> & { readonly minute: Date }

const rowKey = (row: Row): string =>
  [row.organizationId, row.length, row.endUserId, row.start.getTime(), row.projectId, row.environment, row.apiKeyId, row.operation].join(
    '\n',
  )

const toValues = (row: Row, start: number | string): (string | number)[] => [
  row.organizationId,
  row.length,
  row.endUserId,
  start,
  row.projectId,
  row.environment,
  row.apiKeyId,
  row.operation,
  row.requests,
  row.denied,
]

export class UsageAggregator implements WriteBehindSource {
  readonly name = 'usage'
  /** Per request only a tally is updated. The rows of all intervals are computed on `drain`. */
  #tallies = new Map<string, Tally>()
  #rows = new Map<string, Row>()

  constructor(private readonly isPostgres: boolean) {}

  used({ actor, operation, isDenied, at }: UsageRecord): void {
    const { apiKey, organizationId, projectIds, endUser } = actor
    const minute = intervalStart(at, 'MINUTE').getTime()
    // A key has one project and one environment, so its id covers both.
    const key = `${minute} ${apiKey?.id ?? organizationId} ${endUser?.id ?? ''} ${operation ?? ''}`
    const existing = this.#tallies.get(key)
    if (existing) {
      existing.requests++
      if (isDenied) existing.denied++
    } else if (this.#tallies.size < maxRows) {
      const projectId = (apiKey && projectIds?.[0]) ?? ''
      const caller = { organizationId, projectId, environment: actor.environment ?? ('' as const), apiKeyId: apiKey?.id ?? '' }
      this.#tallies.set(key, {
        ...caller,
        endUserId: endUser?.id ?? '',
        operation: operation ?? '',
        minute: new Date(minute),
        requests: 1,
        denied: isDenied ? 1 : 0,
      })
    }
  }

  get size(): number {
    return this.#rows.size + this.#tallies.size
  }

  drain(): Batch[] {
    this.#aggregate()
    // Sort: two processes that update the same rows must lock them in one order, or they deadlock.
    const rows = [...this.#rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
    this.#rows = new Map()
    return Array.from({ length: Math.ceil(rows.length / batchSize) }, (_, i) => this.#batch(rows.slice(i * batchSize, (i + 1) * batchSize)))
  }

  /** Adds each tally to a row per interval, for its end user and for the total of all end users. */
  #aggregate(): void {
    for (const { minute, endUserId, ...tally } of this.#tallies.values()) {
      for (const length of intervals) {
        const start = intervalStart(minute, length)
        for (const id of [ALL_END_USERS, endUserId]) this.#add({ ...tally, length, start, endUserId: id })
      }
    }
    this.#tallies = new Map()
  }

  #batch(rows: readonly Row[]): Batch {
    const requeue = (): void => {
      for (const row of rows) this.#add(row)
    }
    if (!this.isPostgres)
      return { requeue, statements: rows.map((row) => ({ sql: upsertUsage, parameters: toValues(row, row.start.getTime()) })) }
    const names = usageColumns.split(', ')
    const records = rows.map((row) => Object.fromEntries(toValues(row, row.start.toISOString()).map((value, i) => [names[i], value])))
    return { requeue, statements: [{ sql: upsertUsageBatch, parameters: [JSON.stringify(records)] }] }
  }

  #add(row: Row): void {
    const key = rowKey(row)
    const existing = this.#rows.get(key)
    if (existing) {
      existing.requests += row.requests
      existing.denied += row.denied
    } else if (this.#rows.size < maxRows) this.#rows.set(key, { ...row })
  }
}
