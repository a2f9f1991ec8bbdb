/** Threads for SQLite queries: what is answered while one is slow, when one dies, and at the end. */
import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import Sqlite from 'better-sqlite3'

import { SqliteThreadPool, startSqliteThread } from '../../src/database/sqlite-threads.js'
import { measureStall } from '../support/event-loop-stall.js'

const notes = { sql: 'select id, text from note where id > ? order by id', parameters: [0] }
const codeOf = (error: unknown): unknown => Reflect.get(Object(error), 'code')

describe('real ones', () => {
  let folder: string
  let database: Sqlite.Database
  let started: Worker[]
  let threads: SqliteThreadPool
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyhouse-threads-'))
    database = new Sqlite(join(folder, 'keyhouse.db'))
    database.pragma('journal_mode = wal')
    database.exec('create table note (id integer primary key, text text)')
    started = []
    threads = open(database.name)
  })
  afterEach(async () => {
    await threads.close()
    database.close()
    rmSync(folder, { recursive: true })
  })

  /** With all the time that a busy machine may need. */
  const open = (file: string): SqliteThreadPool =>
    new SqliteThreadPool(() => {
      const thread = startSqliteThread(file)
      started.push(thread)
      return thread
    }, 20_000)

  const slow = {
    sql: 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000) select count(*) as n from n',
    parameters: [],
  }

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
    const write = threads.run({ sql: `insert into note values (1, 'x') returning id`, parameters: [] })
    expect(await write.rows.catch(codeOf)).toBe('UNAVAILABLE')
    expect(database.prepare('select count(*) as n from note').get()).toEqual({ n: 0 })
  })
  test('a query that is wrong fails alone', async () => {
    await expect(threads.run({ sql: 'select absent from note', parameters: [] }).rows).rejects.toThrow('no such column')
    expect(await threads.run(notes).rows).toEqual([])
    expect(started).toHaveLength(1)
  })
  test('the loop turns while a query is slow, and another thread serves meanwhile', async () => {
    const { longestMs } = await measureStall(async () => {
      const first = threads.run(slow)
      expect(await threads.run(notes).rows).toEqual([])
      expect(await first.rows).toEqual([{ n: 2_000_000 }])
    })
    expect(started).toHaveLength(2)
    expect(longestMs).toBeLessThan(100)
  })
  test('a thread that dies within a query: a coded refusal, and the next query starts another one', async () => {
    const query = threads.run(slow)
    const refused = query.rows.catch(codeOf)
    await started[0]!.terminate()
    expect(await refused).toBe('UNAVAILABLE')
    await query.done
    expect(await threads.run(notes).rows).toEqual([])
    expect(started).toHaveLength(2)
  })
  test('without a database every query is refused with a code', async () => {
    const nowhere = open(join(folder, 'nothing', 'keyhouse.db'))
    for (let i = 0; i < 2; i++) expect(await nowhere.run(notes).rows.catch(codeOf)).toBe('UNAVAILABLE')
  })
  test('closing ends the threads, also those within a query, and refuses what waits and what comes later', async () => {
    const queries = [slow, slow, notes].map((question) => threads.run(question).rows.catch(codeOf))
    await threads.close()
    expect(await Promise.all(queries)).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE'])
    expect(await threads.run(notes).rows.catch(codeOf)).toBe('UNAVAILABLE')
    expect(started).toHaveLength(2)
  })
})

describe('slow ones', () => {
  /** Answers when the test says so. */
  class Thread extends EventEmitter {
    asked = 0
    readonly unref = (): void => undefined
    readonly postMessage = (): void => void this.asked++
    answer(): void {
      this.emit('message', { rows: [{ n: 1 }] })
    }
  }
  let started: Thread[]
  let threads: SqliteThreadPool
  beforeEach(() => {
    jest.useFakeTimers()
    started = []
    threads = new SqliteThreadPool(() => {
      const thread = new Thread()
      started.push(thread)
      return thread as unknown as Worker
    })
  })
  afterEach(() => void jest.useRealTimers())

  const stateOf = (promise: Promise<unknown>): Promise<unknown> =>
    Promise.race([promise.then(() => 'over', codeOf), Promise.resolve().then(() => Promise.resolve('open'))])

  test('have two seconds, and keep their thread until they end', async () => {
    const { rows, done } = threads.run(notes)
    jest.advanceTimersByTime(1999)
    expect(await stateOf(rows)).toBe('open')
    jest.advanceTimersByTime(1)
    expect(await stateOf(rows)).toBe('QUERY_TIMEOUT')
    expect(await stateOf(done)).toBe('open')
    const next = threads.run(notes)
    expect(started.map(({ asked }) => asked)).toEqual([1, 1])
    started[1]!.answer()
    expect(await next.rows).toEqual([{ n: 1 }])
    started[0]!.answer()
    expect(await stateOf(done)).toBe('over')
  })
  test('hold two threads at most; who waits for one in vain is refused, and never asked', async () => {
    const slow = [threads.run(notes), threads.run(notes)]
    const third = threads.run(notes)
    jest.advanceTimersByTime(2000)
    for (const { rows } of [...slow, third]) expect(await stateOf(rows)).toBe('QUERY_TIMEOUT')
    expect(await stateOf(third.done)).toBe('over')
    for (const thread of started) thread.answer()
    expect(started.map(({ asked }) => asked)).toEqual([1, 1])
    for (const { done } of slow) expect(await stateOf(done)).toBe('over')
  })
  test('are followed by what waits, in order', async () => {
    const queries = Array.from({ length: 4 }, () => threads.run(notes))
    started[0]!.answer()
    expect(await stateOf(queries[0]!.rows)).toBe('over')
    expect(started.map(({ asked }) => asked)).toEqual([2, 1])
    expect(await stateOf(queries[2]!.rows)).toBe('open')
    started[0]!.answer()
    expect(await stateOf(queries[2]!.rows)).toBe('over')
    expect(await stateOf(queries[1]!.rows)).toBe('open')
    for (const thread of started) thread.answer()
    expect(await Promise.all(queries.map(({ rows }) => stateOf(rows)))).toEqual(['over', 'over', 'over', 'over'])
    expect(jest.getTimerCount()).toBe(0)
  })
})
