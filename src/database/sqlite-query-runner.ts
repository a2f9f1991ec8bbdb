/** The prepared reads on SQLite, by a read-only connection of their own: on the writing one an uncommitted key would already work. */
import type { Database, Statement } from 'better-sqlite3'

import type { Parameter, PreparedQuery, QueryRunner } from './query-runner.js'
import type { Row } from './row-mapper.js'

/** As SQLite binds it. */
export const stored = (parameter: unknown): unknown => {
  if (parameter instanceof Date) return parameter.getTime()
  return typeof parameter === 'boolean' ? Number(parameter) : parameter
}

/** Statements of lists that are kept prepared. */
const maxPreparedStatements = 200

export class SqliteReads implements QueryRunner {
  readonly #statements = new Map<string, Statement>()
  readonly #lists = new Map<string, Statement>()

  constructor(private readonly reader: Database) {}

  read(query: PreparedQuery, parameters: readonly Parameter[]): Promise<Row | undefined> {
    return Promise.resolve(this.#prepare(query).get(...parameters.map(stored)) as Row | undefined)
  }

  readAll(query: PreparedQuery, parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return Promise.resolve(this.#prepare(query).all(...parameters.map(stored)) as Row[])
  }

  queryAll(sql: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    let statement = this.#lists.get(sql)
    if (!statement) {
      // Lists differ by their filters; nobody must be able to fill the memory with them.
      if (this.#lists.size >= maxPreparedStatements) this.#lists.clear()
      this.#lists.set(sql, (statement = this.reader.prepare(sql)))
    }
    return Promise.resolve(statement.all(...parameters.map(stored)) as Row[])
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
