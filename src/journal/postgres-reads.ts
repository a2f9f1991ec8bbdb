/** The prepared reads on PostgreSQL, by a connection of their own, where they follow one another without waiting. */
import type { Parameter, Query, Reader } from '../access/reads.js'
import type { Row } from '../entities/rows.js'
import type { Pipeline, Statement } from './pipeline.js'
import { numbered } from './postgres-statements.js'
import { refusalOf } from './unavailable.js'

const texts = new Map<string, string>()

/** A query as a statement that the server prepares once a connection. */
export function named({ name, sql }: Query, parameters: readonly Parameter[]): Statement {
  let text = texts.get(name)
  if (text === undefined) texts.set(name, (text = numbered(sql)))
  return { name, text, values: [...parameters] }
}

export class PostgresReads implements Reader {
  constructor(private readonly line: Pipeline) {}

  async read(query: Query, parameters: readonly Parameter[]): Promise<Row | undefined> {
    return (await this.readAll(query, parameters))[0]
  }

  async readAll(query: Query, parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return this.#ask(named(query, parameters))
  }

  async readRows(sql: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.#ask({ text: numbered(sql), values: [...parameters] })
  }

  async #ask(statement: Statement): Promise<readonly Row[]> {
    try {
      const [answer] = await this.line.send([statement])
      return (answer?.rows ?? []) as Row[]
    } catch (error) {
      throw refusalOf(error)
    }
  }

  close(): Promise<void> {
    return this.line.close()
  }
}
