/** Times of last use, written at most once a second; a crash may lose that second, nothing else. */
import type { Logger } from 'pino'

import type { WriteBehind } from '../context.js'
import type { BackgroundStatement, Journal } from './journal.js'

const interval = 1000
const day = 86_400_000

interface Kind {
  readonly sql: string
  readonly seen: Map<string, Date>
}

export class LastUsed implements WriteBehind {
  // A time never goes back, whichever process writes last.
  readonly #keys = this.#kind('update api_key set last_used_at = ? where id = ? and (last_used_at is null or last_used_at < ?)')
  readonly #tokens = this.#kind('update personal_token set last_used_on = ? where id = ? and (last_used_on is null or last_used_on < ?)')
  readonly #endUsers = this.#kind('update end_user set last_seen_at = ? where id = ? and last_seen_at < ?')
  readonly #timer: NodeJS.Timeout
  #flight: Promise<void> = Promise.resolve()

  constructor(
    private readonly journal: Journal,
    private readonly log: Logger,
    private readonly isPostgres: boolean,
  ) {
    this.#timer = setInterval(() => void this.flush(), interval)
    this.#timer.unref()
  }

  keyUsed(id: string, at: Date): void {
    this.#keys.seen.set(id, at)
  }

  personalTokenUsed(id: string, at: Date): void {
    this.#tokens.seen.set(id, new Date(Math.floor(at.getTime() / day) * day))
  }

  endUserSeen(id: string, at: Date): void {
    this.#endUsers.seen.set(id, at)
  }

  flush(): Promise<void> {
    this.#flight = this.#flight.then(() => this.#write())
    return this.#flight
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  async #write(): Promise<void> {
    const drained = [this.#keys, this.#tokens, this.#endUsers].map((kind) => [kind, new Map(kind.seen)] as const)
    const statements = drained.flatMap(([kind]) => this.#drain(kind))
    if (statements.length === 0) return
    try {
      await this.journal.background(statements)
    } catch (error) {
      this.log.warn({ err: error, statements: statements.length }, 'times of last use could not be written; they will be tried again')
      for (const [kind, seen] of drained) for (const [id, at] of seen) if (!kind.seen.has(id)) kind.seen.set(id, at)
    }
  }

  #drain({ sql, seen }: Kind): BackgroundStatement[] {
    // In order of ids: two processes that update the same rows must take their locks alike.
    const entries = [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1))
    seen.clear()
    return entries.map(([id, at]) => {
      const time = this.isPostgres ? at.toISOString() : at.getTime()
      return { sql, parameters: [time, id, time] }
    })
  }

  #kind(sql: string): Kind {
    return { sql, seen: new Map() }
  }
}
