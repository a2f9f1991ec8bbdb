/** Makes every query about invitations slow, without any work for the machine: as if there were very many. */
import { Worker } from 'node:worker_threads'

import { jest } from '@jest/globals'

import type { TestApp } from './app.js'
import { isPostgres } from './database.js'
import { fill } from './fill.js'

export interface SlowQueries {
  /** From now on; on SQLite until the end. */
  begin(seconds: number): Promise<void>
  /** Those that wait are answered, and later ones at once. */
  end(): Promise<void>
}

/** PostgreSQL sleeps in a view that takes the place of the table. */
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

/** The threads of SQLite get their questions late, and are busy until then. */
function onSqlite(): SlowQueries {
  let isSlow = false
  const held: (() => void)[] = []
  const post = Reflect.get(Worker.prototype, 'postMessage') as (this: Worker, question: object) => void
  jest.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, question: { sql: string }) {
    if (isSlow && question.sql.includes('`invitation`')) held.push(() => post.call(this, question))
    else post.call(this, question)
  })
  return {
    begin: () => Promise.resolve(void (isSlow = true)),
    end() {
      isSlow = false
      for (const ask of held.splice(0)) ask()
      return Promise.resolve()
    },
  }
}

export const slowQueries = (app: TestApp): Promise<SlowQueries> => (isPostgres ? onPostgres(app) : Promise.resolve(onSqlite()))
