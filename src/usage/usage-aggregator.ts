/** Write-behind aggregation of usage: counts in memory, flushed by upserts that add to the stored counts. */
import { addCounts } from '../database/queries/usage.js'
import type { StoredInterval } from '../entities/enums.js'
import { ALL_END_USERS, UsageCount } from '../entities/usage-count.js'
import type { Batch, WriteBehindSource, UsageRecord } from '../journal/write-behind.js'
import { intervalLengthMs, intervalStart } from './intervals.js'

/** Memory limit while the database is unavailable. Usage that would need a further row is not counted. */
const maxRows = 50_000
/** Minute rows per transaction, each written as six rows. On SQLite each of them is a statement that blocks the event loop. */
const batchSize = 50
const intervals = Object.keys(intervalLengthMs) as StoredInterval[]

type Row = { [K in keyof UsageCount]: UsageCount[K] }

const rowKey = (row: Row): string =>
  `${row.organizationId} ${row.length} ${row.endUserId} ${row.start.getTime()} ${row.projectId} ${row.environment} ${row.apiKeyId} ${row.operation}`

function addRow(rows: Map<string, Row>, row: Row): void {
  const key = rowKey(row)
  const existing = rows.get(key)
  if (existing) {
    existing.requests += row.requests
    existing.denied += row.denied
  } else if (rows.size < maxRows) rows.set(key, row)
}

/** Rows of all intervals, for the end user and for the total of all end users. */
function expandMinutes(minutes: readonly Row[]): Row[] {
  const rows = new Map<string, Row>()
  for (const minute of minutes) {
    for (const length of intervals) {
      const start = intervalStart(minute.start, length)
      for (const endUserId of [ALL_END_USERS, minute.endUserId]) addRow(rows, { ...minute, length, start, endUserId })
    }
  }
  // Sort: two processes that update the same rows must lock them in one order, or they deadlock.
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

export class UsageAggregator implements WriteBehindSource {
  readonly name = 'usage'
  /** Rows of single minutes and end users. */
  #minutes = new Map<string, Row>()

  used({ actor, operation, isDenied, at }: UsageRecord): void {
    const { apiKey, organizationId, projectIds, environment, endUser } = actor
    addRow(this.#minutes, {
      organizationId,
      length: 'MINUTE',
      endUserId: endUser?.id ?? '',
      start: intervalStart(at, 'MINUTE'),
      projectId: (apiKey && projectIds?.[0]) ?? '',
      environment: environment ?? '',
      apiKeyId: apiKey?.id ?? '',
      operation: operation ?? '',
      requests: 1,
      denied: isDenied ? 1 : 0,
    })
  }

  get size(): number {
    return this.#minutes.size
  }

  drain(): Batch[] {
    const minutes = [...this.#minutes.values()]
    this.#minutes = new Map()
    return Array.from({ length: Math.ceil(minutes.length / batchSize) }, (_, i) =>
      this.#batch(minutes.slice(i * batchSize, (i + 1) * batchSize)),
    )
  }

  #batch(minutes: readonly Row[]): Batch {
    const requeue = (): void => {
      for (const row of minutes) addRow(this.#minutes, row)
    }
    return { requeue, changes: { rows: expandMinutes(minutes).map((row) => ({ entity: UsageCount, row, onConflict: addCounts })) } }
  }
}
