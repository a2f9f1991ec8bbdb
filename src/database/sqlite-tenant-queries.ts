/** Tenant queries on SQLite: indexed pages run on the main thread, all others in worker threads. */
import { KeyedQueue } from '../lib/concurrency.js'
import { toSqliteParameter } from './dialect.js'
import type { TenantQueries, TenantQuery, TenantQueryRunner } from './query-runner.js'
import { queueFullError } from './query-timeout.js'
import { RequestQueries, type RunningQuery } from './request-queries.js'
import type { SqliteQueryRunner } from './sqlite-query-runner.js'
import type { SqliteThreadPool } from './sqlite-threads.js'

export class SqliteTenantQueries implements TenantQueries {
  readonly #queue

  constructor(
    private readonly reads: SqliteQueryRunner,
    private readonly threads: SqliteThreadPool,
    queuedPerOrganization: number,
  ) {
    // One of two threads: a slow query of one organization leaves the other thread to other organizations.
    this.#queue = new KeyedQueue(1, queuedPerOrganization, queueFullError)
  }

  forRequest(organizationId: string, assertActive: () => void): TenantQueryRunner {
    const indexed = new RequestQueries(
      (work) => work(),
      (query) => this.#read(query),
      assertActive,
    )
    const unindexed = new RequestQueries(
      (work) => this.#queue.run(organizationId, work),
      (query) => this.#runInThread(query),
      assertActive,
    )
    return { run: (query) => (query.isIndexed ? indexed : unindexed).run(query) }
  }

  close(): Promise<void> {
    return this.threads.close()
  }

  #read({ sql, parameters }: TenantQuery): RunningQuery {
    const rows = this.reads.queryAll(sql, parameters)
    return { rows, done: rows }
  }

  #runInThread({ sql, parameters }: TenantQuery): RunningQuery {
    return this.threads.run({ sql, parameters: parameters.map(toSqliteParameter) })
  }
}
