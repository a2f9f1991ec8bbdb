/** Insert statements of the journal, for any table. */
import type { Table } from '../row-mapper.js'

/** Clause for rows whose key exists. The name tells the prepared statements of a table apart. */
export interface OnConflict {
  readonly name: string
  readonly sql: string
}

export const keepExisting: OnConflict = { name: 'keep existing', sql: 'on conflict do nothing' }

const columnList = ({ columns }: Table): string => columns.map(({ name }) => `"${name}"`).join(', ')

/** Inserts one row, with a parameter for each column. */
export const insertRow = (table: Table, onConflict?: OnConflict): string =>
  `insert into "${table.name}" (${columnList(table)}) values (${table.columns.map(() => '?').join(', ')}) ${onConflict?.sql ?? ''}`

/** Inserts rows on PostgreSQL from one parameter, a JSON array, so that one prepared statement inserts any number of rows. */
export function insertRows(table: Table, onConflict?: OnConflict): string {
  const columns = columnList(table)
  return `insert into "${table.name}" (${columns})
    select ${columns} from json_populate_recordset(null::"${table.name}", $1) ${onConflict?.sql ?? ''}`
}
