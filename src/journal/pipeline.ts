/** One PostgreSQL connection on which queries follow one another without waiting for answers; a lost one is made anew. */
import { Client, type ClientConfig, type QueryResult } from 'pg'

import { Turns } from './turns.js'
import { unavailable, isUnavailable } from './unavailable.js'

export interface Statement {
  readonly name?: string
  readonly text: string
  readonly values?: unknown[]
}

/** Sends all statements at once. @throws the first error */
export type Send = (statements: readonly Statement[]) => Promise<QueryResult[]>

export class Pipeline {
  #client: Promise<Client> | undefined
  readonly #turns = new Turns()

  constructor(private readonly options: ClientConfig) {}

  /** For single statements: those of others may come in between. @throws the first error */
  async send(statements: readonly Statement[]): Promise<QueryResult[]> {
    return this.#sendOn(await this.#connected(), statements)
  }

  /**
   * For a transaction of several round trips: one at a time, each on one and the same connection. Two that share it would
   * commit each other's halves; one that lost it would go on, without its locks, on the next.
   * Rolls back when `work` throws.
   */
  alone<T>(work: (send: Send) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      const client = await this.#connected()
      const send: Send = (statements) => this.#sendOn(client, statements)
      try {
        return await work(send)
      } catch (error) {
        await send([{ text: 'rollback' }]).catch(() => undefined)
        throw error
      }
    }
    return this.#turns.take(run)
  }

  async close(): Promise<void> {
    await this.#turns.ended()
    const client = await this.#client?.catch(() => undefined)
    this.#client = undefined
    await client?.end()
  }

  async #connected(): Promise<Client> {
    const connecting = (this.#client ??= this.#connect())
    try {
      return await connecting
    } catch (error) {
      if (this.#client === connecting) this.#client = undefined
      throw unavailable(error)
    }
  }

  /** Waits for every answer: a sibling that is rejected unseen would end the process. */
  async #sendOn(client: Client, statements: readonly Statement[]): Promise<QueryResult[]> {
    const answers = await Promise.allSettled(statements.map((statement) => client.query(statement)))
    return answers.map((answer) => {
      if (answer.status === 'fulfilled') return answer.value
      if (isUnavailable(answer.reason)) void client.end().catch(() => undefined)
      throw answer.reason
    })
  }

  #connect(): Promise<Client> {
    const client = new Client({ ...this.options, pipeline: true, connectionTimeoutMillis: 3000, query_timeout: 15_000 })
    const connecting: Promise<Client> = client.connect().then(() => client)
    // Only itself: by the time an old connection has ended there may be a new one.
    const drop = (): void => {
      if (this.#client === connecting) this.#client = undefined
      client.end().catch(() => undefined)
    }
    client.on('error', drop)
    client.on('end', drop)
    return connecting
  }
}
