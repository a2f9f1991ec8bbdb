/** Tenant queries on PostgreSQL: a pool of their own, so that no list takes a connection from a change or an authentication. */
import { Pool } from 'pg'

import { KeyedQueue } from '../lib/concurrency.js'
import { toPublicError } from './database-errors.js'
import { toPositional } from './dialect.js'
import type { TenantQueries, TenantQuery, TenantQueryRunner } from './query-runner.js'
import { queryTimeout, queryTimeoutMs, queueFull } from './query-timeout.js'
import { RequestQueries, type RunningQuery } from './request-queries.js'
import type { Row } from './row-mapper.js'

/** SQLSTATE of a statement that ran into `statement_timeout`. */
const queryCanceled = '57014'

export class PostgresTenantQueries implements TenantQueries {
  readonly #pool
  readonly #queue

  constructor(connectionString: string, runningPerOrganization: number, queuedPerOrganization: number) {
    this.#pool = new Pool({
      connectionString,
      max: 8,
      connectionTimeoutMillis: 5000,
      statement_timeout: queryTimeoutMs,
      // For a server that does not answer at all.
      query_timeout: 2 * queryTimeoutMs,
    })
    // An idle connection that is lost is replaced by the next query; unheard, the event would end the process.
    this.#pool.on('error', () => undefined)
    this.#queue = new KeyedQueue(runningPerOrganization, queuedPerOrganization, queueFull)
  }

  forRequest(organizationId: string, assertActive: () => void): TenantQueryRunner {
    return new RequestQueries(
      (work) => this.#queue.run(organizationId, work),
      (query) => this.#start(query),
      assertActive,
    )
  }

  close(): Promise<void> {
    return this.#pool.end()
  }

  #start(query: TenantQuery): RunningQuery {
    const rows = this.#rows(query)
    return { rows, done: rows }
  }

  async #rows({ sql, parameters }: TenantQuery): Promise<readonly Row[]> {
    try {
      return (await this.#pool.query<Row>(toPositional(sql), [...parameters])).rows
    } catch (error) {
      // Without its cause, whose SQLSTATE would be taken for that of a database that is away.
      throw Reflect.get(Object(error), 'code') === queryCanceled ? queryTimeout() : toPublicError(error)
    }
  }
}
