/** PostgreSQL connection in pipeline mode: queries do not wait for earlier results. It reconnects after a loss. */
import { Client, type ClientConfig, type QueryResult } from 'pg'

import { unavailableError, isUnavailable } from './database-errors.js'

/** Statement of node-postgres; PostgreSQL prepares a named one once for each connection. */
export interface Statement {
  readonly name?: string
  readonly text: string
  readonly values?: unknown[]
}

/** Sends all statements at once and waits for every result. @throws the first error */
export type Send = (statements: readonly Statement[]) => Promise<QueryResult[]>

export class Pipeline {
  #client: Promise<Client> | undefined
  /** Callback by connection that clears `#client`, so that the next query reconnects. */
  readonly #clearClient = new WeakMap<Client, () => void>()
  #lastSession: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: ClientConfig) {}

  /** Sends statements that need no transaction. */
  async send(statements: readonly Statement[]): Promise<QueryResult[]> {
    return this.#sendOn(await this.#getClient(), statements)
  }

  /**
   * Runs sessions one after another. All statements of a session use the same connection or fail.
   * After a reconnect, the second half of a transaction would be written without the first.
   */
  session<T>(work: (send: Send) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      const client = await this.#getClient()
      return work((statements) => this.#sendOn(client, statements))
    }
    const result = this.#lastSession.then(run, run)
    this.#lastSession = result.catch(() => undefined)
    return result
  }

  /** Closes the connection after all sessions have ended. */
  async close(): Promise<void> {
    for (let last: unknown; last !== this.#lastSession;) await (last = this.#lastSession)
    const client = await this.#client?.catch(() => undefined)
    this.#client = undefined
    await client?.end()
  }

  async #sendOn(client: Client, statements: readonly Statement[]): Promise<QueryResult[]> {
    // An unhandled rejection of another statement would end the process.
    const results = await Promise.allSettled(statements.map((statement) => client.query(statement)))
    return results.map((result) => {
      if (result.status === 'fulfilled') return result.value
      if (isUnavailable(result.reason)) this.#drop(client)
      throw result.reason
    })
  }

  async #getClient(): Promise<Client> {
    const connecting = (this.#client ??= this.#connect())
    try {
      return await connecting
    } catch (error) {
      // Another caller may have reconnected already.
      if (this.#client === connecting) this.#client = undefined
      throw unavailableError(error)
    }
  }

  #connect(): Promise<Client> {
    const client = new Client({ connectionTimeoutMillis: 3000, query_timeout: 15_000, ...this.options, pipeline: true })
    const connecting = client.connect().then(() => client)
    // Both events may come late and repeatedly, so they clear only their own connection.
    const clearClient = (): void => {
      if (this.#client === connecting) this.#client = undefined
    }
    client.on('error', clearClient)
    client.on('end', clearClient)
    connecting.catch(() => this.#drop(client))
    this.#clearClient.set(client, clearClient)
    return connecting
  }

  /** Drops a connection; PostgreSQL rolls its open transaction back. */
  #drop(client: Client): void {
    this.#clearClient.get(client)?.()
    client.end().catch(() => undefined)
  }
}

/** Sends a whole transaction. @throws Error when `commit` reports ROLLBACK, as it does for a failed transaction */
export async function sendTransaction(send: Send, statements: readonly Statement[]): Promise<void> {
  const results = await send(statements)
  if (results.at(-1)?.command !== 'COMMIT') throw new Error('the transaction was rolled back')
}

/** Rolls back if `work` fails. On a lost connection, PostgreSQL has already rolled back. */
export async function withRollback<T>(send: Send, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isUnavailable(error)) await send([{ text: 'rollback' }]).catch(() => undefined)
    throw error
  }
}
