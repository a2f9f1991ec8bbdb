/** Lists of API keys compared with a sort in memory: orders, directions, pages, filters and counts. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { ApiKey } from '../src/entities/api-key.js'
import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import type { Results } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const labels = [null, 'a', 'A', 'b', 'B', 'Z', 'aa', 'a b', '%', '_', '!', 'é', 'É', 'z', '\u{1f511}', '\uffee', '10', '9', 'a', null]

/** Keys with every mixture of labels, times and ends, nulls and equals among them. */
async function mixture(): Promise<{ acme: SeededOrganization; rows: ApiKey[] }> {
  const acme = await organization(app)
  const keys = await acme.apiKeys(labels.length - 2, [])
  const { em } = acme
  const rows = await em.find(ApiKey, {}, { orderBy: { id: 'ASC' } })
  expect(rows).toHaveLength(keys.length + 2)
  const now = app.clock.now().getTime()
  for (const [i, row] of rows.entries()) {
    row.label = labels[(i * 7) % labels.length]!
    row.createdAt = new Date(now - (i % 4) * 1000)
    row.lastUsedAt = i % 3 === 0 ? null : new Date(now - (i % 5))
    if (row.permissions.length === 0) row.expiresAt = i % 4 === 0 ? null : new Date(now + (i % 4) - 2)
    if (i % 6 === 5) row.revokedAt = new Date(now)
  }
  await em.flush()
  return { acme, rows }
}

type Field = 'CREATED_AT' | 'LABEL' | 'LAST_USED_AT'
const valueOf: Record<Field, (row: ApiKey) => Buffer | number | null> = {
  CREATED_AT: (row) => row.createdAt.getTime(),
  LAST_USED_AT: (row) => row.lastUsedAt?.getTime() ?? null,
  LABEL: (row) => (row.label === null ? null : Buffer.from(row.label)),
}

function sorted(rows: readonly ApiKey[], field: Field, direction: 'ASC' | 'DESC'): string[] {
  const compare = (a: ApiKey, b: ApiKey): number => {
    const [x, y] = [valueOf[field](a), valueOf[field](b)]
    if (x === null || y === null) return x === y ? 0 : x === null ? -1 : 1
    return Buffer.isBuffer(x) ? x.compare(y as Buffer) : x - (y as number)
  }
  const ascending = rows.toSorted((a, b) => compare(a, b) || (a.id < b.id ? -1 : 1)).map(({ id }) => id)
  return direction === 'ASC' ? ascending : ascending.toReversed()
}

