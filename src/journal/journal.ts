/** Journal interface: commits rows together with audit events, in one chain per organization. */
import type { EntityManager } from '@mikro-orm/core'

import type { CredentialSnapshot } from '../access/actor.js'
import type { OnConflict } from '../database/queries/inserts.js'
import type { Parameter } from '../database/query-runner.js'
import type { Row } from '../database/row-mapper.js'
import type { EventDraft } from './chain.js'

/** An entity class and a row of it with every column. */
export interface AppendedRow {
  readonly entity: new () => object
  readonly row: object
  /** By default, a row whose key exists fails the entry. */
  readonly onConflict?: OnConflict | undefined
}

/** One change: its rows and audit event, committed together. */
export interface JournalEntry {
  readonly organizationId: string
  readonly rows: readonly AppendedRow[]
  /** Null: the change is not audited. */
  readonly event: EventDraft | null
  /** Credential version, verified under the organization's lock; null: not verified. */
  readonly authVersion: CredentialSnapshot | null
}

/** The actor's credential changed after authentication. Nothing was written. */
export class CredentialChangedError extends Error {
  override readonly name = 'CredentialChangedError'
}

/** Whether the credential is unchanged and unexpired, by its row read under the lock. */
export const isCurrent = (snapshot: CredentialSnapshot, row: Row | undefined, now: Date): boolean =>
  row?.['standing'] === snapshot.version && !(snapshot.expiresAt && snapshot.expiresAt <= now)

/** A write-behind statement, with `?` for each parameter. */
export interface BackgroundStatement {
  readonly sql: string
  readonly parameters: readonly Parameter[]
}

/** Write-behind changes without audit event; a crash may lose the last second of them. */
export interface BackgroundChanges {
  readonly rows?: readonly AppendedRow[]
  readonly statements?: readonly BackgroundStatement[]
}

/** Commits changes durably. Changes of one organization are serial. */
export interface Journal {
  /** Commits an entry, grouped with others that arrive meanwhile. Resolves when it is on disk. @throws CredentialChangedError */
  commit(entry: JournalEntry): Promise<void>
  /**
   * Runs `work` in its own transaction, serial with every other change of the organization, and commits its entry.
   * `work` must do no network I/O, which would hold the lock. @throws CredentialChangedError before `work` starts
   */
  transaction<T>(
    em: EntityManager,
    actor: { organizationId: string; authVersion: CredentialSnapshot | null },
    work: (em: EntityManager) => Promise<[T, JournalEntry]>,
  ): Promise<T>
  /**
   * Runs `work` in its own transaction, one at a time across all processes: for data of the deployment, which belongs to
   * no tenant and has no audit events.
   */
  exclusive<T>(em: EntityManager, work: (em: EntityManager) => Promise<T>): Promise<T>
  /** Writes the changes in one transaction. */
  writeBackground(changes: BackgroundChanges): Promise<void>
  /** Resolves when every accepted entry is on disk. */
  close(): Promise<void>
}
