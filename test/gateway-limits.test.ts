/** Limits of one caller on simultaneous calls, streams and pending approvals, and release of each slot. */
import { connect } from 'node:net'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import type { Answer } from './support/app.js'
import { waitUntilClosed, Gateway, defaultToolAnswer, type Received, type RpcAnswer } from './support/gateway.js'
import { waitFor } from './support/wait-for.js'

let world: Gateway
let serverId: string
const settings = {
  KEYHOUSE_LIMIT_CALLS_PER_END_USER: '2',
  KEYHOUSE_LIMIT_CALLS_PER_KEY: '4',
  KEYHOUSE_LIMIT_CALLS_PER_ORGANIZATION: '6',
  KEYHOUSE_LIMIT_STREAMS_PER_END_USER: '2',
  KEYHOUSE_LIMIT_STREAMS_PER_KEY: '3',
  KEYHOUSE_LIMIT_STREAMS_PER_ORGANIZATION: '5',
  KEYHOUSE_LIMIT_APPROVALS_PER_END_USER: '2',
  KEYHOUSE_LIMIT_APPROVALS_PER_KEY: '3',
  KEYHOUSE_LIMIT_APPROVALS_PER_PROJECT: '6',
}
const users = ['', 'alice', 'bob', 'carol', 'dave']
const actingFor = (user: string): Record<string, string> => (user === '' ? {} : { 'x-on-behalf-of': user })

async function start(env: Record<string, string>): Promise<void> {
  world = await Gateway.start({ times: { idleTimeoutMs: 5000 } }, env)
  serverId = await sharedServer({})
}
async function sharedServer(input: object): Promise<string> {
  const id = await world.server(input)
  for (const user of users) await world.credential(id, { bearerToken: 'the-secret-of-this-server' }, actingFor(user))
  return id
}
const refused = (what: string): object => ({
  status: 429,
  body: {
    error: {
      code: 1001,
      message: expect.stringContaining(what),
      data: { reason: 'CONCURRENCY_LIMITED', retryAfterMs: expect.any(Number) },
    },
  },
})
const released = (): Promise<unknown> => waitFor(() => world.app.services.outboundConcurrency.size === 0)

/** Calls or streams that stay open until they are let go. */
class Held {
  readonly #waiting: Received[] = []
  readonly #answers: Promise<unknown>[] = []
  readonly #leaving = new AbortController()

  constructor() {
    world.upstream.reset()
    world.upstream.answer = (received) => {
      if (received.request.method === 'GET') {
        received.response.writeHead(200, { 'content-type': 'text/event-stream' })
        received.response.flushHeaders()
      }
      this.#waiting.push(received)
    }
  }

