/** Upstream connections: reuse for the next message, isolation of credentials, and unexpected responses. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { ConnectionPools } from '../src/outbound/connection-pools.js'
import { createOutbound, type OutboundOptions } from '../src/outbound/create-outbound.js'
import type { DnsLookup } from '../src/outbound/name-lookups.js'
import type { Outbound, OutboundResponse } from '../src/outbound/outbound.js'
import { sendRequest } from '../src/outbound/send-request.js'
import { Gateway, rpcResult, defaultToolAnswer, Upstream, type RpcAnswer } from './support/gateway.js'
import { listen } from './support/local-server.js'
import { waitFor } from './support/wait-for.js'

let upstream: Upstream
beforeAll(async () => {
  upstream = await Upstream.start()
})
afterAll(() => upstream.close())

const open = (allowed: readonly string[], more: Partial<OutboundOptions> = {}): Outbound =>
  createOutbound({ allowed, lookups: { perOrganization: 2, total: 12 }, maxConnections: 100, ...more })

const ask = async (outbound: Outbound, url: string, poolKey = 'mcp_cred_1'): Promise<boolean> => {
  let wasSent = false
  const response = await outbound.send(url, {
    organizationId: 'org_1',
    method: 'POST',
    headers: {},
    credential: null,
    body: '{"id":1}',
    signal: AbortSignal.timeout(5000),
    poolKey,
    onSent: () => {
      wasSent = true
    },
  })
  response.body.resume()
  await new Promise((resolve) => response.body.once('close', resolve))
  // A connection is free for the next message a turn of the loop after its answer.
  await turn()
  return wasSent
}

test('one connection carries one message after the other, and each is known to have been sent', async () => {
  upstream.answer = defaultToolAnswer
  const outbound = open(['127.0.0.1'])
  for (let i = 0; i < 10; i++) expect(await ask(outbound, `${upstream.origin}/mcp`)).toBe(true)
  expect(new Set(upstream.received.map(({ request }) => request.socket.remotePort)).size).toBe(1)
  await outbound.close()
})

describe('connections are pooled by credential', () => {
  /** Of the connection that each request came on; a closed one has forgotten it. */
  const ports: number[] = []
  beforeEach(() => {
    ports.length = 0
    upstream.answer = (received) => {
      ports.push(received.request.socket.remotePort!)
      return defaultToolAnswer(received)
    }
  })
  const openConnections = (): Promise<number> =>
    new Promise((resolve, reject) => upstream.server.getConnections((error, count) => (error ? reject(error) : resolve(count))))

  test('a connection never carries two credentials', async () => {
    const outbound = open(['127.0.0.1'])
    const keys = ['a', 'b', 'a', 'c', 'b', 'a']
    for (const key of keys) await ask(outbound, `${upstream.origin}/mcp`, key)
    const [a, b, , c] = ports
    expect(new Set([a, b, c]).size).toBe(3)
    expect(ports).toEqual([a, b, a, c, b, a])
    await outbound.close()
  })

  test('through the gateway too: two end users of one server', async () => {
    const world = await Gateway.start()
    const serverId = await world.server()
    const key = (await world.agent()).secret
    const users = ['ann', 'bob'].map((name) => ({ 'x-on-behalf-of': name }))
    for (const headers of users) await world.credential(serverId, { bearerToken: `secret-of-${headers['x-on-behalf-of']}` }, headers)
    for (let i = 0; i < 6; i++) {
      await world.call(serverId, key, 'echo', {}, users[i % 2])
      await turn()
    }
    const secretsOf = Map.groupBy(world.upstream.received, ({ request }) => request.socket)
    const secrets = [...secretsOf.values()].map((seen) => [...new Set(seen.map(({ request }) => request.headers.authorization))])
    expect(secrets).toEqual([['Bearer secret-of-ann'], ['Bearer secret-of-bob']])
    await world.close()
  })

  test('a pool is removed with its last connection, or after a request that never got one', async () => {
    const pools = new ConnectionPools(() => ({}), 100)
    const send = (origin: string, signal: AbortSignal): Promise<OutboundResponse> => {
      const destination = { origin, organizationId: 'org_1' }
      return sendRequest(pools.of(destination, 'key'), { origin, path: '/', method: 'GET' }, { signal }).catch((error: unknown) => {
        pools.failed(destination, 'key')
        throw error
      })
    }
    const never = new AbortController().signal
    const closing = await listen((_incoming, response) => void response.writeHead(200, { connection: 'close' }).end())
    const { body } = await send(closing.origin, never)
    expect(pools.size).toBe(1)
    body.resume()
    await waitFor(() => pools.size === 0)
    await closing.close()
    await expect(send(closing.origin, never)).rejects.toThrow()
    await expect(send(upstream.origin, AbortSignal.abort(new Error('left')))).rejects.toThrow('left')
    expect(pools.size).toBe(0)
    await pools.close()
  })

  test.each([
    [9, 9],
    [10, 10],
    [11, 10],
    [40, 10],
  ])('%i credentials one after the other leave %i connections at most, where 10 are kept', async (credentials, most) => {
    const outbound = open(['127.0.0.1'], { maxConnections: 10 })
    const before = await openConnections()
    for (let i = 0; i < credentials; i++) await ask(outbound, `${upstream.origin}/mcp`, `key-${i}`)
    await waitFor(async () => (await openConnections()) - before <= most)
    expect((await openConnections()) - before).toBeGreaterThanOrEqual(most - 1)
    // The latest is kept, and every one of them answered.
    await ask(outbound, `${upstream.origin}/mcp`, `key-${credentials - 1}`)
    expect(new Set(ports).size).toBe(credentials)
    await outbound.close()
    await waitFor(async () => (await openConnections()) <= before)
  })
})

