/** One PostgreSQL connection on which queries follow one another without waiting for answers; a lost one is made anew. */
import { Client, type ClientConfig, type QueryResult } from 'pg'

import { unavailable, isUnavailable } from './database-errors.js'

export interface Statement {
  readonly name?: string
  readonly text: string
  readonly values?: unknown[]
}

/** Sends all statements at once, and waits for every answer. @throws the first error */
export type Send = (statements: readonly Statement[]) => Promise<QueryResult[]>

export class Pipeline {
  #client: Promise<Client> | undefined
  /** How to forget a connection. */
  readonly #forget = new WeakMap<Client, () => void>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: ClientConfig) {}

  /** For statements that need no transaction. */
  async send(statements: readonly Statement[]): Promise<QueryResult[]> {
    return this.#sendOn(await this.#connected(), statements)
  }

  /**
   * The connection for one alone, one after the other. All that is sent goes over this one connection or fails: on a new
   * one the second half of a transaction would be written without the first.
   */
  session<T>(work: (send: Send) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      const client = await this.#connected()
      return work((statements) => this.#sendOn(client, statements))
    }
    const result = this.#last.then(run, run)
    this.#last = result.catch(() => undefined)
    return result
  }

  /** After the sessions that have begun. */
  async close(): Promise<void> {
    for (let last: unknown; last !== this.#last;) await (last = this.#last)
    const client = await this.#client?.catch(() => undefined)
    this.#client = undefined
    await client?.end()
  }

  async #sendOn(client: Client, statements: readonly Statement[]): Promise<QueryResult[]> {
    // A sibling that is rejected unseen would end the process.
    const answers = await Promise.allSettled(statements.map((statement) => client.query(statement)))
    return answers.map((answer) => {
      if (answer.status === 'fulfilled') return answer.value
      if (isUnavailable(answer.reason)) this.#drop(client)
      throw answer.reason
    })
  }

  async #connected(): Promise<Client> {
    const connecting = (this.#client ??= this.#connect())
    try {
      return await connecting
    } catch (error) {
      // Somebody else may have begun a new one already.
      if (this.#client === connecting) this.#client = undefined
      throw unavailable(error)
    }
  }

  #connect(): Promise<Client> {
    const client = new Client({ connectionTimeoutMillis: 3000, query_timeout: 15_000, ...this.options, pipeline: true })
    const connecting = client.connect().then(() => client)
    // Both come late and more than once; only the connection that they are about is forgotten.
    const forget = (): void => {
      if (this.#client === connecting) this.#client = undefined
    }
    client.on('error', forget)
    client.on('end', forget)
    connecting.catch(() => this.#drop(client))
    this.#forget.set(client, forget)
    return connecting
  }

  /** PostgreSQL rolls back what was begun on it. */
  #drop(client: Client): void {
    this.#forget.get(client)?.()
    client.end().catch(() => undefined)
  }
}

/** `commit` of a failed transaction answers ROLLBACK without an error, so its answer is looked at. */
export async function sendTransaction(send: Send, statements: readonly Statement[]): Promise<void> {
  const answers = await send(statements)
  if (answers.at(-1)?.command !== 'COMMIT') throw new Error('the transaction was rolled back')
}

/** Leaves no transaction open. A connection that was lost has rolled back by itself. */
export async function withRollback<T>(send: Send, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isUnavailable(error)) await send([{ text: 'rollback' }]).catch(() => undefined)
    throw error
  }
}
