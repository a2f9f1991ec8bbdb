/** Delays every query on the invitation table without using CPU, as if the table were very large. */
import { Worker } from 'node:worker_threads'

import { jest } from '@jest/globals'

import type { TestApp } from './app.js'
import { fill } from './bulk-insert.js'
import { isPostgres } from './database.js'

export interface SlowQueries {
  /** Delays later queries by this many seconds on PostgreSQL, and until `end` on SQLite. */
  begin(seconds: number): Promise<void>
  /** Releases the delayed queries and stops delaying. */
  end(): Promise<void>
}

/** Replaces the table by a view that calls pg_sleep. */
async function onPostgres(app: TestApp): Promise<SlowQueries> {
  const sleep = (seconds: number): Promise<void> => fill(app, `update slow set seconds = ${seconds}`)
  await fill(app, 'alter table invitation rename to invitation_row')
  await fill(app, 'create table slow as select 0::double precision as seconds')
  await fill(
    app,
    'create view invitation as select invitation_row.* from invitation_row where exists (select 1 from slow, pg_sleep(slow.seconds))',
  )
  return { begin: sleep, end: () => sleep(0) }
}

/** Holds back the messages to SQLite's worker threads, which count as busy meanwhile. */
function onSqlite(): SlowQueries {
  let isSlow = false
  const held: (() => void)[] = []
  const post = Reflect.get(Worker.prototype, 'postMessage') as (this: Worker, message: object) => void
  jest.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, message: { sql: string }) {
    if (isSlow && message.sql.includes('`invitation`')) held.push(() => post.call(this, message))
    else post.call(this, message)
  })
  return {
    begin: () => Promise.resolve(void (isSlow = true)),
    end() {
      isSlow = false
      for (const send of held.splice(0)) send()
      return Promise.resolve()
    },
  }
}

export const controlSlowQueries = (app: TestApp): Promise<SlowQueries> => (isPostgres ? onPostgres(app) : Promise.resolve(onSqlite()))
