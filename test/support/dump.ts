/** A dump of a PostgreSQL database restored into an empty one: by pg_dump where one is there that knows the server, else table by table. */
import { execFileSync } from 'node:child_process'

import { Client } from 'pg'

import { readConfig } from '../../src/config.js'
import { migrate, openDatabase } from '../../src/database.js'

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** pg_dump refuses a server that is newer than itself. */
function hasPgDumpFor(serverVersion: number): boolean {
  try {
    const [major] = /\d+/.exec(execFileSync('pg_dump', ['--version'], { encoding: 'utf8' })) ?? ['0']
    return Number(major) >= serverVersion
  } catch {
    return false
  }
}

/** @returns how it was done */
export async function dumpAndRestore(from: Record<string, string>, to: Record<string, string>): Promise<'pg_dump' | 'copied'> {
  const [source, target] = [from['DATABASE_URL']!, to['DATABASE_URL']!]
  const version = await connected(source, async (client) => {
    const { rows } = await client.query<{ version: string }>(`select current_setting('server_version_num') as version`)
    return Math.floor(Number(rows[0]!.version) / 10_000)
  })
  if (hasPgDumpFor(version)) {
    const dump = execFileSync('pg_dump', ['--format=custom', source], { maxBuffer: 1 << 30 })
    execFileSync('pg_restore', ['--exit-on-error', '--no-owner', `--dbname=${target}`], { input: dump })
    return 'pg_dump'
  }
  const config = readConfig(to)
  const orm = await openDatabase(config)
  await migrate(orm, config)
  await orm.close(true)
  await connected(source, (source_) => connected(target, (target_) => copyRows(source_, target_)))
  return 'copied'
}

/** What pg_dump --data-only does: every row in one snapshot, its values as text, past triggers and foreign keys. */
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
