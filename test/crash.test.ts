/**
 * kill -9 at random moments under load, of the server and of PostgreSQL: everything acknowledged is there, every revocation
 * holds, the chain is whole, and nobody has to lend a hand. `npm run test:long` kills a hundred times.
 */
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { issuer } from './support/crash-documents.js'
import { CrashLoad } from './support/crash-load.js'
import { isPostgres, newDatabase, testMasterKeys, type TestDatabase } from './support/database.js'
import { startServer, type PostgresServer } from './support/postgres.server.js'
import { runKeyhouseJson, startKeyhouse, type ServerProcess } from './support/process.js'
import { waitFor } from './support/wait-for.js'

declare const crashRounds: number
/** Milliseconds: a process may take seconds to start on a busy machine. */
const longest = 60_000 + crashRounds * 20_000

const masterKeysOf = (env: Record<string, string>): string =>
  isPostgres ? testMasterKeys : readFileSync(join(env['KEYHOUSE_DATA_DIR']!, 'master.key'), 'utf8').trim()

async function loadOn(served: ServerProcess, env: Record<string, string>): Promise<CrashLoad> {
  const { organizationId, sandboxApiKey } = await runKeyhouseJson(
    ['organization', 'create', '--name', 'Acme', '--email', 'ada@example.com'],
    env,
  )
  const load = new CrashLoad(organizationId, sandboxApiKey)
  await load.prepare(served.url)
  return load
}

async function end(served: ServerProcess): Promise<void> {
  served.kill('SIGTERM')
  expect((await served.exited).code).toBe(0)
}

/** A moment in the middle of things: some time after something was acknowledged. */
async function soon(load: CrashLoad): Promise<void> {
  const before = load.acknowledged
  await waitFor(() => load.acknowledged > before)
  await wait(randomInt(200))
}

let database: TestDatabase
beforeAll(async () => {
  database = await newDatabase()
})
afterAll(() => database.drop())

test(
  'the server',
  async () => {
    const env = { ...database.env, KEYHOUSE_URL: issuer, LOG_LEVEL: 'info' }
    let served = await startKeyhouse(env)
    const load = await loadOn(served, env)
    for (let round = 0; round < crashRounds; round++) {
      const over = new AbortController()
      const running = load.run(served.url, over.signal)
      await soon(load)
      served.kill('SIGKILL')
      await Promise.all([running, served.exited])
      served = await startKeyhouse(env)
      await load.check(served.url)
    }
    await end(served)
    expect([...load.refusals]).toEqual([])
    await load.checkDatabase(env, masterKeysOf(env))
  },
  longest,
)

if (isPostgres) {
  let server: PostgresServer
  beforeAll(async () => {
    // As people run it: what it acknowledges is on disk.
    server = await startServer({ fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' })
  })
  afterAll(() => server.stop())

  test(
    'PostgreSQL, and PostgreSQL with the server',
    async () => {
      const env = { DATABASE_URL: server.url, KEYHOUSE_MASTER_KEYS: testMasterKeys, KEYHOUSE_URL: issuer }
      let served = await startKeyhouse(env)
      const load = await loadOn(served, env)
      for (let round = 0; round < crashRounds; round++) {
        const withServer = round % 2 === 1
        const over = new AbortController()
        const running = load.run(served.url, over.signal)
        await soon(load)
        await server.kill()
        if (withServer) served.kill('SIGKILL')
        else expect((await fetch(`${served.url}/readyz`)).status).toBe(503)
        over.abort()
        await running
        await server.restart()
        if (withServer) {
          await served.exited
          served = await startKeyhouse(env)
        }
        await waitFor(async () => (await fetch(`${served.url}/readyz`)).status === 200)
        await load.check(served.url)
      }
      await end(served)
      expect([...load.refusals].filter((code) => code !== 'UNAVAILABLE')).toEqual([])
      await load.checkDatabase(env, testMasterKeys)
    },
    longest,
  )
}
