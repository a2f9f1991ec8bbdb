/** Prepared queries on PostgreSQL, over dedicated pipelined connections. */
import { toPublicError } from './database-errors.js'
import { toPositional } from './dialect.js'
import type { Pipeline, Statement } from './pipeline.js'
import type { Parameter, PreparedQuery, QueryRunner } from './query-runner.js'
import type { Row } from './row-mapper.js'

const statementTexts = new Map<string, string>()

/** Converts a query to a named statement, which PostgreSQL prepares once for each connection. */
export function toNamedStatement({ name, sql }: PreparedQuery, parameters: readonly Parameter[]): Statement {
  let text = statementTexts.get(name)
  if (text === undefined) statementTexts.set(name, (text = toPositional(sql)))
  return { name, text, values: [...parameters] }
}

export class PostgresQueryRunner implements QueryRunner {
  constructor(
    /** Pipeline for single rows by an index, such as for authentication: a slow query would delay those behind it. */
    private readonly singleRows: Pipeline,
    private readonly lists: Pipeline,
  ) {}

  async read(query: PreparedQuery, parameters: readonly Parameter[]): Promise<Row | undefined> {
    return (await runStatement(this.singleRows, toNamedStatement(query, parameters)))[0]
  }

  async readAll(query: PreparedQuery, parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return runStatement(this.lists, toNamedStatement(query, parameters))
  }

  async queryAll(sql: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return runStatement(this.lists, { text: toPositional(sql), values: [...parameters] })
  }

  async close(): Promise<void> {
    await Promise.all([this.singleRows.close(), this.lists.close()])
  }
}

async function runStatement(pipeline: Pipeline, statement: Statement): Promise<readonly Row[]> {
  try {
    const [result] = await pipeline.send([statement])
    return (result?.rows ?? []) as Row[]
  } catch (error) {
    throw toPublicError(error)
  }
}
