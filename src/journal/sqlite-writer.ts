/** Writes the entries of the SQLite journal: groups in a transaction of their own, or one entry in the transaction of a verb. */
import type { Database, Statement } from 'better-sqlite3'

import type { CredentialSnapshot } from '../access/actor.js'
import { toSqliteParameter } from '../database/dialect.js'
import { takeWriteLock } from '../database/queries/audit-heads.js'
import type { Row } from '../database/row-mapper.js'
import type { Clock } from '../lib/clock.js'
import { CredentialChangedError, isCurrent, type BackgroundChanges, type JournalEntry } from './journal.js'
import { SqliteChains } from './sqlite-chains.js'
import type { SqliteInserts } from './sqlite-inserts.js'

/** An entry or background changes. */
export interface Write {
  readonly entry: JournalEntry | null
  readonly changes: BackgroundChanges
}

/** Errors of the writes that were not written. */
export type WriteErrors<W extends Write> = Map<W, unknown>

export class SqliteWriter {
  readonly #statements = new Map<string, Statement>()
  readonly #chains: SqliteChains

  constructor(
    private readonly writer: Database,
    private readonly inserts: SqliteInserts,
    private readonly clock: Clock,
  ) {
    this.#chains = new SqliteChains(writer, inserts)
  }

  /** Takes the write lock in the transaction that MikroORM has begun. */
  lock(): void {
    this.#prepare(takeWriteLock).run()
  }

  /** @throws CredentialChangedError */
  assertCurrent(authVersion: CredentialSnapshot | null): void {
    const row = authVersion && (this.#prepare(authVersion.query.sql).get(authVersion.id) as Row | undefined)
    if (authVersion && !isCurrent(authVersion, row ?? undefined, this.clock())) throw new CredentialChangedError()
  }

  /** Writes an entry in the transaction that MikroORM has begun. */
  append(entry: JournalEntry): void {
    this.#chains.clear()
    this.#append(entry)
    this.#chains.save()
    // The commit may still fail, so the heads must not stay cached.
    this.#chains.clear()
  }

  /** Clears what a rollback made wrong. */
  clearCache(): void {
    this.#chains.clear()
  }

  /** Writes a group in one transaction. With savepoints, an invalid write does not fail the others. */
  writeGroup<W extends Write>(group: readonly W[], useSavepoints: boolean): WriteErrors<W> {
    const errors: WriteErrors<W> = new Map()
    this.writer.exec('begin immediate')
    try {
      this.#chains.clearIfAnotherWrote()
      for (const write of group) {
        if (useSavepoints) this.writer.exec('savepoint entry')
        try {
          this.#write(write)
          if (useSavepoints) this.#chains.save()
        } catch (error) {
          if (useSavepoints) {
            this.writer.exec('rollback to entry')
            this.#chains.clear()
            // The credential is verified before the first write, so a changed one needs no rollback.
          } else if (!(error instanceof CredentialChangedError)) throw error
          errors.set(write, error)
        }
        if (useSavepoints) this.writer.exec('release entry')
      }
      this.#chains.save()
      this.writer.exec('commit')
    } catch (error) {
      if (this.writer.inTransaction) this.writer.exec('rollback')
      this.#chains.clear()
      throw error
    }
    return errors
  }

  #write({ entry, changes: { rows = [], statements = [] } }: Write): void {
    if (entry) {
      this.assertCurrent(entry.authVersion)
      this.#append(entry)
    }
    for (const row of rows) this.inserts.add(row)
    for (const { sql, parameters } of statements) this.#prepare(sql).run(...parameters.map(toSqliteParameter))
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
