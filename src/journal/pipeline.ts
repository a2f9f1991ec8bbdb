/** One PostgreSQL connection on which queries follow one another without waiting for answers; a lost one is made anew. */
import { Client, type ClientConfig, type QueryResult } from 'pg'

import { unavailable, isUnavailable } from './unavailable.js'

export interface Statement {
  readonly name?: string
  readonly text: string
  readonly values?: unknown[]
}

export class Pipeline {
  #client: Promise<Client> | undefined

  constructor(private readonly options: ClientConfig) {}

  /**
   * Sends all statements at once, and waits for every answer: a sibling that is rejected unseen would end the process.
   * @throws the first error
   */
  async send(statements: readonly Statement[]): Promise<QueryResult[]> {
    let client: Client
    try {
      client = await (this.#client ??= this.#connect())
    } catch (error) {
      this.#client = undefined
      throw unavailable(error)
    }
    const answers = await Promise.allSettled(statements.map((statement) => client.query(statement)))
    return answers.map((answer) => {
      if (answer.status === 'fulfilled') return answer.value
      if (isUnavailable(answer.reason)) this.#drop(client)
      throw answer.reason
    })
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined)
    this.#client = undefined
    await client?.end()
  }

  async #connect(): Promise<Client> {
    const client = new Client({ ...this.options, pipeline: true, connectionTimeoutMillis: 3000, query_timeout: 15_000 })
    client.on('error', () => this.#drop(client))
    client.on('end', () => this.#drop(client))
    await client.connect()
    return client
  }

  #drop(client: Client): void {
    this.#client = undefined
    client.end().catch(() => undefined)
  }
}