  async open(key: string, user: string, method = 'POST'): Promise<void> {
    const before = this.#waiting.length
    const body = method === 'POST' ? { body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }) } : {}
    const answer = world.fetch(serverId, key, { method, headers: actingFor(user), signal: this.#leaving.signal, ...body })
    this.#answers.push(answer.then((response) => response.text()).catch(() => undefined))
    await waitFor(() => this.#waiting.length > before)
  }

  async end(): Promise<void> {
    for (const received of this.#waiting) {
      if (received.request.method === 'GET') received.response.end()
      else await defaultToolAnswer(received)
    }
    await Promise.all(this.#answers)
    world.upstream.reset()
    await released()
  }

  async leave(): Promise<void> {
    this.#leaving.abort()
    await Promise.all(this.#answers)
    await Promise.all(this.#waiting.map(({ response }) => waitUntilClosed(response)))
    await released()
  }
}

const ask = (key: string, user: string, method = 'POST'): Promise<RpcAnswer> =>
  method === 'POST'
    ? world.rpc(serverId, key, 'ping', {}, actingFor(user))
    : world.fetch(serverId, key, { method, headers: actingFor(user) }).then(async (response) => {
        const text = await response.text()
        return { status: response.status, headers: response.headers, text, body: JSON.parse(text) }
      })

describe('with small settings', () => {
  let agents: { id: string; secret: string }[]
  beforeAll(() => start(settings))
  afterAll(() => world.close())
  beforeEach(async () => {
    world.upstream.reset()
    agents = [await world.agent(), await world.agent()]
  })
  const tokenFor = async (key: string, externalUserId: string): Promise<string> =>
    (await world.app.mutate(key, 'exchangeApiKey', { audience: world.app.config.url, externalUserId }, 'token')).token

  /** Who opens one after the other (0 and 1 are keys) until one more of the last is refused, and by which limit. */
  const rows: readonly [string, string, readonly (readonly [number, string])[], readonly [number, string], string][] = [
    [
      'calls',
      'of one end user',
      [
        [0, 'alice'],
        [0, 'alice'],
      ],
      [0, 'alice'],
      '2 MCP calls of one end user',
    ],
    [
      'calls',
      'of a key for itself',
      [
        [0, ''],
        [0, ''],
      ],
      [0, ''],
      '2 MCP calls of one caller',
    ],
    [
      'calls',
      'of one key',
      [
        [0, 'alice'],
        [0, 'alice'],
        [0, 'bob'],
        [0, ''],
      ],
      [0, 'carol'],
      '4 MCP calls of one API key',
    ],
    [
      'calls',
      'of one organization',
      [
        [0, 'alice'],
        [0, 'alice'],
        [0, 'bob'],
        [0, 'bob'],
        [1, 'alice'],
        [1, 'bob'],
      ],
      [1, 'carol'],
      '6 MCP calls of one organization',
    ],
    [
      'streams',
      'of one end user',
      [
        [0, 'alice'],
        [0, 'alice'],
      ],
      [0, 'alice'],
      '2 MCP event streams of one end user',
    ],
    [
      'streams',
      'of one key',
      [
        [0, 'alice'],
        [0, 'bob'],
        [0, 'bob'],
      ],
      [0, 'carol'],
      '3 MCP event streams of one API key',
    ],
    [
      'streams',
      'of one organization',
      [
        [0, 'alice'],
        [0, 'bob'],
        [0, 'bob'],
        [1, 'alice'],
        [1, 'alice'],
      ],
      [1, 'bob'],
      '5 MCP event streams of one organization',
    ],
  ]
  test.each(rows)('%s %s: as many as there may be pass, one more is told when to come again', async (what, _whose, opened, next, limit) => {
    const method = what === 'streams' ? 'GET' : 'POST'
    const held = new Held()
    for (const [i, user] of opened) await held.open(agents[i]!.secret, user, method)
    const answer = await ask(agents[next[0]]!.secret, next[1], method)
    expect(answer).toMatchObject(refused(limit))
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(world.upstream.received).toHaveLength(opened.length)
    await held.end()
    world.upstream.answer = method === 'GET' ? ({ response }) => void response.writeHead(405).end() : defaultToolAnswer
    expect(
      (
        await world.fetch(serverId, agents[next[0]]!.secret, {
          method,
          headers: actingFor(next[1]),
          ...(method === 'POST' ? { body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' } : {}),
        })
      ).status,
    ).not.toBe(429)
    await released()
  })

  test('a token counts for its key and its end user', async () => {
    const token = await tokenFor(agents[0]!.secret, 'alice')
    const held = new Held()
    await held.open(token, '')
    await held.open(agents[0]!.secret, 'alice')
    expect(await ask(token, '')).toMatchObject(refused('2 MCP calls'))
    expect(await ask(agents[0]!.secret, 'alice')).toMatchObject(refused('2 MCP calls'))
    await held.leave()
  })

  test('limits are separate for organizations, calls, streams and answers', async () => {
    const held = new Held()
    await held.open(agents[0]!.secret, 'alice')
    await held.open(agents[0]!.secret, 'alice')
    await held.open(agents[0]!.secret, 'alice', 'GET')
    await held.open(agents[0]!.secret, 'alice', 'GET')
    expect((await ask(agents[0]!.secret, 'alice')).status).toBe(429)
    // Without these a call that waits for them, or that nobody wants any more, would keep its place.
    world.upstream.answer = ({ response }) => void response.writeHead(202).end()
    for (const message of [
      { id: 7, result: {} },
      { method: 'notifications/cancelled', params: { requestId: 1 } },
    ])
      expect((await world.post(serverId, agents[0]!.secret, { jsonrpc: '2.0', ...message }, actingFor('alice'))).status).toBe(202)
    await held.leave()
  })

  test('tests of a server count as calls, also for members', async () => {
    const held = new Held()
    const tested = (): Promise<Answer> =>
      world.app.run(
        world.acme.adminToken,
        'mutation ($input: TestMcpServerInput!) { testMcpServer(input: $input) { test { connected } } }',
        {
          input: { serverId, timeoutMs: 5000 },
        },
      )
    const first = [tested(), tested()]
    await waitFor(() => world.upstream.received.length === 2)
    const third = await tested()
    expect(third).toMatchObject({
      status: 429,
      errors: [{ message: expect.stringContaining('2 MCP calls of one caller'), extensions: { code: 'CONCURRENCY_LIMITED' } }],
    })
    expect(third.headers.get('retry-after')).toBe('1')
    await held.end()
    await Promise.all(first)
    await released()
  })

  test('every way in which a message ends releases its slot', async () => {
    const { secret } = agents[0]!
    const waitingId = await sharedServer({ requireApproval: 'ALWAYS' })
    const ways: (() => Promise<unknown>)[] = [
      () => ask(secret, 'alice'),
      () => world.call(waitingId, secret, 'echo', {}, actingFor('alice')),
      () => world.call(`mcp_srv_${'0'.repeat(32)}`, secret),
      () => world.post(serverId, secret, '{'),
      () => world.post(serverId, secret, { jsonrpc: '2.0', id: 1, method: 'ping' }, { 'mcp-session-id': 'none' }),
      () => world.post(serverId, secret, { jsonrpc: '2.0', id: 1, method: 'ping' }, { 'cdn-loop': 'a, b, c, d' }),
    ]
    const answers: ((received: Received) => void | Promise<void>)[] = [
      defaultToolAnswer,
      ({ response }) => void response.socket?.destroy(),
      ({ response }) => void response.writeHead(401).end(),
      ({ response }) => void response.writeHead(500).end(),
      ({ response }) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end('id: 1\ndata: \n\n'),
      ({ response }) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{'),
    ]
    for (const answer of answers) {
      world.upstream.answer = answer
      await Promise.all(ways.map((way) => way()))
      await released()
    }
    for (const method of ['POST', 'GET']) {
      const held = new Held()
      await held.open(secret, 'bob', method)
      await held.open(secret, 'bob', method)
      await held.leave()
    }
  })

  // Node tells the answers that wait behind another one nothing when their connection breaks.
  test('a broken connection with several messages releases their slots', async () => {
    const held = new Held()
    const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
    const one = `POST /mcp/${serverId} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${agents[0]!.secret}\r\nx-on-behalf-of: alice\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    const socket = connect(Number(new URL(world.app.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(one + one)
    await waitFor(() => world.upstream.received.length === 2)
    socket.destroy()
    await held.leave()
  })

  describe('pending approvals', () => {
    let waitingId: string
    let number = 0
    beforeEach(async () => {
      // Those of other tests have lapsed.
      world.app.clock.advance(600_000)
      waitingId = await sharedServer({ requireApproval: 'ALWAYS' })
    })
    const call = (key: string, user: string, a = ++number): Promise<RpcAnswer> => world.call(waitingId, key, 'echo', { a }, actingFor(user))
    const waits = async (key: string, user: string, a?: number): Promise<string> => {
      const { body } = await call(key, user, a)
      expect(body.error).toMatchObject({ code: 1002, data: { reason: 'APPROVAL_PENDING' } })
      return body.error.data.approvalId
    }

    test('of one end user, whichever key asks', async () => {
      await waits(agents[0]!.secret, 'alice')
      const second = await waits(agents[1]!.secret, 'alice', 1000)
      const third = await call(agents[0]!.secret, 'alice')
      expect(third).toMatchObject(refused('2 tool calls of one end user'))
      expect(third.headers.get('retry-after')).not.toBeNull()
      // Asking for what waits already is no further one.
      expect(await waits(agents[0]!.secret, 'alice', 1000)).toBe(second)
      await waits(agents[0]!.secret, 'bob')
      await world.app.mutate(world.acme.adminToken, 'decideMcpToolCall', { id: second, decision: 'DENY' }, 'approval { id }')
      await waits(agents[0]!.secret, 'alice')
      expect(await call(agents[0]!.secret, 'alice')).toMatchObject(refused('2 tool calls of one end user'))
      world.app.clock.advance(600_000)
      await waits(agents[0]!.secret, 'alice')
      expect((await world.events('mcp_tool:call', waitingId)).filter(({ details }) => details['code'] === 'LIMIT_EXCEEDED')).toHaveLength(2)
      await released()
    })

    test('of a key that names no end user', async () => {
      for (let i = 0; i < 3; i++) await waits(agents[0]!.secret, '')
      expect(await call(agents[0]!.secret, '')).toMatchObject(refused('3 tool calls of one API key'))
      await waits(agents[1]!.secret, '')
      await waits(agents[0]!.secret, 'alice')
    })

    test('of a project and environment', async () => {
      for (const user of ['alice', 'bob', 'carol']) for (let i = 0; i < 2; i++) await waits(agents[0]!.secret, user)
      expect(await call(agents[0]!.secret, 'dave')).toMatchObject(refused('6 tool calls of one project and environment'))
      expect(await call(agents[0]!.secret, '')).toMatchObject(refused('6 tool calls of one project and environment'))
    })
  })
})

test('by default 16 calls and 8 streams of one end user, and 20 approvals', async () => {
  await start({})
  const { secret } = await world.agent()
  const held = new Held()
  for (let i = 0; i < 16; i++) await held.open(secret, 'alice')
  expect(await ask(secret, 'alice')).toMatchObject(refused('16 MCP calls of one end user'))
  for (let i = 0; i < 8; i++) await held.open(secret, 'alice', 'GET')
  expect(await ask(secret, 'alice', 'GET')).toMatchObject(refused('8 MCP event streams of one end user'))
  await held.end()
  const waitingId = await sharedServer({ requireApproval: 'ALWAYS' })
  for (let i = 0; i < 20; i++) expect((await world.call(waitingId, secret, 'echo', { i }, actingFor('alice'))).body.error.code).toBe(1002)
  expect(await world.call(waitingId, secret, 'echo', { i: 20 }, actingFor('alice'))).toMatchObject(refused('20 tool calls of one end user'))
  await world.close()
})
