/** A connection to a database that no application has opened, of this schema or an earlier one. */
import { join } from 'node:path'

import { default as Sqlite } from 'better-sqlite3'
import { Client } from 'pg'

import type { Environment } from '../../src/entities/enums.js'
import { isPostgres } from './database.js'

/** Columns that tests read; an earlier schema lacks some of them. */
type Column =
  | 'algorithm'
  | 'api_key_id'
  | 'audience'
  | 'auth_type'
  | 'authorization_preview'
  | 'description'
  | 'end_user_id'
  | 'external_id'
  | 'header_names'
  | 'id'
  | 'label'
  | 'name'
  | 'organization_id'
  | 'permissions'
  | 'previous_digest'
  | 'project_id'
  | 'revoked_at'
  | 'sealed_text'
  | 'sealed_value'
  | 'server_id'
  | 'server_label'
  | 'signing_key_id'
  | 'type'
  | 'user_id'

export type Row = Readonly<Record<Column, string> & Record<'issued_at' | 'expires_at', Date | number> & { environment: Environment }>

export interface SqlConnection {
  rows(sql: string): Promise<Row[]>
  /** `?` stands for a parameter. */
  run(sql: string, parameters?: readonly (string | null)[]): Promise<void>
  script(sql: string): Promise<void>
  close(): Promise<void>
}

export async function openSqlConnection(env: Readonly<Record<string, string>>): Promise<SqlConnection> {
  if (!isPostgres) {
    const db = new Sqlite(join(env['KEYHOUSE_DATA_DIR']!, 'keyhouse.db'))
    return {
      rows: (sql) => Promise.resolve(db.prepare(sql).all() as Row[]),
      run: (sql, parameters = []) => Promise.resolve(void db.prepare(sql).run(...parameters)),
      script: (sql) => Promise.resolve(void db.exec(sql)),
      close: () => Promise.resolve(void db.close()),
    }
  }
  const client = new Client({ connectionString: env['DATABASE_URL'] })
  await client.connect()
  return {
    rows: async (sql) => (await client.query<Row>(sql)).rows,
    run: async (sql, parameters = []) => {
      let n = 0
      await client.query(
        sql.replaceAll('?', () => `$${++n}`),
        [...parameters],
      )
    },
    script: async (sql) => void (await client.query(sql)),
    close: () => client.end(),
  }
}
