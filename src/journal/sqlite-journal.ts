/** Journal on SQLite: group commits between the transactions of verbs, all on one connection. */
import type { EntityManager } from '@mikro-orm/core'
import type { Database, Statement } from 'better-sqlite3'

import type { CredentialSnapshot } from '../access/actor.js'
import { isUnavailable, toPublicError, unavailableError } from '../database/database-errors.js'
import type { Row } from '../database/row-mapper.js'
import type { SqliteQueryRunner } from '../database/sqlite-query-runner.js'
import { startTimer, type Clock } from '../lib/clock.js'
import type { CommitObserver } from '../observability/metrics.js'
import { CredentialChangedError, isCurrent, type BackgroundStatement, type JournalEntry, type Journal } from './journal.js'
import { SqliteChains } from './sqlite-chains.js'
import type { SqliteInserts } from './sqlite-inserts.js'
import { waitForGroup } from './wait-for-group.js'

/** An entry or background statements that wait for their group commit. */
interface Pending {
  readonly entry: JournalEntry | null
  readonly statements: readonly BackgroundStatement[]
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
  readonly #statements = new Map<string, Statement>()
  readonly #chains: SqliteChains
  #pending: Pending[] = []
  #isScheduled = false
  #isOpen = false
  #transactions: Promise<unknown> = Promise.resolve()

  constructor(
    /** MikroORM's own connection: a second writer would block the event loop until its lock timed out. */
    private readonly writer: Database,
    private readonly reads: SqliteQueryRunner,
    private readonly inserts: SqliteInserts,
    private readonly clock: Clock,
    private readonly meter: CommitObserver,
  ) {
    this.#chains = new SqliteChains(writer, inserts)
  }

  commit(entry: JournalEntry): Promise<void> {
    return this.#enqueue(entry, [])
  }

  writeBackground(statements: readonly BackgroundStatement[]): Promise<void> {
    return this.#enqueue(null, statements)
  }

  async transaction<T>(
    em: EntityManager,
    actor: Pick<JournalEntry, 'organizationId' | 'authVersion'>,
    work: (em: EntityManager) => Promise<[T, JournalEntry]>,
  ): Promise<T> {
    return this.exclusive(em, async (own) => {
      this.#assertCurrent(actor.authVersion)
      const [result, entry] = await work(own)
      await own.flush()
      this.#chains.clear()
      this.#append(entry)
      this.#chains.save()
      // The commit may still fail, so the heads must not stay cached.
      this.#chains.clear()
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
          this.#prepare('update audit_head set seq = seq where 0').run()
          const result = await work(own)
          await own.flush()
          return result
        })
      } catch (error) {
        this.#chains.clear()
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

  #enqueue(entry: JournalEntry | null, statements: readonly BackgroundStatement[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ entry, statements, resolve, reject })
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
    const errors = new Map<Pending, unknown>()
    const elapsed = startTimer()
    try {
      this.#writeGroup(group, errors, false)
    } catch (error) {
      this.#chains.clear()
      // Busy, full and I/O errors fail the whole group, without a retry. For any other error, one of the entries is invalid.
      if (!isUnavailable(error)) this.#retryEach(group, errors)
      else for (const pending of group) errors.set(pending, unavailableError(error))
    }
    this.meter(group.length, elapsed())
    for (const pending of group) {
      if (errors.has(pending)) pending.reject(errors.get(pending))
      else pending.resolve()
    }
    this.#schedule()
  }

  /** Writes the group again, each entry in its own savepoint, so that only invalid ones fail. */
  #retryEach(group: readonly Pending[], errors: Map<Pending, unknown>): void {
    errors.clear()
    try {
      this.#writeGroup(group, errors, true)
    } catch (error) {
      this.#chains.clear()
      for (const pending of group) errors.set(pending, toPublicError(error))
    }
  }

  /** Writes a group in one transaction. @param errors receives the error of each entry that was not written */
  #writeGroup(group: readonly Pending[], errors: Map<Pending, unknown>, useSavepoints: boolean): void {
    this.writer.exec('begin immediate')
    try {
      this.#chains.clearIfAnotherWrote()
      for (const pending of group) {
        if (useSavepoints) this.writer.exec('savepoint entry')
        try {
          this.#write(pending)
          if (useSavepoints) this.#chains.save()
        } catch (error) {
          if (useSavepoints) {
            this.writer.exec('rollback to entry')
            this.#chains.clear()
            // The credential is verified before the first write, so a changed one needs no rollback.
          } else if (!(error instanceof CredentialChangedError)) throw error
          errors.set(pending, error)
        }
        if (useSavepoints) this.writer.exec('release entry')
      }
      this.#chains.save()
      this.writer.exec('commit')
    } catch (error) {
      if (this.writer.inTransaction) this.writer.exec('rollback')
      throw error
    }
  }

  #write({ entry, statements }: Pending): void {
    if (entry) {
      this.#assertCurrent(entry.authVersion)
      this.#append(entry)
    }
    for (const { sql, parameters } of statements) this.#prepare(sql).run(...parameters)
  }

  #assertCurrent(authVersion: CredentialSnapshot | null): void {
    const row = authVersion && (this.#prepare(authVersion.query.sql).get(authVersion.id) as Row | undefined)
    if (authVersion && !isCurrent(authVersion, row ?? undefined, this.clock())) throw new CredentialChangedError()
  }

  #append({ rows, event, organizationId }: JournalEntry): void {
    for (const row of rows) this.inserts.add(row)
    if (event) this.#chains.append(organizationId, event)
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.writer.prepare(sql)))
    return statement
  }
}
