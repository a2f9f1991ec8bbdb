/**
 * The journal on SQLite. Entries that come together share a transaction, and each promise resolves after its fsync.
 * The group is one synchronous function, so nothing can come between; it only must not start while a verb's transaction is open.
 */
import type { EntityManager } from '@mikro-orm/core'
import type { Database, Statement } from 'better-sqlite3'

import type { CredentialSnapshot } from '../access/actor.js'
import { isUnavailable, toPublicError, unavailable } from '../database/database-errors.js'
import type { Row } from '../database/row-mapper.js'
import type { SqliteReads } from '../database/sqlite-query-runner.js'
import { startTimer, type Clock } from '../lib/clock.js'
import type { GroupMeter } from '../observability/metrics.js'
import { CredentialChangedError, isCurrent, type BackgroundStatement, type JournalEntry, type Journal } from './journal.js'
import { SqliteChains } from './sqlite-chains.js'
import type { SqliteInserts } from './sqlite-inserts.js'
import { waitForGroup } from './wait-for-group.js'

interface Pending {
  readonly entry: JournalEntry | null
  readonly statements: readonly BackgroundStatement[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Longest group: 14 µs an entry block the loop for 3 ms. */
const maxGroupSize = 200

export class SqliteJournal implements Journal {
  readonly #statements = new Map<string, Statement>()
  readonly #chains: SqliteChains
  #waiting: Pending[] = []
  #isScheduled = false
  #isOpen = false
  #verbs: Promise<unknown> = Promise.resolve()

  constructor(
    /** The connection that MikroORM writes with: a second one would freeze the loop until its lock times out. */
    private readonly writer: Database,
    private readonly reads: SqliteReads,
    private readonly inserts: SqliteInserts,
    private readonly clock: Clock,
    private readonly meter: GroupMeter,
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
    caller: Pick<JournalEntry, 'organizationId' | 'authVersion'>,
    work: (em: EntityManager) => Promise<[T, JournalEntry]>,
  ): Promise<T> {
    return this.exclusive(em, async (own) => {
      this.#assertCurrent(caller.authVersion)
      const [result, entry] = await work(own)
      await own.flush()
      this.#chains.forget()
      this.#append(entry)
      this.#chains.save()
      // The commit may still fail, so nothing of this is remembered.
      this.#chains.forget()
      return result
    })
  }

  async exclusive<T>(em: EntityManager, work: (em: EntityManager) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      // What waits for more would otherwise wait for the verb.
      this.#flush()
      this.#isOpen = true
      try {
        return await em.transactional(async (own) => {
          // MikroORM begins deferred: take the write lock before the first read, or a second process' write is a snapshot conflict.
          this.#prepare('update audit_head set seq = seq where 0').run()
          const result = await work(own)
          await own.flush()
          return result
        })
      } catch (error) {
        this.#chains.forget()
        throw toPublicError(error)
      } finally {
        this.#isOpen = false
        this.#flush()
        // MikroORM on SQLite lives in microtasks: without a turn of the loop a queue of verbs starves all sockets.
        await new Promise(setImmediate)
      }
    }
    const result = this.#verbs.then(run)
    this.#verbs = result.catch(() => undefined)
    return result
  }

  async close(): Promise<void> {
    await this.#verbs
    while (this.#waiting.length > 0) this.#flush()
    this.reads.close()
  }

  #enqueue(entry: JournalEntry | null, statements: readonly BackgroundStatement[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, statements, resolve, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isOpen || this.#waiting.length === 0) return
    this.#isScheduled = true
    const done = (): void => {
      this.#isScheduled = false
      this.#flush()
    }
    waitForGroup(() => this.#waiting.length, maxGroupSize, done)
  }

  #flush(): void {
    if (this.#isOpen || this.#waiting.length === 0) return
    const group = this.#waiting.splice(0, maxGroupSize)
    const refusals = new Map<Pending, unknown>()
    const elapsed = startTimer()
    try {
      this.#writeGroup(group, refusals, false)
    } catch (error) {
      this.#chains.forget()
      // Busy, full, I/O fail all, and are not tried again. Whatever else it is, one of the entries is the culprit.
      if (!isUnavailable(error)) this.#retryEach(group, refusals)
      else for (const one of group) refusals.set(one, unavailable(error))
    }
    this.meter(group.length, elapsed())
    for (const one of group) {
      if (refusals.has(one)) one.reject(refusals.get(one))
      else one.resolve()
    }
    this.#schedule()
  }

  #retryEach(group: readonly Pending[], refusals: Map<Pending, unknown>): void {
    refusals.clear()
    try {
      this.#writeGroup(group, refusals, true)
    } catch (error) {
      this.#chains.forget()
      for (const one of group) refusals.set(one, toPublicError(error))
    }
  }

  #writeGroup(group: readonly Pending[], refusals: Map<Pending, unknown>, isEachAlone: boolean): void {
    this.writer.exec('begin immediate')
    try {
      this.#chains.forgetIfAnotherWrote()
      for (const one of group) {
        if (isEachAlone) this.writer.exec('savepoint entry')
        try {
          this.#write(one)
          if (isEachAlone) this.#chains.save()
        } catch (error) {
          if (isEachAlone) {
            this.writer.exec('rollback to entry')
            this.#chains.forget()
            // Nothing was written before the standing was asked.
          } else if (!(error instanceof CredentialChangedError)) throw error
          refusals.set(one, error)
        }
        if (isEachAlone) this.writer.exec('release entry')
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
