/** Journal on PostgreSQL: group commits, and transactions that lock the chain head of their organization. */
import type { EntityManager, MetadataStorage } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'

import { toPublicError } from '../database/database-errors.js'
import { toPositional } from '../database/dialect.js'
import { withRollback, sendTransaction, type Pipeline } from '../database/pipeline.js'
import type { PostgresQueryRunner } from '../database/postgres-query-runner.js'
import { lockHead, updateHead } from '../database/queries/audit-heads.js'
import { limitLockWaits, takeDeploymentLock } from '../database/queries/locks.js'
import type { Row } from '../database/row-mapper.js'
import { AuditEvent } from '../entities/audit-event.js'
import type { Clock } from '../lib/clock.js'
import type { CommitObserver } from '../observability/metrics.js'
import { linkEvent, type ChainHead } from './chain.js'
import { CredentialChangedError, isCurrent, type AppendedRow, type BackgroundChanges, type JournalEntry, type Journal } from './journal.js'
import { PostgresGroupCommits } from './postgres-group-commits.js'
import { buildInserts } from './postgres-inserts.js'

/** Runs a statement in the transaction of `em`, with `?` for each parameter. */
const runIn =
  (em: EntityManager) =>
  (sql: string, parameters: readonly unknown[] = []): Promise<Row[]> =>
    (em as SqlEntityManager).execute(sql, [...parameters])

export class PostgresJournal implements Journal {
  readonly #queues = new Map<string, Promise<unknown>>()
  readonly #groups: PostgresGroupCommits

  constructor(
    private readonly reads: PostgresQueryRunner,
    private readonly writes: Pipeline,
    /** For entries whose organization stays locked, so that no other organization waits for the lock. */
    private readonly overflowConnection: Pipeline,
    private readonly metadata: MetadataStorage,
    private readonly clock: Clock,
    meter: CommitObserver,
  ) {
    this.#groups = new PostgresGroupCommits(writes, overflowConnection, metadata, clock, meter)
  }

  commit(entry: JournalEntry): Promise<void> {
    return this.#groups.commit(entry)
  }

  async writeBackground({ rows = [], statements = [] }: BackgroundChanges): Promise<void> {
    const inserts = buildInserts(this.metadata, rows)
    const positional = statements.map(({ sql, parameters }) => ({ text: toPositional(sql), values: [...parameters] }))
    await this.overflowConnection.session((send) =>
      withRollback(send, () => sendTransaction(send, [{ text: 'begin' }, ...inserts, ...positional, { text: 'commit' }])),
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
    const settled = result.catch(() => undefined).then(() => this.#groups.inFlight)
    this.#queues.set(organizationId, settled)
    void settled.then(() => this.#queues.get(organizationId) === settled && this.#queues.delete(organizationId))
    return result
  }

  async exclusive<T>(em: EntityManager, work: (em: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await em.transactional(async (own) => {
        const run = runIn(own)
        await run(limitLockWaits)
        await run(takeDeploymentLock)
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
    while (this.#groups.inFlight) await this.#groups.inFlight
    await Promise.all([this.reads.close(), this.writes.close(), this.overflowConnection.close()])
  }

  async #transaction<T>(
    em: EntityManager,
    { organizationId, authVersion }: Pick<JournalEntry, 'organizationId' | 'authVersion'>,
    work: (em: EntityManager) => Promise<[T, JournalEntry]>,
  ): Promise<T> {
    try {
      return await em.transactional(async (own) => {
        const run = runIn(own)
        await run(limitLockWaits)
        const [head] = await run(lockHead, [organizationId])
        if (authVersion) {
          const [row] = await run(authVersion.query.sql, [authVersion.id])
          if (!isCurrent(authVersion, row, this.clock())) throw new CredentialChangedError()
        }
        const [result, entry] = await work(own)
        await own.flush()
        const insert = async (rows: readonly AppendedRow[]): Promise<void> => {
          for (const { text, values } of buildInserts(this.metadata, rows)) await run(text.replace('$1', '?'), values)
        }
        await insert(entry.rows)
        if (entry.event) {
          // A new organization has its head only after this change's rows were inserted.
          const current = head ?? (await run(lockHead, [organizationId]))[0]
          if (!current) throw new Error('an organization has no chain of audit events')
          const event = linkEvent(current as unknown as ChainHead, entry.event)
          await insert([{ entity: AuditEvent, row: event }])
          await run(updateHead, [event.seq, event.hash, organizationId])
        }
        return result
      })
    } catch (error) {
      throw toPublicError(error)
    }
  }
}
