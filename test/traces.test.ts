/** Traces over OTLP: spans and parents, no user input, and no loss of requests with a dead collector. */
import { once } from 'node:events'
import { request as requestSlowly, type IncomingMessage } from 'node:http'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { startApp, type Answer } from './support/app.js'
import { collector, type CollectedSpan, type Collector } from './support/collector.js'
import { isPostgres } from './support/database.js'
import { Gateway } from './support/gateway.js'
import { canary } from './support/secret-positions.js'
import { organization } from './support/seed.js'
import { waitFor } from './support/wait-for.js'

let collected: Collector
let world: Gateway
beforeAll(async () => {
  collected = await collector()
  world = await Gateway.start(
    {},
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collected.origin}/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20key,x-team=keys',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=not-this,deployment.environment.name=test',
      OTEL_SERVICE_NAME: 'keys',
      OTEL_BSP_SCHEDULE_DELAY: '10',
    },
  )
})
afterAll(async () => {
  await world.close()
  await collected.close()
})
beforeEach(() => world.upstream.reset())

/** The span of a request, and those below it. */
const traceOf = (requestId: string | null): Promise<{ server: CollectedSpan; below: CollectedSpan[] }> =>
  waitFor(() => {
    const server = collected.spans.find(({ attributes }) => attributes['keyhouse.request_id'] === requestId)
    return server && { server, below: collected.spans.filter(({ parentId }) => parentId === server.spanId) }
  })

interface LogLine {
  readonly msg: string
  readonly requestId: string
  readonly trace_id: string
}

const lineOf = (requestId: string | null): LogLine | undefined =>
  world.app.log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LogLine)
    .find((line) => line.requestId === requestId && line.msg === 'request')

const exchange = 'mutation ($a: URL!) { exchangeApiKey(input: { audience: $a, externalUserId: "jane" }) { token userErrors { code } } }'
const audience = { a: 'https://a.example' }

describe('one exchange', () => {
  test('is a span, and below it its commit; the log has the trace, and the audit event the request', async () => {
    const answer = await world.app.run(world.acme.sandboxKey, exchange, audience)
    const requestId = answer.headers.get('x-request-id')
    const { server, below } = await traceOf(requestId)
    expect(server).toMatchObject({ name: 'POST /graphql', kind: 2, parentId: '', status: 0, events: 0 })
    expect(server.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/graphql',
      'http.response.status_code': 200,
      'url.path': '/graphql',
      'url.scheme': 'http',
      'graphql.operation.type': 'mutation',
      'keyhouse.operation': 'mutation exchangeApiKey',
      'keyhouse.request_id': requestId,
    })
    expect(below).toEqual([expect.objectContaining({ name: 'journal.commit', kind: 1, traceId: server.traceId, status: 0 })])
    expect(below[0]!.attributes).toEqual({
      'db.system.name': isPostgres ? 'postgresql' : 'sqlite',
      'keyhouse.action': 'api_key:exchange',
      'keyhouse.outcome': 'ALLOWED',
    })
    expect(lineOf(requestId)?.trace_id).toBe(server.traceId)
    const { nodes } = (await world.app.run(world.acme.adminToken, '{ auditEvents(first: 100) { nodes { requestId action } } }')).data
      .auditEvents
    expect(nodes).toContainEqual({ requestId, action: 'api_key:exchange' })
  })

  test('whose body comes late, in pieces, is traced as well', async () => {
    const body = JSON.stringify({ query: exchange, variables: audience })
    const headers = { authorization: `Bearer ${world.acme.sandboxKey}`, 'content-type': 'application/json', 'content-length': body.length }
    const asking = requestSlowly(`${world.app.url}/graphql`, { method: 'POST', headers, agent: false })
    asking.flushHeaders()
    for (const half of [body.slice(0, 50), body.slice(50)]) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      asking.write(half)
    }
    asking.end()
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    answer.resume()
    const { below } = await traceOf(String(answer.headers['x-request-id']))
    expect(below.map(({ name }) => name)).toEqual(['journal.commit'])
  })

  test('goes to the endpoint with the headers, and says whose it is', async () => {
    await traceOf((await world.app.run(world.acme.sandboxKey, '{ viewer { kind } }')).headers.get('x-request-id'))
    const [{ url, headers }] = collected.requests as [Collector['requests'][number]]
    expect([url, headers['x-key'], headers['x-team'], headers['content-type']]).toEqual([
      '/v1/traces',
      'a key',
      'keys',
      'application/x-protobuf',
    ])
    expect(collected.resources[0]).toMatchObject({ 'service.name': 'keys', 'deployment.environment.name': 'test' })
  })
})

