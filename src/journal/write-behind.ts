/** Write-behind: writes non-critical data once a second, in the background. */
import type { Logger } from 'pino'

import type { Actor } from '../access/actor.js'
import type { McpCredential } from '../entities/mcp-credential.js'
import type { BackgroundChanges, Journal } from './journal.js'

const intervalMs = 1000

/** One use of an operation. */
export interface UsageRecord {
  readonly actor: Actor
  /** A root field of the schema, or another operation; null if the request failed before it was known. */
  readonly operation: string | null
  readonly isDenied: boolean
  readonly at: Date
}

/** Response of an MCP server to a request with the credential. */
export interface CredentialResponse {
  readonly credential: Pick<McpCredential, 'id' | 'version'>
  readonly httpStatus: number
  readonly at: Date
}

/** Records last-used times, health of credentials and usage, which are written up to a second later. */
export interface WriteBehind {
  touchApiKey(id: string, at: Date): void
  touchPersonalToken(id: string, at: Date): void
  touchEndUser(id: string, at: Date): void
  touchMcpCredential(id: string, at: Date): void
  /** Sets the health of an MCP credential by the response of its server. */
  recordCredentialResponse(response: CredentialResponse): void
  /** Adds to the usage of the API key, end user and operation. */
  recordUsage(use: UsageRecord): void
  /** Resolves when all of it is written. */
  flush(): Promise<void>
}

/** Changes of one transaction. */
export interface Batch {
  readonly changes: BackgroundChanges
  /** Returns the batch to its source after a failed write. */
  requeue(): void
}

/** Data that the background writer drains. */
export interface WriteBehindSource {
  readonly name: string
  /** Removes and returns all pending batches. */
  drain(): readonly Batch[]
  /** Number of pending rows. */
  readonly size: number
}

/** A crash loses at most the last second; while the database is unavailable, the sources keep their data. */
export class BackgroundWriter {
  readonly #timer: NodeJS.Timeout
  #inFlight: Promise<void> = Promise.resolve()

  constructor(
    private readonly journal: Journal,
    private readonly log: Logger,
    private readonly sources: readonly WriteBehindSource[],
    private readonly onFailure: (source: string) => void,
  ) {
    this.#timer = setInterval(() => void this.flush(), intervalMs)
    this.#timer.unref()
  }

  /** Resolves when the pending data is written, or its write has failed. */
  flush(): Promise<void> {
    this.#inFlight = this.#inFlight.then(() => this.#write())
    return this.#inFlight
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  async #write(): Promise<void> {
    for (const source of this.sources) {
      for (const batch of source.drain()) {
        try {
          await this.journal.writeBackground(batch.changes)
        } catch (error) {
          batch.requeue()
          this.onFailure(source.name)
          const { rows = [], statements = [] } = batch.changes
          this.log.warn(
            { err: error, source: source.name, changes: rows.length + statements.length },
            'write-behind failed; it will be retried',
          )
        }
      }
    }
  }
}