const document = `query ($first: Int, $after: String, $last: Int, $before: String, $orderBy: ApiKeyOrder, $filter: ApiKeyFilter) {
  apiKeys(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy, filter: $filter) {
    totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
interface Page extends Pick<Results['apiKeys'], 'pageInfo' | 'totalCount'> {
  readonly edges: { cursor: string; node: { id: string } }[]
}
const page = async (acme: SeededOrganization, variables: object): Promise<Page> => {
  const { data, text } = await app.run<{ apiKeys: Page } | undefined>(acme.adminToken, document, variables)
  if (!data) throw new Error(text)
  return data.apiKeys
}

test('every order equals a sort in memory, in both directions and in pages of any size', async () => {
  const { acme, rows } = await mixture()
  const fields = fc.constantFrom<Field>('CREATED_AT', 'LABEL', 'LAST_USED_AT')
  const directions = fc.constantFrom<'ASC' | 'DESC'>('ASC', 'DESC')
  const walk = async (field: Field, direction: 'ASC' | 'DESC', size: number, isBackward: boolean): Promise<void> => {
    const expected = sorted(rows, field, direction)
    const seen: string[] = []
    let cursor: string | null = null
    for (let more = true; more;) {
      const bounds: object = isBackward ? { last: size, before: cursor } : { first: size, after: cursor }
      const { edges, pageInfo, totalCount } = await page(acme, { ...bounds, orderBy: { field, direction } })
      const ids = edges.map((edge) => edge.node.id)
      if (isBackward) seen.unshift(...ids)
      else seen.push(...ids)
      expect([totalCount, pageInfo.startCursor, pageInfo.endCursor]).toEqual([rows.length, edges[0]!.cursor, edges.at(-1)!.cursor])
      more = isBackward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage
      cursor = isBackward ? pageInfo.startCursor : pageInfo.endCursor
      expect(seen.length <= rows.length).toBe(true)
    }
    expect(seen).toEqual(expected)
  }
  for (const field of ['CREATED_AT', 'LABEL', 'LAST_USED_AT'] as const) {
    for (const direction of ['ASC', 'DESC'] as const) for (const isBackward of [false, true]) await walk(field, direction, 3, isBackward)
  }
  await fc.assert(fc.asyncProperty(fields, directions, fc.integer({ min: 1, max: 25 }), fc.boolean(), walk), { numRuns: 10 })
})

test('a page has the 20 newest keys by default, ties are ordered by id, and before and after can be combined', async () => {
  const { acme, rows } = await mixture()
  await acme.apiKeys(5, [])
  const { edges, totalCount, pageInfo } = await page(acme, {})
  expect([edges.length, totalCount, pageInfo.hasNextPage]).toEqual([20, rows.length + 6, true])
  const rest = await page(acme, { after: edges[4]!.cursor, before: edges[8]!.cursor })
  expect(rest.edges.map((edge) => edge.cursor)).toEqual(edges.slice(5, 8).map((edge) => edge.cursor))
})

test('a list in a filter has at most 100 entries', async () => {
  const acme = await organization(app)
  const ask = (count: number): Promise<Answer> =>
    app.run(acme.sandboxKey, 'query ($filter: ApiKeyFilter) { apiKeys(filter: $filter) { totalCount } }', {
      filter: { statuses: Array.from({ length: count }, () => 'ACTIVE') },
    })
  expect((await ask(100)).errors).toBeUndefined()
  expect(codeOf(await ask(101))).toBe('BAD_USER_INPUT')
})

test('a page stays where it is while keys are added', async () => {
  const { acme, rows } = await mixture()
  const first = await page(acme, { first: 5 })
  app.clock.advance(1000)
  await acme.apiKeys(3, [])
  const second = await page(acme, { first: 100, after: first.pageInfo.endCursor })
  const seen = [...first.edges, ...second.edges].map((edge) => edge.node.id)
  expect(seen).toEqual(sorted(rows, 'CREATED_AT', 'DESC'))
})

test('each filter and all filters together select the matching keys, and totalCount counts them', async () => {
  const { acme, rows } = await mixture()
  const now = app.clock.now()
  const at = (ms: number): Date => new Date(now.getTime() + ms)
  const found = async (filter: object): Promise<string[]> => {
    const { edges, totalCount } = await page(acme, { first: 100, filter })
    expect(totalCount).toBe(edges.length)
    return edges.map((edge) => edge.node.id).toSorted()
  }
  const those = (is: (row: ApiKey) => boolean): string[] => rows.filter(is).map(({ id }) => id)
  const statuses = ['ACTIVE', 'EXPIRED', 'REVOKED'] as const
  for (const status of statuses) expect(await found({ statuses: [status] })).toEqual(those((row) => row.status(now) === status))
  expect(await found({ statuses: [...statuses] })).toEqual(those(() => true))
  expect(await found({ statuses: [] })).toEqual([])
  expect(await found({ statuses: Array.from({ length: 100 }, () => 'ACTIVE') })).toEqual(await found({ statuses: ['ACTIVE'] }))
  for (const ms of [-1, 0, 1, 2]) {
    expect(await found({ expiresBefore: at(ms) })).toEqual(those(({ expiresAt }) => expiresAt !== null && expiresAt < at(ms)))
    expect(await found({ unusedSince: at(ms - 2) })).toEqual(those(({ lastUsedAt }) => lastUsedAt === null || lastUsedAt < at(ms - 2)))
  }
  const lower = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
  for (const search of ['a', 'A', '%', '_', '!', 'é', 'É', 'a b', 'no such'])
    expect(await found({ search })).toEqual(those(({ label }) => label !== null && lower(label).includes(lower(search))))
  expect(await found({ environment: 'PRODUCTION' })).toEqual([])
  expect(await found({ projectId: acme.projectId, environment: 'SANDBOX' })).toEqual(those(() => true))
  expect(await found({ search: 'a', statuses: ['ACTIVE'], unusedSince: now })).toEqual(
    those(
      (row) =>
        row.label !== null &&
        lower(row.label).includes('a') &&
        row.status(now) === 'ACTIVE' &&
        (row.lastUsedAt === null || row.lastUsedAt < now),
    ),
  )
})

test.each([
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '9999-12-31T23:59:59-10:00',
  '0001-01-01T00:00:00+10:00',
])('a moment at the end of time, %s, is answered or refused, alike on both databases', async (moment) => {
  const acme = await organization(app)
  const isKept = /^(0001-01-01T00:00:00Z|9999-12-31T23:59:59Z)$/.test(moment)
  const outcomes = [
    await app.run(acme.adminToken, document, { filter: { expiresBefore: moment } }),
    await app.run(
      acme.adminToken,
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { expiresAt } userErrors { code } } }',
      {
        input: { permissions: [], expiresAt: moment },
      },
    ),
  ].map(({ errors }) => errors?.[0]?.extensions.code)
  expect(outcomes).toEqual(isKept ? [undefined, undefined] : ['BAD_USER_INPUT', 'BAD_USER_INPUT'])
})
