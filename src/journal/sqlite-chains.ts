/** The chains of audit events on SQLite: their heads are kept in memory for as long as nobody else writes. */
import type { Database } from 'better-sqlite3'

import { AuditEvent } from '../entities/audit-event.js'
import { genesis, linkEvent, type EventDraft, type ChainHead } from './chain.js'
import type { SqliteInserts } from './sqlite-inserts.js'

/** Its maps are replaced and never cleared, for the reason that lib/bag.ts gives. */
export class SqliteChains {
  /** As this connection last wrote them; worthless as soon as another connection wrote. */
  #heads = new Map<string, ChainHead>()
  /** Those that have moved since they were last saved. */
  #moved = new Map<string, ChainHead>()
  #dataVersion: unknown
  readonly #read
  readonly #move

  constructor(
    private readonly writer: Database,
    private readonly inserts: SqliteInserts,
  ) {
    this.#read = writer.prepare('select seq, hash from audit_head where organization_id = ?')
    this.#move = writer.prepare('update audit_head set seq = ?, hash = ? where organization_id = ?')
  }

  append(organizationId: string, draft: EventDraft): void {
    const head = this.#heads.get(organizationId) ?? (this.#read.get(organizationId) as ChainHead | undefined)
    const event = linkEvent(head ?? genesis, draft)
    this.inserts.add({ entity: AuditEvent, row: event })
    this.#heads.set(organizationId, event)
    this.#moved.set(organizationId, event)
  }

  /** Before a commit: once for each chain, however much longer it has become. */
  save(): void {
    for (const [organizationId, { seq, hash }] of this.#moved) this.#move.run(seq, hash, organizationId)
    this.#moved = new Map()
  }

  /** After anything that may yet be rolled back. */
  forget(): void {
    this.#heads = new Map()
    this.#moved = new Map()
  }

  forgetIfAnotherWrote(): void {
    const version = this.writer.pragma('data_version', { simple: true })
    if (version !== this.#dataVersion) this.#heads = new Map()
    this.#dataVersion = version
  }
}
