/** The prepared reads on PostgreSQL, by connections of their own, where they follow one another without waiting. */
import { toPublicError } from './database-errors.js'
import { toPositional } from './dialect.js'
import type { Pipeline, Statement } from './pipeline.js'
import type { Parameter, PreparedQuery, QueryRunner } from './query-runner.js'
import type { Row } from './row-mapper.js'

const texts = new Map<string, string>()

/** A query as a statement that the server prepares once a connection. */
export function toNamedStatement({ name, sql }: PreparedQuery, parameters: readonly Parameter[]): Statement {
  let text = texts.get(name)
  if (text === undefined) texts.set(name, (text = toPositional(sql)))
  return { name, text, values: [...parameters] }
}

export class PostgresReads implements QueryRunner {
  constructor(
    /** One row by an index, as authentication needs it: nothing slow may stand before that. */
    private readonly single: Pipeline,
    private readonly several: Pipeline,
  ) {}

  async read(query: PreparedQuery, parameters: readonly Parameter[]): Promise<Row | undefined> {
    return (await ask(this.single, toNamedStatement(query, parameters)))[0]
  }

  async readAll(query: PreparedQuery, parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return ask(this.several, toNamedStatement(query, parameters))
  }

  async queryAll(sql: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return ask(this.several, { text: toPositional(sql), values: [...parameters] })
  }

  async close(): Promise<void> {
    await Promise.all([this.single.close(), this.several.close()])
  }
}

async function ask(line: Pipeline, statement: Statement): Promise<readonly Row[]> {
  try {
    const [answer] = await line.send([statement])
    return (answer?.rows ?? []) as Row[]
  } catch (error) {
    throw toPublicError(error)
  }
}
