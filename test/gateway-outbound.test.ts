/** What goes out: connections that are kept for the next message, and whatever a server may say on one. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { openOutbound } from '../src/mcp/outbound.js'
import { Gateway, result, said, Upstream, type Rpc } from './support/gateway.js'

let upstream: Upstream
beforeAll(async () => {
  upstream = await Upstream.start()
})
afterAll(() => upstream.close())

const ask = async (outbound: ReturnType<typeof openOutbound>, url: string): Promise<boolean> => {
  let wasSent = false
  const response = await outbound.send(url, {
    method: 'POST',
    headers: {},
    credential: null,
    body: '{"id":1}',
    signal: AbortSignal.timeout(5000),
    isKeptAlive: true,
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
  upstream.answer = said
  const outbound = openOutbound(['127.0.0.1'])
  for (let i = 0; i < 10; i++) expect(await ask(outbound, `${upstream.origin}/mcp`)).toBe(true)
  expect(new Set(upstream.seen.map(({ request }) => request.socket.remotePort)).size).toBe(1)
  await outbound.close()
})

test('a name whose address may not be reached is refused, whoever else has a connection there', async () => {
  const port = new URL(upstream.origin).port
  const open = openOutbound(['mcp.test', '127.0.0.1'], () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]))
  expect(await ask(open, `http://mcp.test:${port}/mcp`)).toBe(true)
  const strict = openOutbound([], () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]))
  await expect(ask(strict, `https://mcp.test:${port}/mcp`)).rejects.toMatchObject({ code: 'URL_NOT_ALLOWED' })
  await open.close()
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
    const body = JSON.stringify(result(Number(id), { content: [{ type: 'text', text }] }))
    return ['HTTP/1.1 200 OK', 'content-type: application/json', `content-length: ${body.length}`, ...fields, '', body].join('\r\n')
  }

  async function call(serverUrl: string, times = 1): Promise<Rpc[]> {
    const serverId = await world.server({ serverUrl })
    await world.credential(serverId, { bearerToken: 'the-secret-of-this-server' })
    const answers: Rpc[] = []
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

  test('without being asked is nobody’s answer', async () => {
    const url = await speaking((socket, count, id) => {
      socket.write(answerTo(id, `done ${count}`) + (count === 1 ? answerTo('2', 'for whoever comes next') : ''))
    })
    const answers = await call(url, 3)
    expect(answers.map(({ text }) => text).join('')).not.toContain('for whoever comes next')
    expect(answers[2]!.body.result.content[0].text).toMatch(/^done/)
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
    const outbound = openOutbound(['127.0.0.1'])
    const request = { method: 'POST', headers: {}, credential: null, body: '{"id":1}', signal: AbortSignal.timeout(5000) } as const
    for (const isKeptAlive of [true, false]) {
      const { body } = await outbound.send(url, { ...request, isKeptAlive })
      await new Promise((resolve) => setTimeout(resolve, 100))
      body.destroy()
    }
    await outbound.close()
  })

  test('and breaks off in the same packet is a failure', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'
    const [answer] = await call(await speaking((socket) => void socket.end(head)))
    expect(answer!.body.error.code).toBe(-32_004)
  })

  test('when it refuses the credential and breaks off ends nothing but the call', async () => {
    const head = 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 100\r\n\r\n'
    const [answer] = await call(await speaking((socket) => void socket.end(head)))
    expect(answer!.body.error).toMatchObject({ code: -32_004, data: { httpStatus: 401 } })
  })
})

test('a header of the credential may have a name that objects know', async () => {
  const world = await Gateway.start()
  const serverId = await world.server()
  await world.credential(serverId, { headers: ['__proto__', 'constructor'].map((name) => ({ name, value: 'the-secret-key' })) })
  await world.call(serverId, (await world.agent()).secret)
  const { rawHeaders } = world.upstream.seen[0]!.request
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
  const { headers, rawHeaders } = world.upstream.seen[0]!.request
  expect(headers).toMatchObject({ accept: 'application/json, text/event-stream', 'x-key': 'the-secret-key' })
  expect(rawHeaders.filter((_text, i) => i % 2 === 0).map((name) => name.toLowerCase())).toEqual([...new Set(Object.keys(headers))])
  await world.close()
})
