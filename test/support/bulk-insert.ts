/** Bulk inserts by SQL, which bypass the application, for tests about data volume. */
import { Client } from 'pg'

import type { TestApp } from './app.js'
import { executeSql } from './database-access.js'
import { isPostgres } from './database.js'

/** Executes a statement on a connection without a statement timeout. */
export async function fill(app: TestApp, text: string): Promise<void> {
  if (!isPostgres) return void (await executeSql(app, text))
  const client = new Client({ connectionString: app.env['DATABASE_URL'] })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

/** SQL table with a column `i` from 1 to n. */
export const numbers = (n: number): string =>
  isPostgres
    ? `generate_series(1, ${n}) as n(i)`
    : `(with recursive n(i) as (select 1 union all select i + 1 from n where i < ${n}) select i from n) as n`
/** SQL expression for 32 hexadecimal digits, as in ids. */
export const hex = (expression: string): string => (isPostgres ? `lpad(to_hex(${expression}), 32, '0')` : `printf('%032x', ${expression})`)
export const json = (expression: string): string => (isPostgres ? `(${expression})::jsonb` : expression)
export const timestamp = (ms: string): string => (isPostgres ? `to_timestamp((${ms}) / 1000.0)` : ms)
export const sqlLiteral = (value: unknown): string => `'${typeof value === 'string' ? value : JSON.stringify(value)}'`

/** Inserts `count` rows; `columns` maps each column to an SQL expression of `i`. */
export const fillTable = (app: TestApp, table: string, count: number, columns: Readonly<Record<string, string>>): Promise<void> =>
  fill(app, `insert into ${table} (${Object.keys(columns).join(', ')}) select ${Object.values(columns).join(', ')} from ${numbers(count)}`)
