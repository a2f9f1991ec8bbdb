/** Failures of connections, inbound and outbound: none writes a secret to the log. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { pino } from 'pino'

import { serializeError } from '../src/observability/log-error.js'
import { serializers } from '../src/observability/log.js'
import { OutboundError } from '../src/outbound/outbound-error.js'
import { untrustedServer } from './support/certificate.js'
import { Gateway } from './support/gateway.js'
import { startKeyhouse } from './support/process.js'
import { sendRaw } from './support/raw-http.js'

const secret = 'CANARYxxCANARYxxCANARYxxCANARYxx'
const forms = [secret, Buffer.from(secret).toString('base64').slice(0, 40), [...Buffer.from(secret)].slice(0, 12).join(',')]

let world: Gateway
const servers: Server[] = []
beforeAll(async () => {
  world = await Gateway.start({ times: { idleTimeoutMs: 300, headersTimeoutMs: 300, requestTimeoutMs: 400, checkIntervalMs: 50 } })
})
afterAll(async () => {
  for (const server of servers) server.close()
  await world.close()
})

function expectNoSecret(from: number): void {
  const log = world.app.logFrom(from)
  for (const form of forms) expect(log).not.toContain(form)
}

/** A server of bytes. */
async function speaking(answer: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => answer(socket))
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

const head = (...fields: string[]): string => ['HTTP/1.1 200 OK', 'content-type: application/json', ...fields, '', ''].join('\r\n')
const chunked = head('transfer-encoding: chunked')

const failures: readonly (readonly [name: string, answer: (socket: Socket) => void])[] = [
  ['a chunk size that is none', (socket) => socket.write(`${chunked}${secret}\r\n`)],
  ['a chunk size that is none, after a chunk', (socket) => socket.write(`${chunked}2\r\n{}\r\nBearer ${secret}\r\n`)],
  ['a chunk without its end', (socket) => socket.write(`${chunked}2\r\n{}${secret}`)],
  ['a chunk extension that is none', (socket) => socket.write(`${chunked}2;\u0001${secret}\r\n`)],
  ['trailers that are none', (socket) => socket.write(`${chunked}0\r\n${secret} \u0000\r\n\r\n`)],
  ['a status line that is none', (socket) => socket.write(`HTTP/1.1 ${secret}\r\n\r\n`)],
  ['a version that is none', (socket) => socket.write(`HTTP/${secret} 200 OK\r\n\r\n`)],
  ['another protocol', (socket) => socket.write(`220 ${secret} ESMTP\r\n`)],
  ['a header name that is none', (socket) => socket.write(head(`x ${secret}: 1`))],
  ['a header value that is none', (socket) => socket.write(head(`x-echo: ${secret}\u0000`))],
  ['a header without a colon', (socket) => socket.write(head(secret))],
  ['headers that are too large', (socket) => socket.write(head(`x-echo: ${secret}${'x'.repeat(100_000)}`))],
  ['two lengths', (socket) => socket.write(`${head('content-length: 2', 'content-length: 40')}${secret}`)],
  ['a length that is none', (socket) => socket.write(head(`content-length: ${secret}`))],
  ['a length and chunks', (socket) => socket.write(`${head('content-length: 40', 'transfer-encoding: chunked')}${secret}`)],
  [
    'a switch of protocols',
    (socket) => socket.write(`HTTP/1.1 101 ${secret}\r\nconnection: upgrade\r\nupgrade: ${secret}\r\n\r\n${secret}`),
  ],
  ['leave to continue', (socket) => socket.write(`HTTP/1.1 100 ${secret}\r\n\r\n`)],
  ['a redirect to nowhere', (socket) => socket.write(`HTTP/1.1 307 ${secret}\r\nlocation: http://[${secret}\r\ncontent-length: 0\r\n\r\n`)],
  ['a redirect elsewhere', (socket) => socket.write(`HTTP/1.1 307 x\r\nlocation: https://${secret}.example/\r\ncontent-length: 0\r\n\r\n`)],
  [
    'a redirect to a forbidden address',
    (socket) => socket.write(`HTTP/1.1 302 x\r\nlocation: http://10.0.0.1/${secret}\r\ncontent-length: 0\r\n\r\n`),
  ],
  ['another encoding', (socket) => socket.write(`${head(`content-encoding: ${secret}`, 'content-length: 2')}{}`)],
  ['JSON that is none', (socket) => socket.write(`${head('content-length: 41')}{"jsonrpc":${secret}`)],
  ['an answer that ends early', (socket) => socket.end(`${head('content-length: 1000')}${secret}`)],
  [
    'a reset in the middle of the body',
    (socket) => {
      socket.write(`${head('content-length: 1000')}${secret}`)
      setTimeout(() => socket.resetAndDestroy(), 20)
    },
  ],
  ['a reset before the answer', (socket) => void socket.resetAndDestroy()],
  ['an end before the answer', (socket) => socket.end()],
  ['an end in the head', (socket) => socket.end(`HTTP/1.1 200 OK\r\nx-echo: ${secret}`)],
  ['silence', () => undefined],
  ['silence after the head', (socket) => socket.write(`${head('content-length: 1000')}${secret}`)],
  ['a second answer', (socket) => socket.write(`${head('content-length: 2')}{}HTTP/1.1 200 ${secret}\r\n\r\n`)],
  ['garbage', (socket) => socket.write(Buffer.concat([Buffer.alloc(100, 0xff), Buffer.from(secret)]))],
]

