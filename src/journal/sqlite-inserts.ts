/** Inserts rows on SQLite with one prepared statement per table. */
import type { MetadataStorage } from '@mikro-orm/core'
import type { Database, Statement } from 'better-sqlite3'

import { toSqliteValue, describeTable, type Table } from '../database/row-mapper.js'
import type { AppendedRow } from './journal.js'

/** Statements and columns of one table. */
interface Insert extends Pick<Table, 'columns'> {
  readonly always: Statement
  readonly ifAbsent: Statement
}

/** Prepared insert statements by entity. */
export class SqliteInserts {
  readonly #inserts = new Map<AppendedRow['entity'], Insert>()

  constructor(
    private readonly writer: Database,
    private readonly metadata: MetadataStorage,
  ) {}

  add({ entity, row, skipIfExists }: AppendedRow): void {
    const insert = this.#inserts.get(entity) ?? this.#prepare(entity)
    const values = insert.columns.map((column) => toSqliteValue(row, column))
    if (skipIfExists) insert.ifAbsent.run(values)
    else insert.always.run(values)
  }

  #prepare(entity: AppendedRow['entity']): Insert {
    const { name, columns } = describeTable(this.metadata, entity)
    const sql = `insert into \`${name}\` (${columns.map((column) => column.name).join(', ')}) values (${columns.map(() => '?').join(', ')})`
    const insert = { columns, always: this.writer.prepare(sql), ifAbsent: this.writer.prepare(`${sql} on conflict do nothing`) }
    this.#inserts.set(entity, insert)
    return insert
  }
}