describe('a change', () => {
  const create = (permissions: string[], key = world.acme.sandboxKey): Promise<Answer> =>
    world.app.run(key, 'mutation ($p: [Permission!]) { createApiKey(input: { permissions: $p }) { userErrors { code } } }', {
      p: permissions,
    })

  test('is a transaction below its request', async () => {
    const { below } = await traceOf((await create([])).headers.get('x-request-id'))
    expect(below.map(({ name, attributes }) => [name, attributes['keyhouse.action'], attributes['keyhouse.outcome']])).toEqual([
      ['journal.transaction', 'api_key:create', 'ALLOWED'],
    ])
  })

  test('that is refused says why, in our words, and is no fault of the server', async () => {
    const { secret } = await world.acme.apiKey({ permissions: ['api_key:create'] })
    const answer = await create(['api_key:revoke'], secret)
    expect(answer.data.createApiKey.userErrors).toEqual([{ code: 'PERMISSION_NOT_HELD' }])
    const { server, below } = await traceOf(answer.headers.get('x-request-id'))
    expect(server.status).toBe(0)
    expect(
      below.map(({ name, status, attributes }) => [name, status, attributes['keyhouse.refusal'], attributes['keyhouse.outcome']]),
    ).toEqual([
      ['journal.transaction', 0, 'PERMISSION_NOT_HELD', undefined],
      ['journal.commit', 0, undefined, 'DENIED'],
    ])
  })

  test('many at once: each below its own request', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => world.app.run(world.acme.sandboxKey, exchange, audience)))
    const traces = await Promise.all(answers.map(({ headers }) => traceOf(headers.get('x-request-id'))))
    expect(traces.map(({ below }) => below.map(({ name }) => name))).toEqual(answers.map(() => ['journal.commit']))
    expect(new Set(traces.map(({ server }) => server.traceId)).size).toBe(12)
  })
})

