/** Times of last use, gathered in memory for the background writer. */
import type { BackgroundStatement } from './journal.js'
import type { Batch, WriteBehindSource } from './write-behind.js'

const day = 86_400_000

interface Kind {
  readonly sql: string
  seen: Map<string, Date>
}

export class LastUsed implements WriteBehindSource {
  readonly name = 'times of last use'
  // A time never goes back, whichever process writes last.
  readonly #keys: Kind = kind('update api_key set last_used_at = ? where id = ? and (last_used_at is null or last_used_at < ?)')
  readonly #tokens: Kind = kind('update personal_token set last_used_on = ? where id = ? and (last_used_on is null or last_used_on < ?)')
  readonly #endUsers: Kind = kind('update end_user set last_seen_at = ? where id = ? and last_seen_at < ?')

  readonly #credentials: Kind = kind(
    'update mcp_credential set last_used_at = ? where id = ? and (last_used_at is null or last_used_at < ?)',
  )

  constructor(private readonly isPostgres: boolean) {}

  touchApiKey(id: string, at: Date): void {
    this.#keys.seen.set(id, at)
  }

  touchPersonalToken(id: string, at: Date): void {
    this.#tokens.seen.set(id, new Date(Math.floor(at.getTime() / day) * day))
  }

  touchEndUser(id: string, at: Date): void {
    this.#endUsers.seen.set(id, at)
  }

  touchMcpCredential(id: string, at: Date): void {
    this.#credentials.seen.set(id, at)
  }

  get size(): number {
    return this.#keys.seen.size + this.#tokens.seen.size + this.#endUsers.seen.size + this.#credentials.seen.size
  }

  drain(): Batch[] {
    // A batch for each table: with a lock in one and waiting in another it could stand in a circle with a verb.
    return [this.#keys, this.#tokens, this.#endUsers, this.#credentials].flatMap((one) => {
      const { seen } = one
      one.seen = new Map()
      const statements = this.#statementsOf(one.sql, seen)
      const giveBack = (): void => {
        one.seen = new Map([...seen, ...one.seen])
      }
      return statements.length > 0 ? [{ statements, giveBack }] : []
    })
  }

  #statementsOf(sql: string, seen: ReadonlyMap<string, Date>): BackgroundStatement[] {
    // In order of ids: two processes that update the same rows must take their locks alike.
    const entries = [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return entries.map(([id, at]) => {
      const time = this.isPostgres ? at.toISOString() : at.getTime()
      return { sql, parameters: [time, id, time] }
    })
  }
}

function kind(sql: string): Kind {
  return { sql, seen: new Map() }
}
