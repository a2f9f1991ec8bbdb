/** Shutdown in order with every response and write complete, and recovery after kill -9. */

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { AccessToken } from '../src/entities/access-token.js'
import { ApiKey } from '../src/entities/api-key.js'
import { chainFaults, eventsOf } from './support/audit-trail.js'
import { entityManager, withDatabase } from './support/database-access.js'
import { newDatabase, type TestDatabase } from './support/database.js'
import { sendGraphql, runKeyhouseJson, startKeyhouse, type ServerProcess } from './support/process.js'
import { isRefused, unfinished } from './support/raw-http.js'

interface World {
  readonly served: ServerProcess
  readonly organizationId: string
  readonly key: string
}

let database: TestDatabase
beforeAll(async () => {
  database = await newDatabase()
})
afterAll(() => database.drop())

async function world(): Promise<World> {
  const served = await startKeyhouse(database.env)
  const options = ['--name', 'Acme', '--email', `ada-${Date.now()}@example.com`]
  const { organizationId, sandboxApiKey: key } = await runKeyhouseJson(['organization', 'create', ...options], database.env)
  return { served, organizationId, key }
}

const make = 'mutation { createApiKey(input: { permissions: [] }) { apiKey { id } secret userErrors { code } } }'
const exchange = `mutation ($externalUserId: String!) {
  exchangeApiKey(input: { audience: "https://api.example.com", externalUserId: $externalUserId }) { accessToken { id } userErrors { code } }
}`

test('SIGTERM: the port closes, what is in flight is answered, times of last use are written, and the exit is 0', async () => {
  const { served, key, organizationId } = await world()
  expect((await fetch(`${served.url}/readyz`)).status).toBe(200)
  const { data } = await sendGraphql(served.url, key, '{ viewer { apiKey { id lastUsedAt } } }')
  const request = await unfinished(served.url, key, make)
  served.kill('SIGTERM')
  while (!served.stdout().includes('"msg":"draining"')) await new Promise(setImmediate)
  while (!(await isRefused(served.url))) await new Promise(setImmediate)
  request.finish()
  const answer = await request.answer
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK/)
  const madeId = /"id":"(key_\w+)"/.exec(answer)![1]!
  const { code, stdout } = await served.exited
  expect(code).toBe(0)
  expect(stdout.trim().split('\n').at(-1)).toContain('"msg":"ended"')
  await withDatabase(database.env, async (orm) => {
    const em = entityManager(orm, organizationId)
    expect((await em.findOneOrFail(ApiKey, { id: data.viewer.apiKey.id })).lastUsedAt).toBeInstanceOf(Date)
    expect(await em.count(ApiKey, { id: madeId })).toBe(1)
  })
})

test('kill -9 under load: everything that was acknowledged is there, the chain is whole, and the next start needs no hand', async () => {
  const { served, key, organizationId } = await world()
  const keys: { id: string; secret: string }[] = []
  const tokens: string[] = []
  const load = Array.from({ length: 8 }, async (_, i) => {
    for (let n = 0; ; n++) {
      const isKey = (n + i) % 4 === 0
      const answer = await sendGraphql(served.url, key, isKey ? make : exchange, { externalUserId: `user-${i}-${n}` }).catch(
        () => undefined,
      )
      if (!answer) return
      if (isKey) keys.push({ id: answer.data.createApiKey.apiKey.id, secret: answer.data.createApiKey.secret })
      else tokens.push(answer.data.exchangeApiKey.accessToken.id)
    }
  })
  while (keys.length < 20 || tokens.length < 60) await new Promise((resolve) => setTimeout(resolve, 5))
  served.kill('SIGKILL')
  await Promise.all(load)
  await served.exited

  const again = await startKeyhouse(database.env)
  const last = await sendGraphql(again.url, keys.at(-1)!.secret, '{ viewer { apiKey { id } } }')
  expect(last.data.viewer.apiKey.id).toBe(keys.at(-1)!.id)
  again.kill('SIGTERM')
  expect((await again.exited).code).toBe(0)
  await withDatabase(database.env, async (orm) => {
    const em = entityManager(orm, organizationId)
    expect(await em.count(ApiKey, { id: { $in: keys.map(({ id }) => id) } })).toBe(keys.length)
    expect(await em.count(AccessToken, { id: { $in: tokens } })).toBe(tokens.length)
    expect(await chainFaults(orm, organizationId)).toEqual([])
    const events = await eventsOf(orm, organizationId)
    const recorded = new Set(events.map(({ subjectId }) => subjectId))
    expect([...keys.map(({ id }) => id), ...tokens].filter((id) => !recorded.has(id))).toEqual([])
    // Nor is anything there that no event records.
    expect(await em.count(ApiKey, {})).toBe(events.filter(({ action }) => action === 'api_key:create').length)
    expect(await em.count(AccessToken, {})).toBe(events.filter(({ action }) => action === 'api_key:exchange').length)
  })
})
