/** Collects last-used times in memory for the background writer. */
import type { BackgroundStatement } from './journal.js'
import type { Batch, WriteBehindSource } from './write-behind.js'

const dayMs = 86_400_000

/** Pending times of one table, by row id. */
interface PendingTimes {
  readonly sql: string
  times: Map<string, Date>
}

const pendingTimes = (sql: string): PendingTimes => ({ sql, times: new Map() })

/** Write-behind source of last-used times. */
export class LastUsed implements WriteBehindSource {
  readonly name = 'times of last use'
  // The condition keeps the latest time when several processes write.
  readonly #keys: PendingTimes = pendingTimes(
    'update api_key set last_used_at = ? where id = ? and (last_used_at is null or last_used_at < ?)',
  )
  readonly #tokens: PendingTimes = pendingTimes(
    'update personal_token set last_used_on = ? where id = ? and (last_used_on is null or last_used_on < ?)',
  )
  readonly #endUsers: PendingTimes = pendingTimes('update end_user set last_seen_at = ? where id = ? and last_seen_at < ?')
  readonly #credentials: PendingTimes = pendingTimes(
    'update mcp_credential set last_used_at = ? where id = ? and (last_used_at is null or last_used_at < ?)',
  )

  constructor(private readonly isPostgres: boolean) {}

  touchApiKey(id: string, at: Date): void {
    this.#keys.times.set(id, at)
  }

  touchPersonalToken(id: string, at: Date): void {
    this.#tokens.times.set(id, new Date(Math.floor(at.getTime() / dayMs) * dayMs))
  }

  touchEndUser(id: string, at: Date): void {
    this.#endUsers.times.set(id, at)
  }

  touchMcpCredential(id: string, at: Date): void {
    this.#credentials.times.set(id, at)
  }

  get size(): number {
    return this.#keys.times.size + this.#tokens.times.size + this.#endUsers.times.size + this.#credentials.times.size
  }

  drain(): Batch[] {
    // One transaction per table: locks in several tables could deadlock with a verb.
    return [this.#keys, this.#tokens, this.#endUsers, this.#credentials].flatMap((pending) => {
      const drained = pending.times
      pending.times = new Map()
      const statements = this.#buildStatements(pending.sql, drained)
      const requeue = (): void => {
        pending.times = new Map([...drained, ...pending.times])
      }
      return statements.length > 0 ? [{ statements, requeue }] : []
    })
  }

  #buildStatements(sql: string, times: ReadonlyMap<string, Date>): BackgroundStatement[] {
    // Sorted by id: processes that lock the same rows in different orders would deadlock.
    const entries = [...times].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return entries.map(([id, at]) => {
      const time = this.isPostgres ? at.toISOString() : at.getTime()
      return { sql, parameters: [time, id, time] }
    })
  }
}
