/** Usage of the last second, gathered in memory and written by statements that add. */
import { all, addOne, addMany } from '../database/queries/usage.js'
import type { UsageInterval } from '../entities/enums.js'
import { ALL_END_USERS, type UsageCount } from '../entities/usage-count.js'
import type { Batch, WriteBehindSource, UsageRecord } from '../journal/write-behind.js'
import { intervalLengths, intervalStart } from './intervals.js'

/** Rows kept while the database is away; what would be new beyond that is not counted. */
const maxRows = 50_000
/** Rows of one transaction: on SQLite each is a statement, which keeps the loop waiting. */
const rowsAtOnce = 300
const intervals = Object.keys(intervalLengths) as UsageInterval[]

type Row = { [K in keyof UsageCount]: UsageCount[K] }

/** What one caller did in one minute. */
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
  /** One for each request is made here; the rows that they add up to, only when they are taken. */
  #tallies = new Map<string, Tally>()
  #rows = new Map<string, Row>()

  constructor(private readonly isPostgres: boolean) {}

  used({ actor, operation, isDenied, at }: UsageRecord): void {
    const { apiKey, organizationId, projectIds, endUser } = actor
    const minute = intervalStart(at, 'MINUTE').getTime()
    // A key stands in one project and one environment.
    const name = `${minute} ${apiKey?.id ?? organizationId} ${endUser?.id ?? ''} ${operation ?? ''}`
    const known = this.#tallies.get(name)
    if (known) {
      known.requests++
      if (isDenied) known.denied++
    } else if (this.#tallies.size < maxRows) {
      const projectId = (apiKey && projectIds?.[0]) ?? ''
      const who = { organizationId, projectId, environment: actor.environment ?? ('' as const), apiKeyId: apiKey?.id ?? '' }
      this.#tallies.set(name, {
        ...who,
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
    this.#addUp()
    // In one order: two processes that add to the same rows must take their locks alike.
    const rows = [...this.#rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
    this.#rows = new Map()
    return Array.from({ length: Math.ceil(rows.length / rowsAtOnce) }, (_, i) =>
      this.#batch(rows.slice(i * rowsAtOnce, (i + 1) * rowsAtOnce)),
    )
  }

  #addUp(): void {
    for (const { minute, endUserId, ...tally } of this.#tallies.values()) {
      for (const length of intervals) {
        const start = intervalStart(minute, length)
        for (const whose of [ALL_END_USERS, endUserId]) this.#add({ ...tally, length, start, endUserId: whose })
      }
    }
    this.#tallies = new Map()
  }

  #batch(rows: readonly Row[]): Batch {
    const giveBack = (): void => {
      for (const row of rows) this.#add(row)
    }
    if (!this.isPostgres)
      return { giveBack, statements: rows.map((row) => ({ sql: addOne, parameters: toValues(row, row.start.getTime()) })) }
    const names = all.split(', ')
    const records = rows.map((row) => Object.fromEntries(toValues(row, row.start.toISOString()).map((value, i) => [names[i], value])))
    return { giveBack, statements: [{ sql: addMany, parameters: [JSON.stringify(records)] }] }
  }

  #add(row: Row): void {
    const name = rowKey(row)
    const known = this.#rows.get(name)
    if (known) {
      known.requests += row.requests
      known.denied += row.denied
    } else if (this.#rows.size < maxRows) this.#rows.set(name, { ...row })
  }
}
