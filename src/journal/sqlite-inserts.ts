/** Inserts rows on SQLite with prepared statements. */
import type { MetadataStorage } from '@mikro-orm/core'
import type { Database, Statement } from 'better-sqlite3'

import { insertRow, type OnConflict } from '../database/queries/inserts.js'
import { describeTable, toSqliteValue, type Table } from '../database/row-mapper.js'
import type { AppendedRow } from './journal.js'

interface Insert {
  readonly table: Table
  /** By conflict clause. */
  readonly statements: Map<OnConflict | undefined, Statement>
}

/** Prepared insert statements by entity. */
export class SqliteInserts {
  readonly #inserts = new Map<AppendedRow['entity'], Insert>()

  constructor(
    private readonly writer: Database,
    private readonly metadata: MetadataStorage,
  ) {}

  add({ entity, row, onConflict }: AppendedRow): void {
    const insert = this.#inserts.get(entity) ?? this.#describe(entity)
    const statement = insert.statements.get(onConflict) ?? this.#prepare(insert, onConflict)
    statement.run(insert.table.columns.map((column) => toSqliteValue(row, column)))
  }

  #describe(entity: AppendedRow['entity']): Insert {
    const insert = { table: describeTable(this.metadata, entity), statements: new Map<OnConflict | undefined, Statement>() }
    this.#inserts.set(entity, insert)
    return insert
  }

  #prepare({ table, statements }: Insert, onConflict: OnConflict | undefined): Statement {
    const statement = this.writer.prepare(insertRow(table, onConflict))
    statements.set(onConflict, statement)
    return statement
  }
}
