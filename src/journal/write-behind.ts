/** What is written at most once a second: a crash may lose that second, nothing else; a database that is away loses nothing. */
import type { Logger } from 'pino'

import type { Actor } from '../access/actor.js'
import type { BackgroundStatement, Journal } from './journal.js'

const interval = 1000

/** Statements of one transaction. */
export interface Batch {
  readonly statements: readonly BackgroundStatement[]
  /** It was not written: keep it for the next time. */
  giveBack(): void
}

export interface WriteBehindSource {
  readonly name: string
  /** All that is waiting; from now on the caller has it. */
  drain(): readonly Batch[]
  /** How many rows are waiting. */
  readonly size: number
}

export class BackgroundWriter {
  readonly #timer: NodeJS.Timeout
  #flight: Promise<void> = Promise.resolve()

  constructor(
    private readonly journal: Journal,
    private readonly log: Logger,
    private readonly sources: readonly WriteBehindSource[],
    private readonly onFailure: (source: string) => void,
  ) {
    this.#timer = setInterval(() => void this.flush(), interval)
    this.#timer.unref()
  }

  /** Ends when all that is waiting now is written, or could not be. */
  flush(): Promise<void> {
    this.#flight = this.#flight.then(() => this.#write())
    return this.#flight
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  async #write(): Promise<void> {
    for (const source of this.sources) {
      for (const batch of source.drain()) {
        try {
          await this.journal.writeBackground(batch.statements)
        } catch (error) {
          batch.giveBack()
          this.onFailure(source.name)
          this.log.warn({ err: error, source: source.name, statements: batch.statements.length }, 'could not be written yet')
        }
      }
    }
  }
}

/** What may be written a second late, and lost by a crash: times of last use, and usage. */
export interface WriteBehind {
  touchApiKey(id: string, at: Date): void
  touchPersonalToken(id: string, at: Date): void
  touchEndUser(id: string, at: Date): void
  touchMcpCredential(id: string, at: Date): void
  /** Adds to the usage of its key, end user and operation. */
  recordUsage(use: UsageRecord): void
  /** Ends when all of it is written. */
  flush(): Promise<void>
}

/** One thing that was asked for, by whom, for whom. */
export interface UsageRecord {
  readonly actor: Actor
  /** A root field of the schema, or what else was used; null when the request was refused before that was known. */
  readonly operation: string | null
  readonly isDenied: boolean
  readonly at: Date
}
