/** Metrics and logs: correct numbers, labels that callers cannot choose, and request ids of audit events. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { countCacheTtlMs } from '../src/encryption/count-sealed-rows.js'
import { gatewayErrors } from '../src/gateway/gateway-error.js'
import { requestErrorDescriptions, userErrorDescriptions } from '../src/lib/error-codes.js'
import { buildSchema } from '../src/schema.js'
import { startApp, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import { freePort } from './support/local-server.js'
import { organization, type SeededOrganization } from './support/seed.js'

const unreachable = { name: 'Nowhere', serverLabel: 'nowhere', serverUrl: 'https://mcp.invalid/mcp' }

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp({}, { resolve: () => Promise.reject(new Error('there is no such name')) })
  acme = await organization(app)
})
afterAll(() => app.close())

const scrape = async (at: TestApp = app): Promise<string> => (await fetch(`${at.url}/metrics`)).text()

/** The value of one series, by its whole name; undefined when there is none. */
const valueOf = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

/** How much a series grew by something. */
async function growth(series: string, act: () => Promise<unknown>): Promise<number> {
  const before = valueOf(await scrape(), series) ?? 0
  await act()
  return (valueOf(await scrape(), series) ?? 0) - before
}

const requests = (operation: string, code: string, route = '/graphql'): string =>
  `keyhouse_requests_total{route="${route}",operation="${operation}",code="${code}"}`

const create = (key: string, permissions: string[]): Promise<unknown> => app.mutate(key, 'createApiKey', { permissions }, 'apiKey { id }')

describe('the numbers', () => {
  test('requests are counted by operation and code, and timed', async () => {
    expect(await growth(requests('createApiKey', 'OK'), () => create(acme.sandboxKey, []))).toBe(1)
    expect(await growth(requests('viewer', 'UNAUTHENTICATED'), () => app.run(null, '{ viewer { kind } }'))).toBe(1)
    expect(await growth(requests('(several)', 'OK'), () => app.run(acme.sandboxKey, '{ viewer { kind } apiKeys { totalCount } }'))).toBe(1)
    expect(await growth(requests('', 'GRAPHQL_PARSE_FAILED'), () => app.run(acme.sandboxKey, '{'))).toBe(1)
    expect(await growth(requests('', 'OK', '/healthz'), () => fetch(`${app.url}/healthz`))).toBe(1)
    expect(
      await growth('keyhouse_request_seconds_count{route="/graphql",operation="createApiKey"}', () => create(acme.sandboxKey, [])),
    ).toBe(1)
  })

  test('refusals by code, those in userErrors too', async () => {
    const refused = 'keyhouse_refusals_total{operation="createApiKey",code="INVALID"}'
    expect(await growth(refused, () => create(acme.sandboxKey, ['api_key:nonsense']))).toBe(1)
    expect(
      await growth('keyhouse_refusals_total{operation="viewer",code="UNAUTHENTICATED"}', () => app.run(null, '{ viewer { kind } }')),
    ).toBe(1)
  })

  test('group commits by size and time, and every exchange is in one', async () => {
    const exchange = (): Promise<unknown> =>
      app.mutate(acme.sandboxKey, 'exchangeApiKey', { audience: 'https://a.example' }, 'accessToken { id }')
    const entries = await growth('keyhouse_group_commit_entries_sum', () => Promise.all(Array.from({ length: 5 }, exchange)))
    expect(entries).toBeGreaterThanOrEqual(5)
    const text = await scrape()
    expect(valueOf(text, 'keyhouse_group_commit_seconds_count')).toBe(valueOf(text, 'keyhouse_group_commit_entries_count'))
  })

  test('what waits to be written behind, until it is written', async () => {
    await app.services.writeBehind.flush()
    const waiting = 'keyhouse_write_behind_rows{source="usage"}'
    expect(valueOf(await scrape(), waiting)).toBe(0)
    await app.run(acme.sandboxKey, '{ viewer { kind } }')
    const grown = valueOf(await scrape(), waiting)!
    await app.services.writeBehind.flush()
    expect([grown > 0, valueOf(await scrape(), waiting)]).toEqual([true, 0])
  })

  test('rows by master key, counted again after ten minutes and not before', async () => {
    // Signing keys: the one that signs, and the next one.
    const sealed = /keyhouse_sealed_rows\{what="signing keys",key_id="\w+"\} 2\n/
    expect(await scrape()).toMatch(sealed)
    const reveal = (text: string): number => Number(/what="reveal texts",key_id="\w+"\} (\d+)/.exec(text)?.[1] ?? 0)
    const before = reveal(await scrape())
    await app.mutate(acme.adminToken, 'createPersonalToken', { type: 'FULL_ACCESS' }, 'token')
    app.clock.advance(countCacheTtlMs - 1)
    expect(reveal(await scrape())).toBe(before)
    app.clock.advance(1)
    // Whoever asks first is told the old count, and begins the new one.
    await scrape()
    while (reveal(await scrape()) === before) await new Promise(setImmediate)
    expect(reveal(await scrape())).toBe(before + 1)
  })

  test('the pool of PostgreSQL', async () => {
    const text = await scrape()
    expect(valueOf(text, 'keyhouse_database_pool{state="waiting"}')).toBe(isPostgres ? 0 : undefined)
    if (isPostgres) expect(valueOf(text, 'keyhouse_database_pool{state="idle"}')).toBeGreaterThan(0)
  })

  test('calls of MCP servers, by how they ended', async () => {
    const { server } = await app.mutate(acme.sandboxKey, 'createMcpServer', unreachable, 'server { id }')
    const ask = (): Promise<unknown> => app.mutate(acme.sandboxKey, 'testMcpServer', { serverId: server.id }, 'server { id }')
    expect(await growth('keyhouse_outbound_requests_total{outcome="CONNECTION_FAILED"}', ask)).toBe(1)
  })
})

