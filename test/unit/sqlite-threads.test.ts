/** Threads for SQLite queries: what is answered while one is slow, when one dies, and at the end. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'

import { afterEach, beforeEach, expect, test } from '@jest/globals'
import Sqlite from 'better-sqlite3'

import { SqliteThreads, startSqliteThread } from '../../src/journal/sqlite-threads.js'
import { measureStall } from '../support/stall.js'

let folder: string
let database: Sqlite.Database
let started: Worker[]
let threads: SqliteThreads
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-threads-'))
  database = new Sqlite(join(folder, 'keyhouse.db'))
  database.pragma('journal_mode = wal')
  database.exec('create table note (id integer primary key, text text)')
  started = []
  threads = open(20_000)
})
afterEach(async () => {
  await threads.close()
  database.close()
  rmSync(folder, { recursive: true })
})

const open = (timeoutMs: number): SqliteThreads =>
  new SqliteThreads(() => {
    const thread = startSqliteThread(database.name)
    started.push(thread)
    return thread
  }, timeoutMs)

const notes = { sql: 'select id, text from note where id > ? order by id', parameters: [0] }
/** Some hundred milliseconds for each million. */
const slow = (millions: number): { sql: string; parameters: unknown[] } => ({
  sql: `with recursive n(i) as (select 1 union all select i + 1 from n where i < ? * 1000000) select count(*) as n from n`,
  parameters: [millions],
})
const codeOf = (error: unknown): unknown => Reflect.get(Object(error), 'code')

test('no thread is started before the first query, and one serves any number of them in turn', async () => {
  expect(started).toHaveLength(0)
  for (let i = 0; i < 5; i++) expect(await threads.run(notes).rows).toEqual([])
  expect(started).toHaveLength(1)
})

test('a query sees every change that was committed before it, and none that was not', async () => {
  for (let id = 1; id <= 50; id++) {
    database.prepare('insert into note values (?, ?)').run(id, `note ${id}`)
    expect((await threads.run(notes).rows).at(-1)).toEqual({ id, text: `note ${id}` })
  }
  database.exec(`begin immediate; insert into note values (51, 'uncommitted')`)
  expect(await threads.run(notes).rows).toHaveLength(50)
  database.exec('rollback')
})

test('a query cannot write', async () => {
  await expect(threads.run({ sql: `insert into note values (1, 'x') returning id`, parameters: [] }).rows).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  })
  expect(database.prepare('select count(*) as n from note').get()).toEqual({ n: 0 })
})

test('a query that is wrong fails alone', async () => {
  await expect(threads.run({ sql: 'select absent from note', parameters: [] }).rows).rejects.toThrow('no such column')
  expect(await threads.run(notes).rows).toEqual([])
  expect(started).toHaveLength(1)
})

test('the loop turns while a query is slow, and another thread serves meanwhile', async () => {
  const { longestMs } = await measureStall(async () => {
    const first = threads.run(slow(1))
    expect(await Promise.race([first.rows.then(() => 'slow'), threads.run(notes).rows.then(() => 'quick')])).toBe('quick')
    expect(await first.rows).toEqual([{ n: 1_000_000 }])
  })
  expect(started).toHaveLength(2)
  expect(longestMs).toBeLessThan(100)
})

test('a query past its time is refused at once, and keeps its thread until it ends', async () => {
  threads = open(500)
  const late = threads.run(slow(4))
  await expect(late.rows).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' })
  // Another thread answers before that one is free.
  expect(await Promise.race([late.done, threads.run(notes).rows])).toEqual([])
  await late.done
})

test('there are two threads at most; who waits for one in vain is refused and gives its place back', async () => {
  threads = open(500)
  const slowOnes = [threads.run(slow(4)), threads.run(slow(4))]
  const third = threads.run(notes)
  await expect(third.rows).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' })
  await third.done
  expect(started).toHaveLength(2)
  for (const { rows, done } of slowOnes) {
    await expect(rows).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' })
    await done
  }
  expect(await threads.run(notes).rows).toEqual([])
})

test('a thread that dies within a query: a coded refusal, and the next query starts another one', async () => {
  const query = threads.run(slow(1))
  await started[0]!.terminate()
  expect(codeOf(await query.rows.catch((error: unknown) => error))).toBe('UNAVAILABLE')
  await query.done
  expect(await threads.run(notes).rows).toEqual([])
  expect(started).toHaveLength(2)
})

test('without a database every query is refused with a code', async () => {
  const nowhere = new SqliteThreads(() => startSqliteThread(join(folder, 'nothing', 'keyhouse.db')))
  for (let i = 0; i < 2; i++) await expect(nowhere.run(notes).rows).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('closing ends the threads, also one within a query, and refuses whatever comes later', async () => {
  const queries = [slow(1), slow(1), notes].map((question) => threads.run(question).rows.catch(codeOf))
  await threads.close()
  expect(await Promise.all(queries)).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE'])
  await expect(threads.run(notes).rows).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(started).toHaveLength(2)
})
