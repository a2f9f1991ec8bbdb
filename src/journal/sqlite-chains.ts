/** Audit event chains on SQLite, with heads cached in memory until another connection writes. */
import type { Database } from 'better-sqlite3'

import { selectHead, updateHead } from '../database/queries/audit-heads.js'
import { AuditEvent } from '../entities/audit-event.js'
import { linkEvent, type EventDraft, type ChainHead } from './chain.js'
import type { SqliteInserts } from './sqlite-inserts.js'

/** Maps are replaced instead of cleared, for the reason given in lib/registry.ts. */
export class SqliteChains {
  /** Heads that this connection wrote last; stale after a write of another connection. */
  #heads = new Map<string, ChainHead>()
  /** Heads that changed since the last save. */
  #unsaved = new Map<string, ChainHead>()
  #dataVersion: unknown
  readonly #select
  readonly #update

  constructor(
    private readonly writer: Database,
    private readonly inserts: SqliteInserts,
  ) {
    this.#select = writer.prepare(selectHead)
    this.#update = writer.prepare(updateHead)
  }

  /** Inserts an event at the end of its chain. */
  append(organizationId: string, draft: EventDraft): void {
    const head = this.#heads.get(organizationId) ?? (this.#select.get(organizationId) as ChainHead | undefined)
    // The organization was deleted. A new chain would have no owner.
    if (!head) throw new Error('an organization has no chain of audit events')
    const event = linkEvent(head, draft)
    this.inserts.add({ entity: AuditEvent, row: event })
    this.#heads.set(organizationId, event)
    this.#unsaved.set(organizationId, event)
  }

  /** Writes each changed head once. Call it before the commit. */
  save(): void {
    for (const [organizationId, { seq, hash }] of this.#unsaved) this.#update.run(seq, hash, organizationId)
    this.#unsaved = new Map()
  }

  /** Clears the cache, whose heads a rollback would make wrong. */
  clear(): void {
    this.#heads = new Map()
    this.#unsaved = new Map()
  }

  /** Clears the cache if another connection has written since the last call. */
  clearIfAnotherWrote(): void {
    const version = this.writer.pragma('data_version', { simple: true })
    if (version !== this.#dataVersion) this.#heads = new Map()
    this.#dataVersion = version
  }
}
