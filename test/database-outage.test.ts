/** Database outage and recovery: coded refusals, no loss of acknowledged changes. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'

import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { TcpProxy } from './support/tcp-proxy.js'

let app: TestApp
let acme: SeededOrganization
let line: TcpProxy
const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)

beforeAll(async () => {
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
  app = await startApp({}, {}, async (env) => {
    if (!isPostgres) return env
    line = await new TcpProxy(new URL(env['DATABASE_URL']!)).open()
    return { ...env, DATABASE_URL: line.url }
  })
  acme = await organization(app)
})
afterAll(async () => {
  await app.close()
  if (isPostgres) await line.cut()
  process.off('unhandledRejection', note)
  process.off('uncaughtException', note)
  expect(unhandled).toEqual([])
  expect(app.log.split('\n').filter((text) => /"level":[56]0/.test(text))).toEqual([])
})

/** SQLite is a file: there is no line to it that could break. */
const onPostgres = isPostgres
  ? test
  : (name: string, _work: () => Promise<void>): void => test(`${name} (no line to break)`, () => undefined)

const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } userErrors { code } } }'
const exchange =
  'mutation { exchangeApiKey(input: { audience: "https://a.example", externalUserId: "u" }) { accessToken { id } userErrors { code } } }'
const isReady = async (): Promise<number> => (await fetch(`${app.url}/readyz`)).status

async function untilReady(): Promise<void> {
  for (let tries = 0; tries < 500 && (await isReady()) !== 200; tries++) await new Promise((resolve) => setTimeout(resolve, 20))
}

const everything = (): Promise<Answer[]> =>
  Promise.all([
    app.run(acme.sandboxKey, '{ viewer { kind } }'),
    app.run(acme.sandboxKey, '{ apiKeys { nodes { id } } }'),
    app.run(acme.sandboxKey, create, { input: { label: 'while away' } }),
    app.run(acme.sandboxKey, exchange),
    app.run(acme.adminToken, '{ organization { name } }'),
  ])

test('every request succeeds while the database is available', async () => {
  expect(await isReady()).toBe(200)
  expect((await everything()).map(codeOf)).toEqual([undefined, undefined, undefined, undefined, undefined])
})

onPostgres('connections that break are made anew', async () => {
  for (let round = 0; round < 3; round++) {
    const client = new Client({ connectionString: process.env['TEST_POSTGRES_URL'] })
    await client.connect()
    const name = new URL(app.env['DATABASE_URL']!).pathname.slice(1)
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
    await client.end()
    await untilReady()
    for (const answer of await everything()) expect([undefined, 'UNAVAILABLE']).toContain(codeOf(answer))
    expect((await everything()).map(codeOf)).toEqual([undefined, undefined, undefined, undefined, undefined])
  }
})

onPostgres('while it is away every request is refused with 503 and a code, and afterwards everything acknowledged is there', async () => {
  const acknowledged: string[] = []
  const refused = new Set<string>()
  const over = new AbortController()
  const load = Array.from({ length: 8 }, async (_, worker) => {
    for (let i = 0; !over.signal.aborted; i++) {
      const answer = await app.run(
        acme.sandboxKey,
        worker % 2 ? exchange : create,
        worker % 2 ? {} : { input: { label: `${worker}-${i}` } },
      )
      if (answer.errors) {
        refused.add(`${answer.status} ${codeOf(answer)} ${answer.headers.get('retry-after')}`)
      } else {
        const { createApiKey, exchangeApiKey } = answer.data
        acknowledged.push((worker % 2 ? exchangeApiKey.accessToken : createApiKey.apiKey).id)
      }
    }
  })
  try {
    await new Promise((resolve) => setTimeout(resolve, 200))
    await line.cut()
    const from = app.logLength
    expect(await isReady()).toBe(503)
    const warning = app
      .logFrom(from)
      .split('\n')
      .find((text) => text.includes('"database unavailable"') && text.includes('health.ts'))
    expect(warning?.match(/"code":"UNAVAILABLE"/g)).toHaveLength(1)
    expect(warning).toContain('"code":"ECONNREFUSED"')
    for (const answer of await everything()) {
      expect([answer.status, codeOf(answer), answer.headers.get('retry-after')]).toEqual([503, 'UNAVAILABLE', '1'])
    }
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200)
    await line.open()
    await untilReady()
    await new Promise((resolve) => setTimeout(resolve, 100))
  } finally {
    over.abort()
  }
  await Promise.all(load)
  expect([...refused]).toEqual(['503 UNAVAILABLE 1'])
  expect(acknowledged.length).toBeGreaterThan(8)
  for (let i = 0; i < acknowledged.length; i += 100) {
    const ids = acknowledged.slice(i, i + 100)
    const { data } = await app.run(acme.sandboxKey, 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })
    expect(data.nodes.map((node: { id: string } | null) => node?.id)).toEqual(ids)
  }
})

onPostgres('times of last use that could not be written are written later', async () => {
  const key = await acme.apiKey({})
  await app.services.writeBehind.flush()
  app.clock.advance(5000)
  await app.run(key.secret, '{ viewer { kind } }')
  await line.cut()
  await app.services.writeBehind.flush()
  await line.open()
  await untilReady()
  await app.services.writeBehind.flush()
  expect((await acme.keyRow(key.id)).lastUsedAt).toEqual(app.clock.now())
})

onPostgres('a change that its organization keeps waiting is refused in time, and others are not held up', async () => {
  const other = await organization(app)
  const client = new Client({ connectionString: app.env['DATABASE_URL'] })
  await client.connect()
  await client.query('begin')
  await client.query('select from audit_head where organization_id = $1 for update', [acme.id])
  const waiting = [app.run(acme.sandboxKey, create, { input: {} }), app.run(acme.sandboxKey, exchange)]
  expect((await app.run(other.sandboxKey, exchange)).errors).toBeUndefined()
  expect((await app.run(other.sandboxKey, create, { input: {} })).errors).toBeUndefined()
  await client.query('rollback')
  await client.end()
  for (const answer of await Promise.all(waiting)) expect(answer.errors).toBeUndefined()
})
