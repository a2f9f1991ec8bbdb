/** Journal on SQLite: group commits between the transactions of verbs, all on one connection. */
import type { EntityManager } from '@mikro-orm/core'

import { isUnavailable, toPublicError } from '../database/database-errors.js'
import type { SqliteQueryRunner } from '../database/sqlite-query-runner.js'
import { startTimer } from '../lib/clock.js'
import type { CommitObserver } from '../observability/metrics.js'
import type { BackgroundChanges, JournalEntry, Journal } from './journal.js'
import type { SqliteWriter, Write, WriteErrors } from './sqlite-writer.js'
import { waitForGroup } from './wait-for-group.js'

/** A write that waits for its group commit. */
interface Pending extends Write {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Maximum entries of a group commit: at 14 µs each, they block the event loop for 3 ms. */
const maxGroupSize = 200

/**
 * Entries that arrive together share a transaction; each promise resolves after the fsync. A group is written
 * synchronously, so nothing can interleave. It must not start while a verb's transaction is open.
 */
export class SqliteJournal implements Journal {
  #pending: Pending[] = []
  #isScheduled = false
  #isOpen = false
  #transactions: Promise<unknown> = Promise.resolve()

  constructor(
    /** Over MikroORM's own connection: a second one would block the event loop until its lock timed out. */
    private readonly writer: SqliteWriter,
    private readonly reads: SqliteQueryRunner,
    private readonly meter: CommitObserver,
  ) {}

  commit(entry: JournalEntry): Promise<void> {
    return this.#enqueue(entry, {})
  }

  writeBackground(changes: BackgroundChanges): Promise<void> {
    return this.#enqueue(null, changes)
  }

  async transaction<T>(
    em: EntityManager,
    actor: Pick<JournalEntry, 'organizationId' | 'authVersion'>,
    work: (em: EntityManager) => Promise<[T, JournalEntry]>,
  ): Promise<T> {
    return this.exclusive(em, async (own) => {
      this.writer.assertCurrent(actor.authVersion)
      const [result, entry] = await work(own)
      await own.flush()
      this.writer.append(entry)
      return result
    })
  }

  async exclusive<T>(em: EntityManager, work: (em: EntityManager) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      // Otherwise pending entries would wait until the verb ends.
      this.#flush()
      this.#isOpen = true
      try {
        return await em.transactional(async (own) => {
          // MikroORM begins deferred. Take the write lock before the first read: a write of another process in between would fail
          // this transaction with a snapshot conflict.
          this.writer.lock()
          const result = await work(own)
          await own.flush()
          return result
        })
      } catch (error) {
        this.writer.clearCache()
        throw toPublicError(error)
      } finally {
        this.#isOpen = false
        this.#flush()
        // MikroORM on SQLite runs in microtasks: without yielding to the event loop, queued verbs would starve all sockets.
        await new Promise(setImmediate)
      }
    }
    const result = this.#transactions.then(run)
    this.#transactions = result.catch(() => undefined)
    return result
  }

  async close(): Promise<void> {
    await this.#transactions
    while (this.#pending.length > 0) this.#flush()
    this.reads.close()
  }

  #enqueue(entry: JournalEntry | null, changes: BackgroundChanges): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ entry, changes, resolve, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isOpen || this.#pending.length === 0) return
    this.#isScheduled = true
    const done = (): void => {
      this.#isScheduled = false
      this.#flush()
    }
    waitForGroup(() => this.#pending.length, maxGroupSize, done)
  }

  #flush(): void {
    if (this.#isOpen || this.#pending.length === 0) return
    const group = this.#pending.splice(0, maxGroupSize)
    const elapsed = startTimer()
    const errors = this.#writeGroup(group)
    this.meter(group.length, elapsed())
    for (const pending of group) {
      if (errors.has(pending)) pending.reject(errors.get(pending))
      else pending.resolve()
    }
    this.#schedule()
  }

  #writeGroup(group: readonly Pending[]): WriteErrors<Pending> {
    const failAll = (error: unknown): WriteErrors<Pending> => new Map(group.map((pending) => [pending, toPublicError(error)]))
    try {
      return this.writer.writeGroup(group, false)
    } catch (error) {
      // Busy, full and I/O errors fail the whole group, without a retry.
      if (isUnavailable(error)) return failAll(error)
    }
    // For any other error, one of the entries is invalid: write each in its own savepoint.
    try {
      return this.writer.writeGroup(group, true)
    } catch (error) {
      return failAll(error)
    }
  }
}
