/** Collects last-used times in memory for the background writer. */
import { setApiKeyLastUsed, setEndUserLastSeen, setMcpCredentialLastUsed, setPersonalTokenLastUsed } from '../database/queries/last-used.js'
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
  readonly #keys: PendingTimes = pendingTimes(setApiKeyLastUsed)
  readonly #tokens: PendingTimes = pendingTimes(setPersonalTokenLastUsed)
  readonly #endUsers: PendingTimes = pendingTimes(setEndUserLastSeen)
  readonly #credentials: PendingTimes = pendingTimes(setMcpCredentialLastUsed)

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
      // Sorted by id: processes that lock the same rows in different orders would deadlock.
      const entries = [...drained].toSorted(([a], [b]) => (a < b ? -1 : 1))
      const statements = entries.map(([id, at]) => ({ sql: pending.sql, parameters: [at, id, at] }))
      const requeue = (): void => {
        pending.times = new Map([...drained, ...pending.times])
      }
      return statements.length > 0 ? [{ changes: { statements }, requeue }] : []
    })
  }
}
