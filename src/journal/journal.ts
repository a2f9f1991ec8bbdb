/** What makes a change durable, whatever the database: rows and audit events, committed together, chained per organization. */
import type { EntityManager } from '@mikro-orm/core'

import type { CredentialSnapshot } from '../access/actor.js'
import type { Row } from '../database/row-mapper.js'
import type { EventDraft } from './chain.js'

/** A class of the entities, and a row of it that names every column. */
export interface AppendedRow {
  readonly entity: new () => object
  readonly row: object
  /** Keep the row that is there, if there is one. */
  readonly isIfAbsent?: boolean
}

export interface JournalEntry {
  readonly organizationId: string
  readonly rows: readonly AppendedRow[]
  readonly event: EventDraft | null
  /** Asked again under the organization's lock; null: not asked. */
  readonly authVersion: CredentialSnapshot | null
}

/** The caller is no longer who it was when the request began. Nothing was written. */
export class CredentialChangedError extends Error {
  override readonly name = 'CredentialChangedError'
}

/** Whether the caller is who it was, by the row that was read under the lock. */
export const isCurrent = (snapshot: CredentialSnapshot, row: Row | undefined, now: Date): boolean =>
  row?.['standing'] === snapshot.version && !(snapshot.expiresAt && snapshot.expiresAt <= now)

/** A statement that needs no event: write-behind of what may be lost by a second. */
export interface BackgroundStatement {
  readonly sql: string
  readonly parameters: readonly (string | number | null)[]
}

export interface Journal {
  /** Resolves when the entry is on disk, together with whatever else arrived in the meantime. @throws CredentialChangedError */
  commit(entry: JournalEntry): Promise<void>
  /**
   * Runs `work` in a transaction of its own, serial with every other change of the organization, and appends its entry.
   * Never any network I/O inside. @throws CredentialChangedError before `work` has begun.
   */
  transaction<T>(
    em: EntityManager,
    caller: { organizationId: string; authVersion: CredentialSnapshot | null },
    work: (em: EntityManager) => Promise<[T, JournalEntry]>,
  ): Promise<T>
  /**
   * Runs `work` in a transaction of its own, one at a time among all processes: for what belongs to the deployment and
   * to no tenant, so that no audit event records it.
   */
  exclusive<T>(em: EntityManager, work: (em: EntityManager) => Promise<T>): Promise<T>
  /** All of them in one transaction. */
  writeBackground(statements: readonly BackgroundStatement[]): Promise<void>
  /** Ends after everything that was accepted is on disk. */
  close(): Promise<void>
}
