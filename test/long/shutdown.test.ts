/** A shutdown that drains for longer than the framework's own limit of 10 seconds. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { newDatabase, type TestDatabase } from '../support/database.js'
import { startKeyhouse } from '../support/process.js'

let database: TestDatabase
beforeAll(async () => {
  database = await newDatabase()
})
afterAll(() => database.drop())

test('SIGTERM: a drain of 11 seconds ends with 0 and without a fatal line', async () => {
  const served = await startKeyhouse({ ...database.env, KEYHOUSE_DRAIN_SECONDS: '11' })
  served.kill('SIGTERM')
  const { code, stdout } = await served.exited
  expect([code, stdout.includes('"level":"fatal"')]).toEqual([0, false])
  expect(stdout.trim().split('\n').at(-1)).toContain('"msg":"ended"')
}, 60_000)
