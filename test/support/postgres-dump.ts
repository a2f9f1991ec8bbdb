/** Dumps a PostgreSQL database and restores it into an empty one, by pg_dump if a suitable version is installed. */
import { execFileSync } from 'node:child_process'

import { Client } from 'pg'

import { readConfig } from '../../src/config/config.js'
import { migrate, createDatabase } from '../../src/database/database.js'
import { isPostgres } from './database.js'

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Version text of pg_dump, such as "pg_dump (PostgreSQL) 18.1"; undefined if missing or older than the server, which it refuses. */
async function pgDumpForThisServer(): Promise<string | undefined> {
  if (!isPostgres) return undefined
  try {
    const version = execFileSync('pg_dump', ['--version'], { encoding: 'utf8' }).trim()
    const server = await connected(process.env['TEST_POSTGRES_URL']!, async (client) => {
      const { rows } = await client.query<{ version: string }>(`select current_setting('server_version_num') as version`)
      return Math.floor(Number(rows[0]!.version) / 10_000)
    })
    return Number(/\d+/.exec(version)?.[0] ?? 0) >= server ? version : undefined
  } catch {
    return undefined
  }
}

export const pgDump = await pgDumpForThisServer()

/** Uses the two commands of the guide if pg_dump is available, and copies row by row otherwise. */
export async function dumpAndRestore(from: Record<string, string>, to: Record<string, string>): Promise<void> {
  const [source, target] = [from['DATABASE_URL']!, to['DATABASE_URL']!]
  if (pgDump !== undefined) {
    const dump = execFileSync('pg_dump', ['--format=custom', source], { maxBuffer: 1 << 30 })
    execFileSync('pg_restore', ['--exit-on-error', '--no-owner', `--dbname=${target}`], { input: dump })
    return
  }
  const config = readConfig(to)
  const orm = await createDatabase(config)
  await migrate(orm, config)
  await orm.close(true)
  await connected(source, (source_) => connected(target, (target_) => copyRows(source_, target_)))
}

/** Copies like pg_dump --data-only: all rows of one snapshot, as text, with triggers and foreign keys disabled. */
async function copyRows(source: Client, target: Client): Promise<void> {
  await source.query('begin isolation level repeatable read read only')
  const { rows: tables } = await source.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' order by 1`,
  )
  await target.query('begin')
  await target.query('set local session_replication_role = replica')
  for (const { name } of tables) {
    await target.query(`delete from ${name}`)
    const { rows } = await source.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`)
    for (const { row } of rows) {
      await target.query(`insert into ${name} overriding system value select * from jsonb_populate_record(null::${name}, $1::jsonb)`, [row])
    }
  }
  await target.query('commit')
  await source.query('commit')
}
