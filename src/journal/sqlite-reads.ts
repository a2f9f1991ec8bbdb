/** The prepared reads on SQLite, by a read-only connection of their own: on the writing one an uncommitted key would already work. */
import type { Database, Statement } from 'better-sqlite3'

import type { Parameter, Query, Reader, Row } from '../access/reads.js'

const stored = (parameter: Parameter): string | number => (parameter instanceof Date ? parameter.getTime() : parameter)

export class SqliteReads implements Reader {
  readonly #statements = new Map<string, Statement>()

  constructor(private readonly reader: Database) {}

  read(query: Query, parameters: readonly Parameter[]): Promise<Row | undefined> {
    return Promise.resolve(this.#prepare(query).get(...parameters.map(stored)) as Row | undefined)
  }

  readAll(query: Query, parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return Promise.resolve(this.#prepare(query).all(...parameters.map(stored)) as Row[])
  }

  close(): void {
    this.reader.close()
  }

  #prepare({ name, sql }: Query): Statement {
    let statement = this.#statements.get(name)
    if (!statement) this.#statements.set(name, (statement = this.reader.prepare(sql)))
    return statement
  }
}