describe('the labels', () => {
  test('are of closed lists, whatever is asked: no name, path or secret of a caller becomes one', async () => {
    const canary = 'kh_sand_0000000000000000000000000000000000canary'
    const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<unknown> =>
      fetch(`${app.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
    await app.run(canary, '{ viewer { kind } }')
    await app.run(acme.sandboxKey, `query ${canary} { ${canary}: viewer { kind } }`)
    await app.run(acme.sandboxKey, `{ ${canary} }`)
    await app.run(acme.sandboxKey, '{ viewer { kind } }', {}, { 'x-on-behalf-of': ` ${canary}` })
    await post(`/${canary}`, '{}')
    await post('/graphql', JSON.stringify({ query: '{ viewer { kind } }', operationName: canary }), { authorization: `Bearer ${canary}` })
    const call = JSON.stringify({ jsonrpc: '2.0', id: canary, method: canary, params: { name: canary } })
    await post(`/mcp/${canary}`, call, { authorization: `Bearer ${acme.sandboxKey}`, accept: 'application/json, text/event-stream' })
    await fetch(`${app.url}/healthz?${canary}`)
    await fetch(`${app.url}/${canary}`)
    const text = await scrape()
    for (const secret of [canary, acme.sandboxKey, acme.adminToken, acme.id, acme.projectId]) expect(text).not.toContain(secret)
    const schema = buildSchema()
    const fields = [schema.getQueryType()!, schema.getMutationType()!].flatMap((type) => Object.keys(type.getFields()))
    const known: Record<string, readonly string[]> = {
      operation: ['', '(several)', 'mcp:other', ...fields],
      code: ['OK', ...Object.keys(requestErrorDescriptions), ...Object.keys(userErrorDescriptions), ...Object.keys(gatewayErrors)],
      source: ['usage', 'times of last use', 'health of credentials'],
    }
    for (const [label, lawful] of Object.entries(known)) {
      const values = [...text.matchAll(new RegExp(`[{,]${label}="([^"]*)"`, 'g'))].map(([, value]) => value!)
      expect(values.filter((value) => !lawful.includes(value))).toEqual([])
      expect(values.length).toBeGreaterThan(0)
    }
    expect(text).toContain('operation="mcp:other"')
    for (const [, route] of text.matchAll(/route="([^"]*)"/g))
      expect(route).toMatch(/^(\(none\)|\/graphql|\/healthz|\/mcp\/:serverId|\/metrics)$/)
  })
})

test('with a port of its own it is there, and on the other port there is nothing', async () => {
  const port = await freePort()
  const other = await startApp({ KEYHOUSE_METRICS_PORT: port })
  expect((await fetch(`${other.url}/metrics`)).status).toBe(404)
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  expect(await answer.text()).toContain('keyhouse_build_info{version="')
  await other.close()
  await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow()
})

test('probes and scrapes are logged at debug, all other requests at info', async () => {
  const from = app.logLength
  for (const path of ['/healthz', '/readyz', '/metrics', '/.well-known/jwks.json']) await fetch(`${app.url}${path}`)
  const lines = app
    .logFrom(from)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'request')
  expect(lines.map(({ path, level }) => [path, level])).toEqual([
    ['/healthz', 20],
    ['/readyz', 20],
    ['/metrics', 20],
    ['/.well-known/jwks.json', 30],
  ])
})

test('a line of the log and the event of the audit trail are joined by the id of the request', async () => {
  const query = 'mutation { createApiKey(input: { permissions: [] }) { apiKey { id } userErrors { code } } }'
  const answer = await app.run(acme.sandboxKey, query)
  const requestId = answer.headers.get('x-request-id')!
  const line = app.log
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))
    .find((one) => one.requestId === requestId)
  expect(line).toMatchObject({ operation: 'mutation createApiKey', status: 200 })
  const list = '{ auditEvents(first: 100) { nodes { requestId action subjectId } } }'
  const { nodes } = (await app.run(acme.adminToken, list)).data.auditEvents
  expect(nodes.filter((event) => event.requestId === requestId)).toEqual([
    { requestId, action: 'api_key:create', subjectId: answer.data.createApiKey.apiKey.id },
  ])
})
