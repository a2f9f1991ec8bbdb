/** Prepared queries on a read-only SQLite connection: on the writing one, an uncommitted key would already be valid. */
import type { Database, Statement } from 'better-sqlite3'
import { LRUCache } from 'lru-cache'

import { toSqliteParameter } from './dialect.js'
import type { Parameter, PreparedQuery, QueryRunner } from './query-runner.js'
import type { Row } from './row-mapper.js'

/** Maximum cached statements of lists. Each combination of filters is a statement. */
const maxPreparedStatements = 200

export class SqliteQueryRunner implements QueryRunner {
  readonly #statements = new Map<string, Statement>()
  readonly #lists = new LRUCache<string, Statement>({ max: maxPreparedStatements, memoMethod: (sql) => this.reader.prepare(sql) })

  constructor(private readonly reader: Database) {}

  read(query: PreparedQuery, parameters: readonly Parameter[]): Promise<Row | undefined> {
    return Promise.resolve(this.#prepare(query).get(...parameters.map(toSqliteParameter)) as Row | undefined)
  }

  readAll(query: PreparedQuery, parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return Promise.resolve(this.#prepare(query).all(...parameters.map(toSqliteParameter)) as Row[])
  }

  queryAll(sql: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return Promise.resolve(this.#lists.memo(sql).all(...parameters.map(toSqliteParameter)) as Row[])
  }

  close(): void {
    this.reader.close()
  }

  #prepare({ name, sql }: PreparedQuery): Statement {
    let statement = this.#statements.get(name)
    if (!statement) this.#statements.set(name, (statement = this.reader.prepare(sql)))
    return statement
  }
}