test('a name whose address may not be reached is refused, whoever else has a connection there', async () => {
  const port = new URL(upstream.origin).port
  const resolve: DnsLookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }])
  const lenient = open(['mcp.test', '127.0.0.1'], { resolve })
  expect(await ask(lenient, `http://mcp.test:${port}/mcp`)).toBe(true)
  const strict = open([], { resolve })
  await expect(ask(strict, `https://mcp.test:${port}/mcp`)).rejects.toMatchObject({ code: 'URL_NOT_ALLOWED' })
  await lenient.close()
  await strict.close()
})

describe('what an upstream server says', () => {
  let world: Gateway
  const servers: Server[] = []
  beforeAll(async () => {
    world = await Gateway.start()
  })
  afterAll(async () => {
    for (const server of servers) server.close()
    await world.close()
  })

  /** A server of bytes: what it says to each request, the first of a connection being the first. */
  async function speaking(say: (socket: Socket, count: number, id: string) => void): Promise<string> {
    let count = 0
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        const [, id] = /"id":(\d+)/.exec(chunk.toString()) ?? []
        if (id !== undefined) say(socket, ++count, id)
      })
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  }

  const answerTo = (id: string, text: string, ...fields: string[]): string => {
    const body = JSON.stringify(rpcResult(Number(id), { content: [{ type: 'text', text }] }))
    return ['HTTP/1.1 200 OK', 'content-type: application/json', `content-length: ${body.length}`, ...fields, '', body].join('\r\n')
  }

  async function call(serverUrl: string, times = 1): Promise<RpcAnswer[]> {
    const serverId = await world.server({ serverUrl })
    await world.credential(serverId, { bearerToken: 'the-secret-of-this-server' })
    const answers: RpcAnswer[] = []
    for (let i = 0; i < times; i++) {
      answers.push(await world.call(serverId, (await world.agent()).secret))
      // The connection is free again.
      await turn()
    }
    return answers
  }

  test('on the way to its answer is not the answer', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n'
    const [answer] = await call(await speaking((socket, _count, id) => void socket.write(early + answerTo(id, 'done'))))
    expect(answer!.body.result.content[0].text).toBe('done')
  })

  test('without a request is not taken for an answer', async () => {
    const url = await speaking((socket, count, id) => {
      socket.write(answerTo(id, `done ${count}`) + (count === 1 ? answerTo('2', 'for whoever comes next') : ''))
    })
    const answers = await call(url, 3)
    expect(answers.map(({ text }) => text).join('')).not.toContain('for whoever comes next')
    expect(answers[2]!.body.result.content[0].text).toMatch(/^done/)
  })

  test.each<[string, (id: string) => string, number]>([
    ['a whole answer', (id) => answerTo(id, 'for whoever comes next'), 0],
    ['a whole answer, a moment later', (id) => answerTo(id, 'for whoever comes next'), 20],
    ['the beginning of an answer', () => 'HTTP/1.1 2', 20],
    ['what is no HTTP', () => 'for whoever comes next', 20],
  ])('after its answer, %s, is never read: the connection is not used again', async (_name, extra, delay) => {
    const sockets = new Set<Socket>()
    const url = await speaking((socket, count, id) => {
      sockets.add(socket)
      socket.write(answerTo(id, `done ${count}`))
      // The id that the next call will have.
      if (delay === 0) socket.write(extra(String(Number(id) + 1)))
      else setTimeout(() => socket.write(extra(String(Number(id) + 1))), delay)
    })
    const serverId = await world.server({ serverUrl: url })
    await world.credential(serverId, { bearerToken: 'the-secret-of-this-server' })
    const key = (await world.agent()).secret
    for (let i = 1; i <= 3; i++) {
      const { body } = await world.call(serverId, key)
      expect(body.result.content[0].text).toBe(`done ${i}`)
      await waitFor(() => [...sockets].every(({ destroyed, readableEnded }) => destroyed || readableEnded))
    }
    expect(sockets.size).toBe(3)
  })

  test('in two fields of one name comes as one', async () => {
    const [answer] = await call(
      await speaking((socket, _count, id) => void socket.write(answerTo(id, 'done', 'mcp-protocol-version: a', 'mcp-protocol-version: b'))),
    )
    expect(answer!.headers.get('mcp-protocol-version')).toBe('a, b')
  })

  test('in two fields of which one is enough counts once', async () => {
    const twice = ['content-type: application/json', 'retry-after: 1', 'retry-after: 2']
    const [answer] = await call(await speaking((socket, _count, id) => void socket.write(answerTo(id, 'done', ...twice))))
    expect(answer!.body.result.content[0].text).toBe('done')
    expect(answer!.headers.get('retry-after')).toBe('1')
  })

  // undici 7 ended the process here (nodejs/undici#5360).
  test.each<[string, (socket: Socket) => void]>([
    ['ends', (socket) => socket.end()],
    ['is cut off', (socket) => void socket.resetAndDestroy()],
  ])('and nobody has read when it %s ends nothing else', async (_name, end) => {
    const url = await speaking((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n\r\n${'a'.repeat(100 * 1024)}`)
      setTimeout(() => end(socket), 10)
    })
    const outbound = open(['127.0.0.1'])
    const request = {
      organizationId: 'org_1',
      method: 'POST',
      headers: {},
      credential: null,
      body: '{"id":1}',
      signal: AbortSignal.timeout(5000),
    } as const
    for (const kept of [{ poolKey: 'mcp_cred_1' }, {}]) {
      const { body } = await outbound.send(url, { ...request, ...kept })
      await new Promise((resolve) => setTimeout(resolve, 100))
      body.destroy()
    }
    await outbound.close()
  })

  test('and breaks off in the same packet is a failure', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'
    const [answer] = await call(await speaking((socket) => void socket.end(head)))
    expect(answer!.body.error.code).toBe(1006)
  })

  test('when it refuses the credential and breaks off ends nothing but the call', async () => {
    const head = 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 100\r\n\r\n'
    const [answer] = await call(await speaking((socket) => void socket.end(head)))
    expect(answer!.body.error).toMatchObject({ code: 1005, data: { reason: 'CREDENTIAL_REFUSED', httpStatus: 401 } })
  })
})

test('a header of the credential may have a name that objects know', async () => {
  const world = await Gateway.start()
  const serverId = await world.server()
  await world.credential(serverId, { headers: ['__proto__', 'constructor'].map((name) => ({ name, value: 'the-secret-key' })) })
  await world.call(serverId, (await world.agent()).secret)
  const { rawHeaders } = world.upstream.received[0]!.request
  expect(rawHeaders).toEqual(expect.arrayContaining(['__proto__', 'constructor', 'the-secret-key']))
  await world.close()
})

test('a header of the credential gives way to what the protocol needs, however it is spelled', async () => {
  const world = await Gateway.start()
  const serverId = await world.server()
  await world.credential(serverId, {
    headers: [
      { name: 'ACCEPT', value: 'text/html' },
      { name: 'X-Key', value: 'the-secret-key' },
    ],
  })
  await world.call(serverId, (await world.agent()).secret)
  const { headers, rawHeaders } = world.upstream.received[0]!.request
  expect(headers).toMatchObject({ accept: 'application/json, text/event-stream', 'x-key': 'the-secret-key' })
  expect(rawHeaders.filter((_text, i) => i % 2 === 0).map((name) => name.toLowerCase())).toEqual([...new Set(Object.keys(headers))])
  await world.close()
})