describe('a server that answers with', () => {
  test.each(failures)('%s', async (_name, answer) => {
    const serverId = await world.server({ serverUrl: await speaking(answer) })
    await world.credential(serverId, { bearerToken: secret })
    const key = (await world.agent()).secret
    const from = world.app.logLength
    for (const message of [{ id: 1, method: 'tools/call', params: { name: 'echo' } }, { method: 'notifications/initialized' }])
      await world.post(serverId, key, { jsonrpc: '2.0', ...message })
    await world.app.mutate(world.acme.sandboxKey, 'testMcpServer', { serverId, timeoutMs: 300 }, 'test { failure { code } }')
    expect(world.app.logFrom(from)).toContain('"path":"/mcp/:serverId"')
    expectNoSecret(from)
  })
})

describe('a server that cannot be spoken to, with a secret in its URL:', () => {
  const plain = (): Promise<string> => speaking((socket) => socket.write(`HTTP/1.1 400 ${secret}\r\n\r\n`))
  const untrusted = async (): Promise<string> => {
    const server = await untrustedServer()
    servers.push({ close: () => void server.close() } as unknown as Server)
    return `${server.origin}/mcp`
  }
  const gone = async (): Promise<string> => {
    const url = await speaking(() => undefined)
    const server = servers.pop()!
    server.close()
    await once(server, 'close')
    return url
  }
  test.each<[string, () => Promise<string>]>([
    ['TLS to a plain port', async () => (await plain()).replace('http:', 'https:')],
    ['a certificate that nobody trusts', untrusted],
    ['no server', gone],
    ['a name without an address', () => Promise.resolve(`https://${secret.toLowerCase()}.invalid/`)],
  ])('%s', async (_name, urlOf) => {
    const serverId = await world.server({ serverUrl: `${await urlOf()}?key=${secret}` })
    await world.credential(serverId, { bearerToken: secret })
    const key = (await world.agent()).secret
    const from = world.app.logLength
    const { body } = await world.call(serverId, key)
    expect(body.error).toBeDefined()
    await world.app.mutate(world.acme.sandboxKey, 'testMcpServer', { serverId, timeoutMs: 1000 }, 'test { failure { code } }')
    expectNoSecret(from)
    expect(world.app.logFrom(from).toLowerCase()).not.toContain(secret.toLowerCase())
  })
})

