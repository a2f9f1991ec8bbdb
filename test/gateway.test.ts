/** Messages through the gateway: which pass and which are refused. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { Gateway, rpcResult, sendJson, type Received } from './support/gateway.js'

let world: Gateway
beforeAll(async () => {
  world = await Gateway.start({}, { KEYHOUSE_CORS_ORIGINS: 'https://app.example' })
})
afterAll(() => world.close())
beforeEach(() => world.upstream.reset())

const secret = 'the-secret-of-this-server'
const usable = async (input: object = {}): Promise<string> => {
  const serverId = await world.server(input)
  await world.credential(serverId, { bearerToken: secret })
  return serverId
}
const outcomesOf = async (serverId: string): Promise<unknown[]> =>
  (await world.events('mcp_tool:call', serverId)).map(({ outcome, details }) => [
    outcome,
    details['tool'],
    details['outcome'] ?? details['code'],
  ])

describe('a call', () => {
  test('arrives with the stored credential and without the caller’s, and is recorded once', async () => {
    const serverId = await usable()
    const agent = await world.agent(['echo'])
    const headers = {
      'x-on-behalf-of': 'alice',
      cookie: 'a=b',
      'user-agent': 'someone',
      'x-other': 'other',
      'mcp-protocol-version': '2025-06-18',
    }
    await world.credential(serverId, { bearerToken: secret }, { 'x-on-behalf-of': 'alice' })
    const answer = await world.call(serverId, agent.secret, 'echo', { message: 'a private word' }, headers)
    expect(answer.status).toBe(200)
    expect(answer.body.result).toEqual({ content: [{ type: 'text', text: 'done' }] })
    expect(world.upstream.received).toHaveLength(1)
    const { request } = world.upstream.received[0]!
    expect(request.headers.authorization).toBe(`Bearer ${secret}`)
    expect(request.headers['mcp-protocol-version']).toBe('2025-06-18')
    expect(Object.keys(request.headers).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'authorization',
      'cdn-loop',
      'connection',
      'content-length',
      'content-type',
      'host',
      'mcp-protocol-version',
    ])
    expect(request.headers['accept-encoding']).toBe('identity')
    expect(JSON.stringify(request.rawHeaders)).not.toMatch(new RegExp(`${agent.secret}|alice`))
    const [event, ...more] = await world.events('mcp_tool:call', serverId)
    expect(more).toEqual([])
    expect(event).toMatchObject({ outcome: 'ALLOWED', actorId: agent.id, details: { tool: 'echo', outcome: 'OK', durationMs: 0 } })
    expect(event!.endUserId).toMatch(/^eu_/)
    expect(JSON.stringify(event)).not.toContain('a private word')
  })

  test('touches lastUsedAt, within a second', async () => {
    const serverId = await world.server()
    const id = await world.credential(serverId, { bearerToken: secret })
    const agent = await world.agent()
    await world.rpc(serverId, agent.secret, 'tools/list')
    await world.app.services.writeBehind.flush()
    expect((await world.acme.credentialRow(id)).lastUsedAt).toEqual(world.app.clock.at)
  })

  test.each([
    [
      'a tool that fails',
      () => (r: Received) => sendJson(r.response, rpcResult(r.body.id, { isError: true, content: [] })),
      'TOOL_ERROR',
      200,
    ],
    [
      'a JSON-RPC error',
      () => (r: Received) => sendJson(r.response, { jsonrpc: '2.0', id: r.body.id, error: { code: -1, message: 'no' } }),
      'TOOL_ERROR',
      200,
    ],
    [
      'an answer that is no JSON',
      () => (r: Received) => void r.response.writeHead(200, { 'content-type': 'application/json' }).end('{'),
      'UPSTREAM_FAILED',
      200,
    ],
    [
      'a name twice in the answer',
      () => (r: Received) => void r.response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1,"a":2}'),
      'UPSTREAM_FAILED',
      200,
    ],
    [
      'an encoded answer',
      () => (r: Received) => void r.response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end('x'),
      'UPSTREAM_FAILED',
      200,
    ],
    ['a broken connection', () => (r: Received) => void r.response.socket!.destroy(), 'UPSTREAM_FAILED', 200],
    ['a server that is broken', () => (r: Received) => void r.response.writeHead(500).end(), 'UPSTREAM_FAILED', 502],
    [
      'a redirect elsewhere',
      () => (r: Received) => void r.response.writeHead(307, { location: 'https://example.com/' }).end(),
      'UPSTREAM_FAILED',
      200,
    ],
    [
      'a refused credential',
      () => (r: Received) => void r.response.writeHead(401, { 'www-authenticate': 'Bearer' }).end(),
      'CREDENTIAL_REFUSED',
      200,
    ],
  ])('has one outcome: %s', async (_name, answering, outcome, status) => {
    const serverId = await usable()
    const agent = await world.agent()
    world.upstream.answer = answering()
    const answer = await world.call(serverId, agent.secret)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('www-authenticate')).toBeNull()
    expect(await outcomesOf(serverId)).toEqual([['ALLOWED', 'echo', outcome]])
  })

  test('a refused credential reads as one, not as the caller’s', async () => {
    const serverId = await usable()
    const agent = await world.agent()
    world.upstream.answer = ({ response }) => void response.writeHead(401).end()
    const { body } = await world.call(serverId, agent.secret)
    expect(body.error).toMatchObject({ message: expect.stringContaining('stored credential'), data: { httpStatus: 401 } })
    expect((await world.fetch(serverId, agent.secret, { method: 'GET' })).status).toBe(502)
  })

  test('without a usable credential nothing reaches upstream', async () => {
    const agent = await world.agent()
    const serverId = await world.server()
    const elsewhere = await world.credential(serverId, { bearerToken: secret }, { 'x-on-behalf-of': 'alice' })
    const soon = new Date(world.app.clock.at.getTime() + 1000).toISOString()
    await world.credential(serverId, { bearerToken: secret }, {}, { expiresAt: soon })
    expect((await world.call(serverId, agent.secret)).body.result).toBeDefined()
    world.app.clock.advance(1000)
    world.upstream.reset()
    for (const headers of [{}, { 'x-on-behalf-of': 'bob' }] as Record<string, string>[]) {
      const { body } = await world.call(serverId, agent.secret, 'echo', {}, headers)
      expect(body.error.message).toContain('no usable credential')
    }
    expect((await world.call(serverId, agent.secret, 'echo', {}, { 'x-on-behalf-of': 'alice' })).body.result).toBeDefined()
    await world.app.mutate(world.acme.sandboxKey, 'revokeMcpCredential', { id: elsewhere }, 'credential { id }', {
      'x-on-behalf-of': 'alice',
    })
    expect((await world.call(serverId, agent.secret, 'echo', {}, { 'x-on-behalf-of': 'alice' })).body.error).toBeDefined()
    expect(world.upstream.received).toHaveLength(1)
    await world.credential(serverId, { none: 'NONE' })
    expect((await world.call(serverId, agent.secret)).body.result).toBeDefined()
    expect(world.upstream.received.at(-1)!.request.headers.authorization).toBeUndefined()
  })

  test('carries the newest credential, and none that was stored before the server moved', async () => {
    const agent = await world.agent()
    const serverId = await world.server()
    const moveTo = (origin: string): Promise<unknown> =>
      world.app.mutate(world.acme.sandboxKey, 'updateMcpServer', { id: serverId, serverUrl: `${origin}/mcp` }, 'server { id }')
    const sent = async (): Promise<unknown> => {
      const { body } = await world.call(serverId, agent.secret)
      return body.error?.code ?? world.upstream.received.at(-1)?.request.headers.authorization
    }
    for (const bearerToken of ['the-first-of-two', 'the-second-of-two']) {
      await world.credential(serverId, { bearerToken })
      world.app.clock.advance(1)
      expect(await sent()).toBe(`Bearer ${bearerToken}`)
    }
    await moveTo('http://127.0.0.1:9')
    await moveTo(world.upstream.origin)
    expect(await sent()).toBe(1004)
    await world.credential(serverId, { bearerToken: 'one-for-where-it-is' })
    expect(await sent()).toBe('Bearer one-for-where-it-is')
  })
})

describe('tools', () => {
  const tools = ['echo', 'sum', 'other']
  const listed = async (serverId: string, key: string): Promise<string[]> => {
    const { body } = await world.rpc(serverId, key, 'tools/list')
    return body.result.tools.map(({ name }) => name)
  }

  test.each([
    [null, ['*'], tools],
    [null, ['echo'], ['echo']],
    [['echo', 'sum'], ['*'], ['echo', 'sum']],
    [['echo', 'sum'], ['sum', 'other'], ['sum']],
    [[], ['*'], []],
    [null, [], []],
  ])('allowedTools %j and permissions %j show and allow %j', async (allowedTools, permitted, allowed) => {
    world.upstream.answer = ({ response, body }) =>
      sendJson(
        response,
        rpcResult(body.id, body.method === 'tools/list' ? { tools: tools.map((name) => ({ name })), nextCursor: 'n' } : { content: [] }),
      )
    const serverId = await usable({ allowedTools })
    const { secret: key } = await world.agent(permitted)
    expect(await listed(serverId, key)).toEqual(allowed)
    for (const tool of tools) {
      const { body } = await world.call(serverId, key, tool)
      expect([tool, body.result !== undefined]).toEqual([tool, allowed.includes(tool)])
    }
    expect(world.upstream.toolCallCount()).toBe(allowed.length)
    const refused = (await outcomesOf(serverId)).filter((one) => (one as unknown[])[0] === 'DENIED')
    expect(refused).toEqual(tools.filter((tool) => !allowed.includes(tool)).map(() => ['DENIED', null, 'FORBIDDEN']))
  })

  test('the list is cut on a stream that the client only listens to, too', async () => {
    world.upstream.answer = ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`id: 1\ndata: ${JSON.stringify(rpcResult(9, { tools: tools.map((name) => ({ name })) }))}\n\n`)
    }
    const serverId = await usable({ allowedTools: ['sum'] })
    const { secret: key } = await world.agent()
    const text = await (await world.fetch(serverId, key, { method: 'GET' })).text()
    expect(text).toBe(`id: 1\ndata: ${JSON.stringify(rpcResult(9, { tools: [{ name: 'sum' }] }))}\n\n`)
  })

  test.each([
    ['has a name twice', '{"jsonrpc":"2.0","id":9,"result":{"tools":[]},"result":{"tools":[{"name":"other"}]}}'],
    ['is cut off', '{"jsonrpc":"2.0","id":9,"result":{"tools":[{"name":"other"}]}'],
    ['is in lines that are no JSON', '{"jsonrpc":"2.0","id":9,"result":{"tools":[{"name":"other"}]}}\ndata: }'],
    ['is no JSON', 'other'],
  ])('a list on a stream that %s is dropped, on POST and GET', async (_name, data) => {
    const serverId = await usable({ allowedTools: ['sum'] })
    const { secret: key } = await world.agent()
    const sent = `id: 1\ndata: ${data}\n\nid: 2\n\nid: 3\ndata:\n\n`
    for (const method of ['POST', 'GET']) {
      const last = `data: ${JSON.stringify(rpcResult(1, { tools: tools.map((name) => ({ name })) }))}\n\n`
      world.upstream.answer = ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end(sent + last)
      }
      const body = method === 'POST' ? { body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' } : {}
      const text = await (await world.fetch(serverId, key, { method, ...body })).text()
      expect(text).toBe(`id: 2\n\nid: 3\ndata: \n\ndata: ${JSON.stringify(rpcResult(1, { tools: [{ name: 'sum' }] }))}\n\n`)
    }
  })

  test('need mcp_server:use, and a server of the caller’s own', async () => {
    const serverId = await usable()
    const { secret: without } = await world.acme.apiKey({ permissions: ['mcp_tool:*'] })
    expect(await world.call(serverId, without)).toMatchObject({
      status: 403,
      body: { error: { message: expect.stringContaining('mcp_server:use') } },
    })
    const { secret: key } = await world.agent()
    const production = await world.acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })
    expect((await world.call(serverId, production.secret)).status).toBe(404)
    expect((await world.call(`mcp_srv_${'0'.repeat(32)}`, key)).status).toBe(404)
    expect((await world.fetch(serverId, world.acme.adminToken, { body: '{"jsonrpc":"2.0","method":"ping","id":1}' })).status).toBe(403)
    expect((await fetch(`${world.app.url}/mcp/${serverId}`)).status).toBe(401)
    expect(world.upstream.received).toEqual([])
  })
})

test('what cannot be the id of a server is not found, whatever its form, and the database is not asked', async () => {
  const { secret: key } = await world.agent()
  const serverId = await usable()
  for (const id of ['%00', 'x', '%E2%80%A8', serverId.toUpperCase(), `${serverId}%00`, `${serverId}0`, serverId.slice(0, -1), "'--"]) {
    const { status, body } = await world.rpc(id, key, 'ping')
    expect([id, status]).toEqual([id, 404])
    expect(body.error.message).toBe(
      'No MCP server with this id is visible to the caller. Check the id, and the project and environment of your credential.',
    )
  }
})

describe('a message', () => {
  test.each([
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]'],
    ['an empty batch', '[]'],
    ['a name twice', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"other"}}'],
    ['a method twice', String.raw`{"jsonrpc":"2.0","id":1,"method":"ping","\u006dethod":"tools/call"}`],
    ['no JSON', '{'],
    ['no version', '{"id":1,"method":"ping"}'],
    ['a call without an id', '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}'],
    ['nesting without end', `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`],
  ])('is refused: %s', async (_name, text) => {
    const serverId = await usable()
    const { secret: key } = await world.agent()
    expect((await world.post(serverId, key, text)).status).toBe(400)
    expect(world.upstream.received).toEqual([])
  })

  test('whose headers say something else is refused', async () => {
    const serverId = await usable()
    const { secret: key } = await world.agent()
    // By the code that the protocol has for it, since clients mend their request by it.
    const mismatch = { status: 400, body: { id: expect.any(Number), error: { code: -32_020 } } }
    expect(await world.call(serverId, key, 'echo', {}, { 'mcp-method': 'tools/list' })).toMatchObject(mismatch)
    expect(await world.call(serverId, key, 'echo', {}, { 'mcp-method': 'Tools/call' })).toMatchObject(mismatch)
    expect(await world.call(serverId, key, 'echo', {}, { 'mcp-method': 'tools/call', 'mcp-name': 'other' })).toMatchObject(mismatch)
    expect(world.upstream.received).toEqual([])
    expect((await world.call(serverId, key, 'echo', {}, { 'mcp-method': 'tools/call', 'mcp-name': 'echo' })).status).toBe(200)
  })

  test('has at most 4 MiB', async () => {
    const serverId = await usable()
    const { secret: key } = await world.agent()
    const frame = Buffer.byteLength(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { a: '' } }))
    const sized = (bytes: number): object => ({ jsonrpc: '2.0', id: 1, method: 'ping', params: { a: 'x'.repeat(bytes - frame) } })
    expect((await world.post(serverId, key, sized(4_194_304))).status).toBe(200)
    const over = await world.post(serverId, key, sized(4_194_305))
    expect(over).toMatchObject({ status: 413, body: { jsonrpc: '2.0', error: { message: expect.stringContaining('4194304') } } })
    expect(world.upstream.received).toHaveLength(1)
  })

  test('arrives digit for digit, and so does its answer', async () => {
    const serverId = await usable()
    const { secret: key } = await world.agent()
    const message = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"n":9007199254740993,"x":1.10}}}'
    const answer = '{"jsonrpc":"2.0","id":1,"result":{"content":[],"n":9007199254740993}}'
    world.upstream.answer = ({ response }) => void response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
    expect((await world.post(serverId, key, message)).text).toBe(answer)
    expect(Number(world.upstream.received[0]!.request.headers['content-length'])).toBe(message.length)
  })

  test('other than a call is counted, not audited', async () => {
    const serverId = await usable()
    const agent = await world.agent(['echo'])
    const { secret: key } = agent
    await world.rpc(serverId, key, 'resources/list')
    await world.rpc(serverId, key, 'made/up')
    await world.call(serverId, key, 'echo')
    await world.call(serverId, key, 'other')
    world.upstream.answer = ({ response }) => void response.writeHead(202).end()
    expect((await world.post(serverId, key, { jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202)
    expect((await world.post(serverId, key, { jsonrpc: '2.0', id: 7, result: {} })).status).toBe(202)
    expect((await world.fetch(serverId, key, { method: 'DELETE' })).status).toBe(202)
    expect(world.upstream.received).toHaveLength(6)
    expect((await world.events('mcp_tool:call', serverId)).map(({ outcome }) => outcome)).toEqual(['ALLOWED', 'DENIED'])
    await world.app.services.writeBehind.flush()
    const day = (days: number): string => new Date(world.app.clock.at.getTime() + days * 86_400_000).toISOString()
    const query = `query ($from: DateTime!, $to: DateTime!, $filter: UsageFilter) {
      usage(from: $from, to: $to, interval: DAY, groupBy: [OPERATION], filter: $filter) { operation requests denied } }`
    const { data } = await world.app.run(world.acme.adminToken, query, { from: day(-1), to: day(1), filter: { apiKeyIds: [agent.id] } })
    const counted = Object.fromEntries(data.usage.map((row) => [row.operation, [row.requests, row.denied]]))
    expect(counted).toEqual({
      'mcp:resources/list': [1, 0],
      'mcp:other': [1, 0],
      'mcp:tools/call': [2, 1],
      'mcp:notifications/initialized': [1, 0],
      'mcp:response': [1, 0],
      'mcp:delete': [1, 0],
    })
  })

  test('may come from a page of an origin that is configured', async () => {
    const serverId = await usable()
    const { secret: key } = await world.agent()
    const preflight = { method: 'OPTIONS', headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' } }
    const allowed = await fetch(`${world.app.url}/mcp/${serverId}`, preflight)
    expect(allowed.status).toBe(204)
    expect(allowed.headers.get('access-control-allow-methods')).toContain('DELETE')
    expect(allowed.headers.get('access-control-allow-headers')).toContain('mcp-session-id')
    const headers = { origin: 'https://app.example' }
    const answer = await world.rpc(serverId, key, 'ping', {}, headers)
    expect(answer.headers.get('access-control-allow-origin')).toBe(headers.origin)
    expect(answer.headers.get('access-control-expose-headers')).toContain('mcp-session-id')
  })

  test('may not come from a page of any other origin, whatever key it has', async () => {
    const serverId = await usable()
    const { secret: key } = await world.agent()
    const { port } = new URL(world.app.url)
    for (const origin of [
      'https://other.example',
      'http://app.example',
      'https://app.example:444',
      `http://other.example:${port}`,
      'null',
      '',
    ]) {
      const stranger = await world.rpc(serverId, key, 'ping', {}, { origin })
      expect([origin, stranger.status]).toEqual([origin, 403])
      expect(stranger.body).toMatchObject({ id: null, error: { code: 1001, message: expect.stringContaining('KEYHOUSE_CORS_ORIGINS') } })
      expect(stranger.headers.get('access-control-allow-origin')).toBeNull()
    }
    expect(world.upstream.received).toEqual([])
    // Its own pages, and a client that is no page.
    const own = new URL(world.app.config.url).origin
    expect((await world.rpc(serverId, key, 'ping', {}, { origin: own })).status).toBe(200)
    expect((await world.rpc(serverId, key, 'ping')).status).toBe(200)
    // Who has no credential does not learn which origins are good.
    expect((await world.rpc(serverId, 'kh_sand_none', 'ping', {}, { origin: 'https://other.example' })).status).toBe(401)
  })

  test('counts against the rate limits of the key', async () => {
    const serverId = await usable()
    const limited = await world.acme.apiKey({ permissions: ['mcp_server:use'], rateLimits: [{ window: 'MINUTE', max: 1 }] })
    expect((await world.rpc(serverId, limited.secret, 'ping')).status).toBe(200)
    expect((await world.rpc(serverId, limited.secret, 'ping')).status).toBe(429)
    expect(world.upstream.received).toHaveLength(1)
  })
})
