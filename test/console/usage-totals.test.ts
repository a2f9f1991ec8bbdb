/** Usage in total: one row for the whole time range, of people, of programs, or by key. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { UsageCount } from '../../src/entities/usage-count.js'
import { startApp, type Answer, type TestApp } from '../support/app.js'
import { organization, type SeededOrganization } from '../support/seed.js'

let app: TestApp
const query = `query ($from: DateTime!, $to: DateTime!, $groupBy: [UsageDimension!], $filter: UsageFilter) {
  usage(from: $from, to: $to, interval: TOTAL, groupBy: $groupBy, filter: $filter) { start requests denied apiKey { id } } }`
const hour = 3_600_000
const day = 24 * hour
let busy: SeededOrganization
let keyId: string
const at = (ago: number): string => new Date(app.clock.now().getTime() - ago).toISOString()
const total = (asked: object): Promise<Answer> => app.run(busy.adminToken, query, { to: at(-hour), ...asked })

beforeAll(async () => {
  app = await startApp()
  busy = await organization(app)
  keyId = (await busy.apiKey()).id
  const row = (length: 'HOUR' | 'DAY', ago: number, apiKeyId: string, requests: number): UsageCount =>
    Object.assign(new UsageCount(), {
      organizationId: busy.id,
      length,
      endUserId: '*',
      start: new Date(Math.floor((app.clock.now().getTime() - ago) / (length === 'DAY' ? day : hour)) * (length === 'DAY' ? day : hour)),
      projectId: apiKeyId && busy.projectId,
      environment: apiKeyId && ('SANDBOX' as const),
      apiKeyId,
      operation: 'viewer',
      requests,
      denied: 1,
    })
  const rows = [
    row('HOUR', 2 * hour, keyId, 3),
    row('HOUR', 5 * hour, keyId, 4),
    row('HOUR', hour, '', 10),
    row('DAY', 100 * day, keyId, 70),
  ]
  await busy.em.persist(rows).flush()
})

afterAll(() => app.close())

test('in total is one row: full hours of a short range, full days of one that hours no longer cover', async () => {
  expect((await total({ from: at(6 * hour) })).data.usage).toMatchObject([{ start: at(6 * hour), requests: 17, denied: 3 }])
  expect((await total({ from: at(2 * hour - 1) })).data.usage).toMatchObject([{ start: at(2 * hour), requests: 13 }])
  const old = await total({ from: at(101 * day), to: at(99 * day) })
  expect(old.data.usage).toMatchObject([{ requests: 70 }])
  expect((await total({ from: at(59 * day + 23 * hour) })).data.usage).toMatchObject([{ requests: 17 }])
  expect((await total({ from: at(60 * day) })).data.usage).toEqual([])
})

test('in total by key is a row a key', async () => {
  const { usage } = (await total({ from: at(6 * hour), groupBy: ['API_KEY'] })).data
  expect(usage.map(({ apiKey, requests }) => [apiKey?.id, requests])).toEqual([
    [undefined, 10],
    [keyId, 7],
  ])
})

test('of people alone, of all others, and of nobody', async () => {
  expect((await total({ from: at(6 * hour), filter: { byPeople: true } })).data.usage).toMatchObject([{ requests: 10 }])
  expect((await total({ from: at(6 * hour), filter: { byPeople: false } })).data.usage).toMatchObject([{ requests: 7 }])
  expect((await total({ from: at(50 * day), to: at(49 * day) })).data.usage).toEqual([])
})

test('in total spans at most 1,440 days', async () => {
  // The first day is whole, so the range begins at midnight.
  const to = '2026-06-02T00:00:00.000Z'
  const from = (days: number): string => new Date(Date.parse(to) - days * day).toISOString()
  expect((await total({ from: from(1440), to })).data.usage).toMatchObject([{ requests: 70 }])
  expect((await total({ from: from(1441), to })).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
})