describe('a caller that sends', () => {
  const bearer = `Authorization: Bearer ${secret}`
  test.each<[string, string | Buffer]>([
    ['a request line that is none', `GET /${secret} HTTP/9.9\r\n${bearer}\r\n\r\n`],
    ['a method that is none', `${secret} / HTTP/1.1\r\n\r\n`],
    ['a header that is none', `POST /graphql HTTP/1.1\r\nHost: x\r\n${bearer}\r\nbad header ${secret}\r\n\r\n`],
    ['headers that are too large', `POST /graphql HTTP/1.1\r\nHost: x\r\n${bearer}\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['a length that is none', `POST /graphql HTTP/1.1\r\nHost: x\r\n${bearer}\r\nContent-Length: ${secret}\r\n\r\n`],
    ['a chunk size that is none', `POST /graphql HTTP/1.1\r\nHost: x\r\n${bearer}\r\nTransfer-Encoding: chunked\r\n\r\n${secret}\r\n`],
    ['half of its headers', `POST /graphql HTTP/1.1\r\nHost: x\r\n${bearer}`],
    [
      'half of its body',
      `POST /graphql HTTP/1.1\r\nHost: x\r\n${bearer}\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"query":"${secret}`,
    ],
    ['TLS', Buffer.concat([Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]), Buffer.from(secret)])],
    ['CONNECT', `CONNECT ${secret}:443 HTTP/1.1\r\nHost: x\r\n${bearer}\r\n\r\n`],
  ])('%s', async (_name, bytes) => {
    const from = world.app.logLength
    await sendRaw(world.app.url, bytes)
    expectNoSecret(from)
  })
})

test('an error that nobody catches ends the process without what a peer may have filled', async () => {
  const thrower = `process.on('SIGUSR2', () => { throw Object.assign(new Error('x'), { code: 'HPE_X', data: process.env.CANARY }) })`
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(thrower)}`
  const directory = mkdtempSync(join(tmpdir(), 'keyhouse-uncaught-'))
  const server = await startKeyhouse({ KEYHOUSE_DATA_DIR: directory, NODE_OPTIONS, CANARY: secret })
  server.kill('SIGUSR2')
  const { code, stdout, stderr } = await server.exited
  rmSync(directory, { recursive: true })
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
  expect(stdout).toContain('"code":"HPE_X"')
  expect(stdout).not.toContain(secret)
})

describe('an error in the log', () => {
  const withCode = (message: string, more: object): Error => Object.assign(new Error(message), { code: 'HPE_INVALID_CHUNK_SIZE' }, more)

  test('has class, code and frames; nothing that a peer may have filled, however deep', () => {
    const inner = withCode(`got ${secret}`, { data: secret, rawPacket: Buffer.from(secret) })
    const quoting = new SyntaxError(`Unexpected token, "${secret}" is not valid JSON`)
    const odd = Object.assign(new Error('a\n    at SECRET'), { code: secret + secret + secret })
    for (const cause of [
      inner,
      quoting,
      odd,
      new Error('outer', { cause: inner }),
      new OutboundError('TIMEOUT', { cause: new Error(secret, { cause: inner }) }),
    ]) {
      const lines: string[] = []
      pino({ level: 'trace', serializers }, { write: (line) => void lines.push(line) }).info({ err: cause }, 'failed')
      for (const form of [...forms, 'SECRET']) expect(lines.join('')).not.toContain(form)
      expect(serializeError(cause).stack).toContain('at ')
    }
    expect(serializeError(new OutboundError('TIMEOUT', { cause: inner }))).toMatchObject({
      type: 'OutboundError',
      code: 'TIMEOUT',
      cause: { type: 'Error', code: 'HPE_INVALID_CHUNK_SIZE' },
    })
  })

  test('of our own has its message, and a cycle of causes ends', () => {
    const error = new Error('the lock is not held')
    error.cause = error
    expect(serializeError(error)).toMatchObject({ type: 'Error', message: 'the lock is not held' })
    expect(serializeError('text')).toEqual({ type: 'string' })
  })
})
