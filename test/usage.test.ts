/** Usage counts per key, end user and operation, written in the background. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { UsageCount } from '../src/entities/usage-count.js'
import { deriveEndUserId } from '../src/lib/external-id.js'
import { openServices } from '../src/open-services.js'
import { deleteExpiredUsage } from '../src/usage/delete-expired-usage.js'
import { UsageAggregator } from '../src/usage/usage-aggregator.js'
import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { entityManager } from './support/database-access.js'
import type { Results } from './support/results.js'
import { organization, type SeededKey, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let reader: SeededKey
beforeAll(async () => {
  app = await startApp()
})
beforeEach(async () => {
  acme = await organization(app)
  reader = await acme.apiKey({ permissions: ['usage:read', 'api_key:read', 'end_user:read'] })
})
afterAll(() => app.close())

const query = `query ($from: DateTime!, $to: DateTime!, $interval: UsageInterval!, $groupBy: [UsageDimension!], $filter: UsageFilter) {
  usage(from: $from, to: $to, interval: $interval, groupBy: $groupBy, filter: $filter) {
    start requests denied operation endUserId apiKey { id } endUser { externalId }
  }
}`
const minute = 60_000

async function ask(credential: string, asked: object = {}): Promise<Answer> {
  await app.services.writeBehind.flush()
  const now = app.clock.now().getTime()
  const from = new Date(now - 60 * minute).toISOString()
  return app.run(credential, query, { from, to: new Date(now + minute).toISOString(), interval: 'DAY', ...asked })
}
async function usage(asked: object = {}, credential = acme.adminToken): Promise<Results['usage']> {
  const { data, text } = await ask(credential, asked)
  if (!data?.usage) throw new Error(text)
  return data.usage
}
const viewer = (key: SeededKey, endUser?: string): Promise<Answer> =>
  app.run(key.secret, '{ viewer { kind } }', {}, endUser === undefined ? {} : { 'x-on-behalf-of': endUser })

describe('usage', () => {
  test('counts requests and refusals per key, end user and operation, one for each root field', async () => {
    const key = await acme.apiKey()
    await viewer(key)
    await viewer(key, 'ada')
    await viewer(key, 'ada')
    await app.run(
      key.secret,
      '{ a: viewer { kind } b: viewer { kind } ...More } fragment More on Query { permissionDefinitions { title } }',
    )
    await app.run(key.secret, '{ apiKeys { nodes { id } } }')
    await app.run(key.secret, 'mutation { createApiKey(input: {}) { apiKey { id } } }')
    await app.run(key.secret, '{ nonsense }')
    await app.run(key.secret, '{ __schema { queryType { name } } }')
    const filter = { apiKeyIds: [key.id] }
    const byOperation = await usage({ groupBy: ['OPERATION', 'API_KEY'], filter })
    expect(byOperation.map(({ operation, requests, denied, apiKey }) => [operation, requests, denied, apiKey.id])).toEqual([
      [null, 2, 1, key.id],
      ['apiKeys', 1, 1, key.id],
      ['createApiKey', 1, 1, key.id],
      ['permissionDefinitions', 1, 0, key.id],
      ['viewer', 5, 0, key.id],
    ])
    const byEndUser = await usage({ groupBy: ['END_USER'], filter })
    const ada = deriveEndUserId(acme.id, acme.projectId, 'SANDBOX', 'ada')
    expect(byEndUser.map((row) => [row.endUserId, row.requests, row.endUser])).toEqual([
      [null, 8, null],
      [ada, 2, null],
    ])
    expect(await usage({ filter: { ...filter, externalUserIds: ['ada', 'bob'] } })).toMatchObject([
      { requests: 2, denied: 0, endUserId: null },
    ])
    expect(await usage({ filter: { ...filter, operations: ['viewer', 'apiKeys'] } })).toMatchObject([{ requests: 6, denied: 1 }])
    expect(await usage({ filter })).toEqual([
      { start: '2026-06-01T00:00:00.000Z', requests: 10, denied: 3, operation: null, endUserId: null, apiKey: null, endUser: null },
    ])
    expect(await usage({ filter: { apiKeyIds: [] } })).toEqual([])
  })

  test('counts what a rate limit refused', async () => {
    const key = await acme.apiKey({ rateLimits: [{ window: 'DAY', max: 2 }] })
    for (let i = 0; i < 5; i++) await viewer(key)
    expect(await usage({ groupBy: ['OPERATION'], filter: { apiKeyIds: [key.id] } })).toMatchObject([
      { operation: null, requests: 3, denied: 3 },
      { operation: 'viewer', requests: 2, denied: 0 },
    ])
  })

  test('counts a request once that has no operation, as denied if the caller is at fault', async () => {
    const key = await acme.apiKey()
    const post = async (body: string, headers: Record<string, string> = {}): Promise<number> => {
      const authorization = `Bearer ${key.secret}`
      const all = { authorization, 'content-type': 'application/json', ...headers }
      return (await fetch(`${app.url}/graphql`, { method: 'POST', headers: all, body })).status
    }
    const asked = { groupBy: ['OPERATION'], filter: { apiKeyIds: [key.id] } }
    expect(await post('{"query":"{ __typename }"}')).toBe(200)
    expect(await usage(asked)).toMatchObject([{ operation: null, requests: 1, denied: 0 }])
    expect(await post('{"query":"{ __typename }"}', { accept: 'text/plain' })).toBe(406)
    expect(await post('{"query":')).toBe(400)
    expect(await post('{}', { 'content-type': 'text/plain' })).toBe(415)
    expect(await post('{"query":1}')).toBe(400)
    expect(await post(' '.repeat(100_001))).toBe(413)
    expect(await usage(asked)).toMatchObject([{ operation: null, requests: 6, denied: 5 }])
  })

  test('is kept in minutes, hours and days, each from its full one', async () => {
    const key = await acme.apiKey()
    const filter = { apiKeyIds: [key.id] }
    const base = app.clock.at
    const at = async (iso: string): Promise<void> => {
      app.clock.at = new Date(iso)
      await viewer(key)
    }
    const near = (iso: string): object => ({ from: iso, to: '2026-06-01T13:02:00Z', filter })
    for (const iso of ['2026-06-01T12:58:59.999Z', '2026-06-01T12:59:00.000Z', '2026-06-01T12:59:59.999Z', '2026-06-01T13:00:00.000Z'])
      await at(iso)
    const starts = (rows: Results['usage']): unknown[] => rows.map(({ start, requests }) => [start, requests])
    expect(starts(await usage({ ...near('2026-06-01T12:58:00Z'), interval: 'MINUTE' }))).toEqual([
      ['2026-06-01T12:58:00.000Z', 1],
      ['2026-06-01T12:59:00.000Z', 2],
      ['2026-06-01T13:00:00.000Z', 1],
    ])
    expect(starts(await usage({ ...near('2026-06-01T12:58:30Z'), interval: 'HOUR' }))).toEqual([
      ['2026-06-01T12:00:00.000Z', 3],
      ['2026-06-01T13:00:00.000Z', 1],
    ])
    expect(starts(await usage({ ...near('2026-06-01T12:58:30Z'), to: '2026-06-01T13:00:00Z', interval: 'HOUR' }))).toEqual([
      ['2026-06-01T12:00:00.000Z', 3],
    ])
    expect(starts(await usage({ ...near('2026-06-01T00:00:00Z'), interval: 'DAY' }))).toEqual([['2026-06-01T00:00:00.000Z', 4]])
    app.clock.at = base
  })

  test('shows a key its own project and environment, and nobody another organization', async () => {
    const globex = await organization(app)
    const production = await acme.apiKey({ environment: 'PRODUCTION' })
    const neighbour = await acme.apiKey({ projectId: await acme.project() })
    const own = await acme.apiKey()
    for (const key of [production, neighbour, own, await globex.apiKey()]) await viewer(key)
    await app.run(acme.adminToken, '{ viewer { kind } }')
    const keys = async (credential: string, filter: object = {}): Promise<unknown[]> =>
      (await usage({ groupBy: ['API_KEY'], filter: { operations: ['viewer'], ...filter } }, credential)).map(({ apiKey }) => apiKey?.id)
    expect(await keys(reader.secret)).toEqual([own.id])
    expect(new Set(await keys(acme.adminToken))).toEqual(new Set([undefined, own.id, neighbour.id, production.id]))
    expect(await keys(acme.adminToken, { environment: 'PRODUCTION' })).toEqual([production.id])
    expect(await keys(reader.secret, { apiKeyIds: [production.id] })).toEqual([])
    expect(await keys(reader.secret, { projectId: globex.projectId })).toEqual([])
    const member = await acme.member('READER', [acme.projectId])
    expect(new Set(await keys(member.token))).toEqual(new Set([own.id, production.id]))
  })

  test('needs the permission, and input within its limits', async () => {
    const weak = await acme.apiKey({ permissions: ['api_key:read'] })
    expect(codeOf(await ask(weak.secret))).toBe('FORBIDDEN')
    expect(
      codeOf(
        await app.run(
          reader.secret,
          query,
          { from: '2026-06-01T00:00:00Z', to: '2026-06-02T00:00:00Z', interval: 'DAY' },
          { 'x-on-behalf-of': 'ada' },
        ),
      ),
    ).toBe('FORBIDDEN')
    const span = async (from: string, to: string, interval = 'MINUTE'): Promise<string | undefined> =>
      codeOf(await ask(reader.secret, { from, to, interval }))
    expect(await span('2026-06-01T00:00:00Z', '2026-06-02T00:00:00Z')).toBeUndefined()
    expect(await span('2026-06-01T00:00:59Z', '2026-06-02T00:00:00Z')).toBeUndefined()
    expect(await span('2026-06-01T00:00:00Z', '2026-06-02T00:00:00.001Z')).toBe('BAD_USER_INPUT')
    expect(await span('2026-06-01T00:00:00Z', '2026-07-31T00:00:00Z', 'HOUR')).toBeUndefined()
    expect(await span('2026-06-01T00:00:00Z', '2026-07-31T00:00:01Z', 'HOUR')).toBe('BAD_USER_INPUT')
    expect(await span('2026-06-01T00:00:00Z', '2026-06-01T00:00:00Z')).toBe('BAD_USER_INPUT')
    expect(await span('2026-06-02T00:00:00Z', '2026-06-01T00:00:00Z')).toBe('BAD_USER_INPUT')
    expect(codeOf(await ask(reader.secret, { filter: { environment: 'PRODUCTION' } }))).toBe('BAD_USER_INPUT')
    const ids = (count: number): object => ({ filter: { apiKeyIds: Array.from({ length: count }, (_, i) => `key_${i}`) } })
    expect([codeOf(await ask(reader.secret, ids(100))), codeOf(await ask(reader.secret, ids(101)))]).toEqual([undefined, 'BAD_USER_INPUT'])
    for (const filter of [{ operations: ['a\0', ''] }, { apiKeyIds: ['', '\0'] }, { projectId: '' }, { externalUserIds: ['\0', ' '] }]) {
      expect(await usage({ filter })).toEqual([])
    }
    expect(await span('0001-01-01T00:00:00Z', '0001-01-02T00:00:00Z')).toBeUndefined()
    expect(await span('0000-12-31T23:59:59Z', '0001-01-02T00:00:00Z')).toBe('BAD_USER_INPUT')
    expect(await span('9999-12-31T00:00:00Z', '9999-12-31T23:59:59Z')).toBeUndefined()
    expect(codeOf(await ask(weak.secret, { from: '2026-06-02T00:00:00Z', to: '2026-06-01T00:00:00Z' }))).toBe('BAD_USER_INPUT')
  })

  test('answers 1,000 rows, and refuses 1,001', async () => {
    const counts = new UsageAggregator()
    const at = app.clock.now()
    const actor = {
      organizationId: acme.id,
      projectIds: [acme.projectId],
      environment: 'SANDBOX',
      apiKey: { id: reader.id },
      endUser: null,
    }
    const use = (i: number): void => counts.used({ actor: actor as never, operation: `mcp/tool-${i}`, isDenied: false, at })
    for (let i = 0; i < 1000; i++) use(i)
    for (const { changes } of counts.drain()) await app.services.journal.writeBackground(changes)
    const asked = { groupBy: ['OPERATION'], filter: { apiKeyIds: [reader.id] } }
    expect(await usage(asked)).toHaveLength(1000)
    // The question just asked was by the admin; this one more is the key's.
    use(1000)
    for (const { changes } of counts.drain()) await app.services.journal.writeBackground(changes)
    expect(codeOf(await ask(acme.adminToken, asked))).toBe('BAD_USER_INPUT')
  })

  test('is dropped when its intervals have served: minutes after 7 days, hours after 90, days never', async () => {
    const base = app.clock.at
    const key = await acme.apiKey()
    app.clock.at = new Date('2026-06-10T00:00:00.000Z')
    await viewer(key)
    await app.services.writeBehind.flush()
    const lengths = async (iso: string): Promise<string[]> => {
      app.clock.at = new Date(iso)
      await deleteExpiredUsage(app.services)
      const rows = await acme.em.find(UsageCount, { apiKeyId: key.id, endUserId: '*' })
      return rows.map(({ length }) => length).toSorted()
    }
    expect(await lengths('2026-06-17T00:00:00.000Z')).toEqual(['DAY', 'HOUR', 'MINUTE'])
    expect(await lengths('2026-06-17T00:00:00.001Z')).toEqual(['DAY', 'HOUR'])
    expect(await lengths('2026-09-08T00:00:00.000Z')).toEqual(['DAY', 'HOUR'])
    expect(await lengths('2026-09-08T00:00:00.001Z')).toEqual(['DAY'])
    app.clock.at = base
  })
})

describe('the counts of the last second', () => {
  const actor = { organizationId: 'org_1', projectIds: ['prj_1'], environment: 'SANDBOX', apiKey: { id: 'key_1' }, endUser: null } as never

  test('are given back when they could not be written, and added to what came since', () => {
    const counts = new UsageAggregator()
    const at = new Date(0)
    counts.used({ actor, operation: 'viewer', isDenied: true, at })
    const [batch] = counts.drain()
    expect(counts.drain()).toEqual([])
    counts.used({ actor, operation: 'viewer', isDenied: false, at })
    batch!.requeue()
    const rows = counts.drain().flatMap(({ changes }) => changes.rows ?? [])
    expect(rows.map(({ row }) => row)).toMatchObject(Array.from({ length: 6 }, () => ({ requests: 2, denied: 1 })))
  })

  test('are on disk after the server has ended', async () => {
    const other = await startApp()
    const globex = await organization(other)
    await other.run(globex.sandboxKey, '{ viewer { kind } }')
    await other.app.close()
    const { services, close } = await openServices(other.config, { log: app.services.log })
    const rows = await entityManager(services.orm, globex.id).find(UsageCount, { operation: 'viewer' })
    expect(rows.map(({ requests }) => requests)).toEqual([1, 1, 1, 1, 1, 1])
    await close()
  })
})
