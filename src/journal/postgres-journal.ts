/** Journal on PostgreSQL: group commits, and transactions that lock the chain head of their organization. */
import type { EntityManager, MetadataStorage } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'

import { isUnavailable, toPublicError } from '../database/database-errors.js'
import { toPositional } from '../database/dialect.js'
import { withRollback, sendTransaction, type Pipeline, type Send } from '../database/pipeline.js'
import { toNamedStatement, type PostgresQueryRunner } from '../database/postgres-query-runner.js'
import { lockHeads } from '../database/queries/audit-heads.js'
import type { Row } from '../database/row-mapper.js'
import { AuditEvent } from '../entities/audit-event.js'
import { startTimer, type Clock } from '../lib/clock.js'
import type { CommitObserver } from '../observability/metrics.js'
import { linkEvent, type ChainHead } from './chain.js'
import { CredentialChangedError, isCurrent, type BackgroundStatement, type JournalEntry, type Journal } from './journal.js'
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
/** Advisory lock id of the deployment: the same in every process, and other than that of the migrations. */
const deploymentLock = 4_711_002
/** Skips after which an entry waits for its organization's lock, on the overflow connection. */
const maxSkips = 5

/**
 * One group per process is in flight while the next one fills. It takes two round trips: begin, heads and credential
 * versions; then rows, events, heads and commit. Groups and verbs lock the heads first, which serializes an organization.
 */
export class PostgresJournal implements Journal {
  readonly #queues = new Map<string, Promise<unknown>>()
  #pending: Pending[] = []
  #inFlight: Promise<void> | undefined

  constructor(
    private readonly reads: PostgresQueryRunner,
    private readonly writes: Pipeline,
    /** For entries whose organization stays locked, so that no other organization waits for the lock. */
    private readonly overflowConnection: Pipeline,
    private readonly metadata: MetadataStorage,
    private readonly clock: Clock,
    private readonly meter: CommitObserver,
  ) {}

  commit(entry: JournalEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ entry, skips: 0, resolve, reject })
      this.#startFlush()
    })
  }

  async writeBackground(statements: readonly BackgroundStatement[]): Promise<void> {
    const positional = statements.map(({ sql, parameters }) => ({ text: toPositional(sql), values: [...parameters] }))
    await this.overflowConnection.session((send) =>
      withRollback(send, () => sendTransaction(send, [{ text: 'begin' }, ...positional, { text: 'commit' }])),
    )
  }

  async transaction<T>(
    em: EntityManager,
    actor: Pick<JournalEntry, 'organizationId' | 'authVersion'>,
    work: (em: EntityManager) => Promise<[T, JournalEntry]>,
  ): Promise<T> {
    const { organizationId } = actor
    const run = (): Promise<T> => this.#transaction(em, actor, work)
    // Queue per organization: otherwise one tenant's verbs could hold the whole pool while they wait for one row lock.
    const result = (this.#queues.get(organizationId) ?? Promise.resolve()).then(run, run)
    const settled = result.catch(() => undefined).then(() => this.#inFlight)
    this.#queues.set(organizationId, settled)
    void settled.then(() => this.#queues.get(organizationId) === settled && this.#queues.delete(organizationId))
    return result
  }

  async exclusive<T>(em: EntityManager, work: (em: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await em.transactional(async (own) => {
        await (own as SqlEntityManager).execute('set local lock_timeout = 10000')
        await (own as SqlEntityManager).execute(`select pg_advisory_xact_lock(${deploymentLock})`)
        const result = await work(own)
        await own.flush()
        return result
      })
    } catch (error) {
      throw toPublicError(error)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#queues.values())
    while (this.#inFlight) await this.#inFlight
    await Promise.all([this.reads.close(), this.writes.close(), this.overflowConnection.close()])
  }

  async #transaction<T>(
    em: EntityManager,
    { organizationId, authVersion }: Pick<JournalEntry, 'organizationId' | 'authVersion'>,
    work: (em: EntityManager) => Promise<[T, JournalEntry]>,
  ): Promise<T> {
    try {
      return await em.transactional(async (own) => {
        const run = async (sql: string, parameters: unknown[]): Promise<Row[]> => (own as SqlEntityManager).execute(sql, parameters)
        await run('set local lock_timeout = 10000', [])
        const [head] = await run('select seq, hash from audit_head where organization_id = ? for update', [organizationId])
        if (authVersion && !isCurrent(authVersion, (await run(authVersion.query.sql, [authVersion.id]))[0], this.clock()))
          throw new CredentialChangedError()
        const [result, entry] = await work(own)
        await own.flush()
        for (const statement of buildInserts(this.metadata, entry.rows))
          await run(statement.text.replace('$1', '?'), statement.values ?? [])
        if (entry.event) {
          // A new organization has its head only after this change's rows were inserted.
          const current = head ?? (await run('select seq, hash from audit_head where organization_id = ? for update', [organizationId]))[0]
          const event = linkEvent(current as unknown as ChainHead, entry.event)
          for (const statement of buildInserts(this.metadata, [{ entity: AuditEvent, row: event }]))
            await run(statement.text.replace('$1', '?'), statement.values ?? [])
          await run('update audit_head set seq = ?, hash = ? where organization_id = ?', [event.seq, event.hash, organizationId])
        }
        return result
      })
    } catch (error) {
      throw toPublicError(error)
    }
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
      { text: 'set local lock_timeout = 10000' },
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