describe('a caller who traces', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const ask = async (traceparent: string, more: Record<string, string> = {}): Promise<string | null> =>
    (await world.app.run(world.acme.sandboxKey, '{ viewer { kind } }', {}, { traceparent, ...more })).headers.get('x-request-id')

  test('has the request below its own span', async () => {
    const { server } = await traceOf(await ask(`00-${traceId}-b7ad6b7169203331-01`))
    expect([server.traceId, server.parentId]).toEqual([traceId, 'b7ad6b7169203331'])
  })

  test('and decides that it is not sampled', async () => {
    const unsampled = await ask(`00-${traceId}-b7ad6b7169203331-00`)
    // Spans leave in the order in which they end.
    await traceOf(await ask(''))
    expect(collected.spans.filter(({ attributes }) => attributes['keyhouse.request_id'] === unsampled)).toEqual([])
    expect(lineOf(unsampled)?.trace_id).toBe(traceId)
  })

  test.each([`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `00-${traceId}-b7ad6b7169203331`, `ff-${traceId}-b7ad6b7169203331-01`, canary])(
    'wrongly (%s) begins a trace of its own',
    async (traceparent) => {
      const { server } = await traceOf(await ask(traceparent))
      expect(server.parentId).toBe('')
      expect(server.traceId).not.toBe(traceId)
    },
  )
})

describe('a call of an MCP server', () => {
  test('is below its request; the server is told nothing of it', async () => {
    const serverId = await world.server()
    await world.credential(serverId, { bearerToken: 'a-secret-of-the-server' })
    const agent = await world.agent()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const headers = { traceparent, tracestate: 'a=b', baggage: 'a=b' }
    const answer = await world.call(serverId, agent.secret, 'echo', {}, headers)
    expect(answer.status).toBe(200)
    const { server, below } = await traceOf(answer.headers.get('x-request-id'))
    expect(server).toMatchObject({ name: 'POST /mcp/:serverId', traceId: '0af7651916cd43dd8448eb211c80319c' })
    expect(server.attributes).toMatchObject({ 'url.path': '/mcp/:serverId', 'keyhouse.operation': 'mcp:tools/call' })
    const call = below.find(({ kind }) => kind === 3)!
    expect(call).toMatchObject({ name: 'POST', status: 0 })
    expect(call.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(world.upstream.origin).port),
    })
    expect(below.map(({ attributes }) => attributes['keyhouse.action'])).toContain('mcp_tool:call')
    expect(Object.keys(world.upstream.received.at(-1)!.request.headers).filter((name) => /trace|baggage/.test(name))).toEqual([])
  })

  test('that fails is marked, by code', async () => {
    world.upstream.answer = ({ request }) => void request.socket.destroy()
    const serverId = await world.server()
    await world.credential(serverId, { bearerToken: 'a-secret-of-the-server' })
    const { below } = await traceOf((await world.call(serverId, (await world.agent()).secret)).headers.get('x-request-id'))
    expect(below.find(({ kind }) => kind === 3)).toMatchObject({ status: 2, attributes: { 'error.type': 'CONNECTION_FAILED' } })
  })
})

test('nothing that anybody wrote is in any span: no secret, name, variable, path or text', async () => {
  const { app, acme } = world
  const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${app.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
  await app.run(canary, '{ viewer { kind } }')
  await app.run(acme.sandboxKey, `query ${canary} { ${canary}: viewer { kind } }`)
  await app.run(acme.sandboxKey, `{ ${canary} }`)
  await app.run(acme.sandboxKey, '{ viewer { kind } }', {}, { 'x-on-behalf-of': ` ${canary}`, 'user-agent': canary })
  await app.run(acme.sandboxKey, '{ viewer { kind } }', {}, { tracestate: `a=${canary}`, baggage: `a=${canary}` })
  await app.run(acme.sandboxKey, exchange, { a: canary })
  await app.mutate(acme.adminToken, 'verifyApiKey', { secret: canary }, 'verdict { code }')
  await app.mutate(acme.sandboxKey, 'createApiKey', { label: canary, permissions: [`${canary}:x`] }, 'apiKey { id }')
  const serverId = await world.server({ name: canary, serverUrl: `${world.upstream.origin}/${canary}?key=${canary}` })
  await world.credential(serverId, { headers: [{ name: 'x-key', value: canary }] })
  world.upstream.answer = ({ response }) => void response.writeHead(500, canary, { 'x-key': canary }).end(canary)
  await app.mutate(acme.sandboxKey, 'testMcpServer', { serverId }, 'test { connected }')
  await world.call(serverId, (await world.agent()).secret, canary, { text: canary })
  const call = JSON.stringify({ jsonrpc: '2.0', id: canary, method: canary, params: { name: canary } })
  await post(`/mcp/${canary}`, call, { authorization: `Bearer ${acme.sandboxKey}`, accept: 'application/json, text/event-stream' })
  await post('/graphql', JSON.stringify({ query: '{ viewer { kind } }', operationName: canary }), { authorization: `Bearer ${canary}` })
  await fetch(`${app.url}/graphql?query={viewer{kind}}&operationName=${canary}`, { headers: { 'apollo-require-preflight': '1' } })
  const last = await fetch(`${app.url}/${canary}?${canary}`)
  const { server } = await traceOf(last.headers.get('x-request-id'))
  expect(server).toMatchObject({ name: 'GET', attributes: { 'url.path': '/REDACTED', 'http.response.status_code': 404 } })
  const sent = Buffer.concat(collected.requests.map(({ body }) => body)).toString('latin1')
  expect(sent).toContain('mutation testMcpServer')
  for (const secret of [canary, acme.sandboxKey, acme.adminToken]) expect(sent.includes(secret)).toBe(false)
  expect(sent).not.toMatch(/canary|jane|a\.example/i)
  expect(collected.spans.reduce((sum, { events }) => sum + events, 0)).toBe(0)
})

test('health and metrics are not traced', async () => {
  for (const path of ['/healthz', '/readyz', '/metrics']) expect((await fetch(`${world.app.url}${path}`)).status).toBe(200)
  await traceOf((await world.app.run(world.acme.sandboxKey, '{ viewer { kind } }')).headers.get('x-request-id'))
  expect(collected.spans.filter(({ name }) => /health|ready|metrics/.test(name))).toEqual([])
})

test.each([
  ['always_off', '', 0],
  ['parentbased_always_off', '', 0],
  ['traceidratio', '0', 0],
  ['traceidratio', '1', 3],
  ['parentbased_traceidratio', '1', 3],
])('%s %s samples %i of three; what has gathered is sent at the end', async (sampler, ratio, count) => {
  const other = await collector()
  const endpoint = `${other.origin}/elsewhere`
  const app = await startApp({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint,
    OTEL_TRACES_SAMPLER: sampler,
    ...(ratio === '' ? {} : { OTEL_TRACES_SAMPLER_ARG: ratio }),
  })
  for (let i = 0; i < 3; i++) await app.run(null, '{ __typename }')
  await app.close()
  expect(other.spans).toHaveLength(count)
  if (count > 0) expect(other.requests[0]!.url).toBe('/elsewhere')
  await other.close()
})

describe('a collector that', () => {
  const quick = { OTEL_BSP_SCHEDULE_DELAY: '10' }
  const told = 'trace export failed'
  const count = (log: string, text: string): number => log.split(text).length - 1

  test('is not there harms nobody: one line, and the end comes in time', async () => {
    const app = await startApp({ ...quick, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '300' })
    const acme = await organization(app)
    const ask = async (): Promise<void> => {
      expect((await app.run(acme.sandboxKey, exchange, audience)).data.exchangeApiKey.userErrors).toEqual([])
    }
    await ask()
    await waitFor(() => app.log.includes(told))
    // These are lost at the end, at the latest.
    await ask()
    await app.close()
    expect(count(app.log, told)).toBe(1)
    expect(app.log).toMatch(/"reason":"ECONNREFUSED"/)
  })

  test('refuses for a while is told of twice: when it begins, and when it ends', async () => {
    let status = 401
    const other = await collector(() => status)
    const app = await startApp({ ...quick, OTEL_EXPORTER_OTLP_ENDPOINT: other.origin })
    const round = async (): Promise<void> => {
      const before = other.requests.length
      await app.run(null, '{ __typename }')
      await waitFor(() => other.requests.length > before)
    }
    await round()
    await round()
    await waitFor(() => app.log.includes(told))
    expect(count(app.log, 'trace export recovered')).toBe(0)
    expect(app.log).toContain('"reason":401')
    status = 200
    await round()
    await waitFor(() => app.log.includes('trace export recovered'))
    expect(count(app.log, told)).toBe(1)
    await app.close()
    await other.close()
  })
})
