/** Tenant queries on PostgreSQL: a separate pool, so that lists take no connection from writes and authentication. */
import { Pool } from 'pg'

import { KeyedQueue } from '../lib/concurrency.js'
import { toPublicError } from './database-errors.js'
import { toPositional } from './dialect.js'
import type { TenantQueries, TenantQuery, TenantQueryRunner } from './query-runner.js'
import { queryTimeoutError, queryTimeoutMs, queueFullError } from './query-timeout.js'
import { RequestQueries, type RunningQuery } from './request-queries.js'
import type { Row } from './row-mapper.js'

/** SQLSTATE of a statement that `statement_timeout` cancelled. */
const queryCanceled = '57014'

export class PostgresTenantQueries implements TenantQueries {
  readonly #pool
  readonly #queue
  #closing: Promise<void> | undefined

  constructor(connectionString: string, runningPerOrganization: number, queuedPerOrganization: number) {
    this.#pool = new Pool({
      connectionString,
      max: 8,
      connectionTimeoutMillis: 5000,
      statement_timeout: queryTimeoutMs,
      // Client-side timeout, for an unresponsive server.
      query_timeout: 2 * queryTimeoutMs,
    })
    // The pool replaces a lost idle connection. Without a listener the event would end the process.
    this.#pool.on('error', () => undefined)
    this.#queue = new KeyedQueue(runningPerOrganization, queuedPerOrganization, queueFullError)
  }

  forRequest(organizationId: string, assertActive: () => void): TenantQueryRunner {
    return new RequestQueries(
      (work) => this.#queue.run(organizationId, work),
      (query) => this.#start(query),
      assertActive,
    )
  }

  /** Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#pool.end())
  }

  #start(query: TenantQuery): RunningQuery {
    const rows = this.#rows(query)
    return { rows, done: rows }
  }

  async #rows({ sql, parameters }: TenantQuery): Promise<readonly Row[]> {
    try {
      return (await this.#pool.query<Row>(toPositional(sql), [...parameters])).rows
    } catch (error) {
      // The cause is left out, since its SQLSTATE would count as that of an unavailable database.
      throw Reflect.get(Object(error), 'code') === queryCanceled ? queryTimeoutError() : toPublicError(error)
    }
  }
}
