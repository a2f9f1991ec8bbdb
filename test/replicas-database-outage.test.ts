/** Database that is gone, full or silent, under load: bounded waits, coded refusals, no loss, recovery. */
import { setTimeout as wait } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'

import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { chainFaults } from './support/audit-trail.js'
import { isPostgres } from './support/database.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { TcpProxy } from './support/tcp-proxy.js'
import { waitFor } from './support/wait-for.js'

declare const outageSeconds: number

let app: TestApp
let acme: SeededOrganization
let line: TcpProxy
const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)

beforeAll(async () => {
  process.on('unhandledRejection', note)
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
  expect(unhandled).toEqual([])
  expect(app.log.split('\n').filter((text) => /"level":[56]0/.test(text))).toEqual([])
})

/** SQLite is a file: there is no line to it. */
const onPostgres = isPostgres
  ? test
  : (name: string, _work: () => Promise<void>, _longest?: number): void => test(`${name} (no line to break)`, () => undefined)

const create = 'mutation { it: createApiKey(input: { permissions: [] }) { made: apiKey { id } userErrors { code } } }'
const exchange =
  'mutation { it: exchangeApiKey(input: { audience: "https://a.example", externalUserId: "u" }) { made: accessToken { id } userErrors { code } } }'
const viewer = '{ viewer { kind } }'
const ready = async (): Promise<number> => (await fetch(`${app.url}/readyz`)).status

/** Callers that go on whatever they are told. */
interface Made {
  readonly it: { readonly made: { readonly id: string } }
}

class Load {
  readonly acknowledged: string[] = []
  readonly refused = new Set<string>()
  /** Milliseconds. */
  slowest = 0
  #isOver = false
  readonly #callers: Promise<void>[]

  constructor(callers: number) {
    this.#callers = Array.from({ length: callers }, (_, caller) => this.#call(caller))
  }

  async #call(caller: number): Promise<void> {
    while (!this.#isOver) {
      const from = Date.now()
      const answer = await app.run<Made>(acme.sandboxKey, caller % 2 ? exchange : create)
      this.slowest = Math.max(this.slowest, Date.now() - from)
      if (answer.errors) {
        this.refused.add(`${answer.status} ${codeOf(answer)}`)
        await wait(20)
      } else this.acknowledged.push(answer.data.it.made.id)
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#callers)
  }
}

async function expectKept(ids: readonly string[]): Promise<void> {
  for (let i = 0; i < ids.length; i += 100) {
    const some = ids.slice(i, i + 100)
    const { data } = await app.run(acme.sandboxKey, 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: some })
    expect(data.nodes.map((node: { id: string } | null) => node?.id)).toEqual(some)
  }
  expect(await chainFaults(app.services.orm, acme.id)).toEqual([])
}

const everythingWorks = async (): Promise<boolean> =>
  (await Promise.all([viewer, create, exchange].map((query) => app.run(acme.sandboxKey, query)))).every(({ errors }) => !errors)

onPostgres(
  'gone for seconds under load',
  async () => {
    const load = new Load(8)
    await waitFor(() => load.acknowledged.length > 10)
    await line.cut()
    const until = Date.now() + outageSeconds * 1000
    while (Date.now() < until) {
      expect(await ready()).toBe(503)
      expect((await fetch(`${app.url}/healthz`)).status).toBe(200)
      const answer = await app.run(acme.sandboxKey, viewer)
      expect([answer.status, codeOf(answer), answer.headers.get('retry-after')]).toEqual([503, 'UNAVAILABLE', '1'])
      await wait(100)
    }
    await line.open()
    await waitFor(async () => (await ready()) === 200)
    await waitFor(everythingWorks)
    const before = load.acknowledged.length
    await waitFor(() => load.acknowledged.length > before + 10)
    await load.stop()
    expect([...load.refused]).toEqual(['503 UNAVAILABLE'])
    await expectKept(load.acknowledged)
  },
  60_000,
)

onPostgres(
  'every connection of the pool taken: who waits too long is refused with a code, who needs none is served',
  async () => {
    const holder = new Client({ connectionString: app.env['DATABASE_URL'] })
    const others = await Promise.all(Array.from({ length: 9 }, () => organization(app)))
    await holder.connect()
    await holder.query('begin')
    await holder.query('select from audit_head where organization_id = any($1) for update', [others.map(({ id }) => id)])
    const from = Date.now()
    // Changes of one organization stand in line for one connection, so it takes as many organizations as the pool has.
    const stuck = others.map((other) => app.run(other.sandboxKey, create))
    await wait(300)
    const served = await Promise.all([app.run(acme.sandboxKey, viewer), app.run(acme.sandboxKey, exchange)])
    expect(served.map(codeOf)).toEqual([undefined, undefined])
    const answers: Answer[] = await Promise.all(stuck)
    expect(Date.now() - from).toBeLessThan(30_000)
    for (const answer of answers) expect([answer.status, codeOf(answer)]).toEqual([503, 'UNAVAILABLE'])
    await holder.query('rollback')
    await holder.end()
    await waitFor(everythingWorks)
    for (const other of others) expect((await app.run(other.sandboxKey, create)).errors).toBeUndefined()
  },
  60_000,
)

onPostgres(
  'silent: every request ends with a code all the same',
  async () => {
    const load = new Load(4)
    await waitFor(() => load.acknowledged.length > 4)
    line.setSilent(true)
    const answers = await Promise.all([ready(), app.run(acme.sandboxKey, viewer), app.run(acme.sandboxKey, exchange)])
    line.setSilent(false)
    expect(answers[0]).toBe(503)
    for (const answer of answers.slice(1) as Answer[]) expect([answer.status, codeOf(answer)]).toEqual([503, 'UNAVAILABLE'])
    await waitFor(async () => (await ready()) === 200)
    await waitFor(everythingWorks)
    await load.stop()
    for (const refusal of load.refused) expect(['503 UNAVAILABLE', '408 REQUEST_TIMEOUT']).toContain(refusal)
    // Longer than any statement may take there is no waiting.
    expect(load.slowest).toBeLessThan(45_000)
    await expectKept(load.acknowledged)
  },
  90_000,
)
