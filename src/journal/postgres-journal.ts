/**
 * The journal on PostgreSQL. One group is in flight per process while the next one gathers; it takes two round trips:
 * begin, heads and standing · rows, events, heads and commit. The head of an organization's chain is locked first, by
 * groups and by verbs alike, so that changes of one organization are serial in every process.
 */
import type { EntityManager, MetadataStorage } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'

import { isUnavailable, toPublicError } from '../database/database-errors.js'
import { toPositional } from '../database/dialect.js'
import { withRollback, sendTransaction, type Pipeline, type Send } from '../database/pipeline.js'
import { toNamedStatement, type PostgresReads } from '../database/postgres-query-runner.js'
import { lockHeads } from '../database/queries/audit-heads.js'
import type { Row } from '../database/row-mapper.js'
import { AuditEvent } from '../entities/audit-event.js'
import { startTimer, type Clock } from '../lib/clock.js'
import type { GroupMeter } from '../observability/metrics.js'
import { linkEvent, type ChainHead } from './chain.js'
import { CredentialChangedError, isCurrent, type BackgroundStatement, type JournalEntry, type Journal } from './journal.js'
import { buildEventInserts, buildInserts } from './postgres-inserts.js'

interface Pending {
  readonly entry: JournalEntry
  /** How often its organization was busy. */
  skips: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const maxGroupSize = 200
/** Any number will do that is not the migrations', as long as every process takes the same. */
const deploymentLock = 4_711_002
/** After so many groups that found its organization busy an entry waits in line for it, on the side. */
const patience = 5

export class PostgresJournal implements Journal {
  readonly #verbs = new Map<string, Promise<unknown>>()
  #waiting: Pending[] = []
  #flight: Promise<void> | undefined

  constructor(
    private readonly reads: PostgresReads,
    private readonly writes: Pipeline,
    /** For entries whose organization stays busy, so that nobody else waits for it. */
    private readonly overflowConnection: Pipeline,
    private readonly metadata: MetadataStorage,
    private readonly clock: Clock,
    private readonly meter: GroupMeter,
  ) {}

  commit(entry: JournalEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, skips: 0, resolve, reject })
      this.#fly()
    })
  }

  async writeBackground(statements: readonly BackgroundStatement[]): Promise<void> {
    const texts = statements.map(({ sql, parameters }) => ({ text: toPositional(sql), values: [...parameters] }))
    await this.overflowConnection.session((send) =>
      withRollback(send, () => sendTransaction(send, [{ text: 'begin' }, ...texts, { text: 'commit' }])),
    )
  }

  async transaction<T>(
    em: EntityManager,
    caller: Pick<JournalEntry, 'organizationId' | 'authVersion'>,
    work: (em: EntityManager) => Promise<[T, JournalEntry]>,
  ): Promise<T> {
    const { organizationId } = caller
    const run = (): Promise<T> => this.#transaction(em, caller, work)
    // Queued here first: otherwise the verbs of one tenant would hold every connection of the pool while they wait for one row.
    const result = (this.#verbs.get(organizationId) ?? Promise.resolve()).then(run, run)
    const settled = result.catch(() => undefined).then(() => this.#flight)
    this.#verbs.set(organizationId, settled)
    void settled.then(() => this.#verbs.get(organizationId) === settled && this.#verbs.delete(organizationId))
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
    await Promise.all(this.#verbs.values())
    while (this.#flight) await this.#flight
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
          // An organization that this very change made has its head by now.
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

  #fly(): void {
    this.#flight ??= this.#groups().finally(() => {
      this.#flight = undefined
      if (this.#waiting.length > 0) this.#fly()
    })
  }

  async #groups(): Promise<void> {
    // Whatever arrives in this turn of the loop shares the group.
    await new Promise(setImmediate)
    const group = this.#waiting.splice(0, maxGroupSize)
    const elapsed = startTimer()
    const busy = await this.#commitGroup(this.writes, group, 'skip locked')
    this.meter(group.length, elapsed())
    const patient = busy.filter((one) => ++one.skips < patience)
    const stuck = busy.filter((one) => one.skips >= patience)
    for (const connection of Map.groupBy(stuck, (one) => one.entry.organizationId).values()) {
      void this.#wait(connection)
    }
    this.#waiting.unshift(...patient)
    if (patient.length > 0) await new Promise((resolve) => setTimeout(resolve, 2))
  }

  /** In line for a busy organization. What is left then has no head to wait for. */
  async #wait(line: readonly Pending[]): Promise<void> {
    for (const one of await this.#commitGroup(this.overflowConnection, line, ''))
      one.reject(new Error('an organization has no chain of audit events'))
  }

  /** Settles every entry but those whose organization is busy, which it returns. */
  async #commitGroup(line: Pipeline, group: readonly Pending[], wait: 'skip locked' | ''): Promise<Pending[]> {
    try {
      const { busy, refused } = await line.session((send) => withRollback(send, () => this.#writeGroup(send, group, wait)))
      for (const one of group) {
        if (refused.has(one)) one.reject(new CredentialChangedError())
        else if (!busy.includes(one)) one.resolve()
      }
      return busy
    } catch (error) {
      // Whatever is not about the database is about one of the entries, and the others must not suffer for it.
      if (!isUnavailable(error) && group.length > 1) {
        const left: Pending[] = []
        for (const one of group) left.push(...(await this.#commitGroup(line, [one], wait)))
        return left
      }
      for (const one of group) one.reject(toPublicError(error))
      return []
    }
  }

  async #writeGroup(send: Send, group: readonly Pending[], wait: string): Promise<{ busy: Pending[]; refused: Set<Pending> }> {
    const organizations = [...new Set(group.map(({ entry }) => entry.organizationId))]
    const asking = group.filter(({ entry }) => entry.authVersion)
    const [, , locked, ...standings] = await send([
      { text: 'begin' },
      { text: 'set local lock_timeout = 10000' },
      lockHeads(organizations, wait),
      ...asking.map(({ entry }) => toNamedStatement(entry.authVersion!.query, [entry.authVersion!.id])),
    ])
    const heads = new Map<string, ChainHead>(
      locked!.rows.map((row: Row) => [row['organization_id'] as string, row as unknown as ChainHead]),
    )
    const busy = group.filter(({ entry }) => !heads.has(entry.organizationId))
    const refused = new Set(
      asking.filter(({ entry }, i) => !isCurrent(entry.authVersion!, standings[i]?.rows[0] as Row | undefined, this.clock())),
    )
    const admitted = group.filter((one) => heads.has(one.entry.organizationId) && !refused.has(one))
    const events = admitted.flatMap(({ entry }) => {
      if (!entry.event) return []
      const event = linkEvent(heads.get(entry.organizationId)!, entry.event)
      heads.set(entry.organizationId, event)
      return [event]
    })
    await sendTransaction(send, [
      ...buildInserts(
        this.metadata,
        admitted.flatMap(({ entry }) => entry.rows),
      ),
      ...buildEventInserts(this.metadata, events, heads),
      { text: 'commit' },
    ])
    return { busy, refused: new Set([...refused].filter((one) => !busy.includes(one))) }
  }
}
