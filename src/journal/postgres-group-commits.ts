/** Group commits on PostgreSQL: entries that arrive together share a transaction. */
import type { MetadataStorage } from '@mikro-orm/core'

import { isUnavailable, toPublicError } from '../database/database-errors.js'
import { withRollback, sendTransaction, type Pipeline, type Send } from '../database/pipeline.js'
import { toNamedStatement } from '../database/postgres-query-runner.js'
import { lockHeads } from '../database/queries/audit-heads.js'
import { limitLockWaits } from '../database/queries/locks.js'
import type { Row } from '../database/row-mapper.js'
import { startTimer, type Clock } from '../lib/clock.js'
import type { CommitObserver } from '../observability/metrics.js'
import { linkEvent, type ChainHead } from './chain.js'
import { CredentialChangedError, isCurrent, type JournalEntry } from './journal.js'
import { buildEventInserts, buildInserts } from './postgres-inserts.js'

interface Pending {
  readonly entry: JournalEntry
  /** Groups that skipped it because its organization was locked. */
  skips: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Maximum entries of a group commit. */
const maxGroupSize = 200
/** Skips after which an entry waits for its organization's lock, on the overflow connection. */
const maxSkips = 5

/**
 * One group per process is in flight while the next one fills. It takes two round trips: begin, heads and credential
 * versions; then rows, events, heads and commit. Groups and verbs lock the heads first, which serializes an organization.
 */
export class PostgresGroupCommits {
  #pending: Pending[] = []
  #inFlight: Promise<void> | undefined

  constructor(
    private readonly writes: Pipeline,
    /** For entries whose organization stays locked, so that no other organization waits for the lock. */
    private readonly overflowConnection: Pipeline,
    private readonly metadata: MetadataStorage,
    private readonly clock: Clock,
    private readonly meter: CommitObserver,
  ) {}

  /** Resolves after the group in flight. Undefined: every entry is settled. */
  get inFlight(): Promise<void> | undefined {
    return this.#inFlight
  }

  commit(entry: JournalEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ entry, skips: 0, resolve, reject })
      this.#startFlush()
    })
  }

  #startFlush(): void {
    this.#inFlight ??= this.#flushGroup().finally(() => {
      this.#inFlight = undefined
      if (this.#pending.length > 0) this.#startFlush()
    })
  }

  async #flushGroup(): Promise<void> {
    // Entries of this event loop turn share the group.
    await new Promise(setImmediate)
    const group = this.#pending.splice(0, maxGroupSize)
    const elapsed = startTimer()
    const busy = await this.#commitGroup(this.writes, group, 'skip locked')
    this.meter(group.length, elapsed())
    const retryable = busy.filter((pending) => ++pending.skips < maxSkips)
    const starved = busy.filter((pending) => pending.skips >= maxSkips)
    for (const ofOrganization of Map.groupBy(starved, (pending) => pending.entry.organizationId).values()) {
      void this.#commitStarved(ofOrganization)
    }
    this.#pending.unshift(...retryable)
    if (retryable.length > 0) await new Promise((resolve) => setTimeout(resolve, 2))
  }

  /** Waits for the organization's lock. An entry that is still not committed then has no chain head. */
  async #commitStarved(group: readonly Pending[]): Promise<void> {
    for (const pending of await this.#commitGroup(this.overflowConnection, group, ''))
      pending.reject(new Error('an organization has no chain of audit events'))
  }

  /** Settles every entry except those whose organization is locked, which it returns. */
  async #commitGroup(connection: Pipeline, group: readonly Pending[], lockOption: 'skip locked' | ''): Promise<Pending[]> {
    try {
      const { busy, refused } = await connection.session((send) => withRollback(send, () => this.#writeGroup(send, group, lockOption)))
      for (const pending of group) {
        if (refused.has(pending)) pending.reject(new CredentialChangedError())
        else if (!busy.includes(pending)) pending.resolve()
      }
      return busy
    } catch (error) {
      // The database is available, so one of the entries is invalid: commit each alone, so that the others succeed.
      if (!isUnavailable(error) && group.length > 1) {
        const stillBusy: Pending[] = []
        for (const pending of group) stillBusy.push(...(await this.#commitGroup(connection, [pending], lockOption)))
        return stillBusy
      }
      for (const pending of group) pending.reject(toPublicError(error))
      return []
    }
  }

  /** Writes a group: `busy` entries were skipped, and `refused` ones have a changed credential. */
  async #writeGroup(send: Send, group: readonly Pending[], lockOption: string): Promise<{ busy: Pending[]; refused: Set<Pending> }> {
    const organizations = [...new Set(group.map(({ entry }) => entry.organizationId))]
    const withCredential = group.filter(({ entry }) => entry.authVersion)
    const [, , lockedHeads, ...versions] = await send([
      { text: 'begin' },
      { text: limitLockWaits },
      lockHeads(organizations, lockOption),
      ...withCredential.map(({ entry }) => toNamedStatement(entry.authVersion!.query, [entry.authVersion!.id])),
    ])
    const heads = new Map<string, ChainHead>(
      lockedHeads!.rows.map((row: Row) => [row['organization_id'] as string, row as unknown as ChainHead]),
    )
    const busy = group.filter(({ entry }) => !heads.has(entry.organizationId))
    const refused = new Set(
      withCredential.filter(({ entry }, i) => !isCurrent(entry.authVersion!, versions[i]?.rows[0] as Row | undefined, this.clock())),
    )
    const accepted = group.filter((pending) => heads.has(pending.entry.organizationId) && !refused.has(pending))
    const events = accepted.flatMap(({ entry }) => {
      if (!entry.event) return []
      const event = linkEvent(heads.get(entry.organizationId)!, entry.event)
      heads.set(entry.organizationId, event)
      return [event]
    })
    await sendTransaction(send, [
      ...buildInserts(
        this.metadata,
        accepted.flatMap(({ entry }) => entry.rows),
      ),
      ...buildEventInserts(this.metadata, events, heads),
      { text: 'commit' },
    ])
    return { busy, refused: new Set([...refused].filter((pending) => !busy.includes(pending))) }
  }
}
