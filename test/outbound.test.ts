/** Outbound requests: every form of a forbidden address, and every failure of a server. */
import type { IncomingMessage } from 'node:http'

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'

import { maxResponseBytes } from '../src/mcp/servers/read-response.js'
import type { ResolvedAddress } from '../src/outbound/name-lookups.js'
import { startApp, type TestApp } from './support/app.js'
import { untrustedServer } from './support/certificate.js'
import { measureStall } from './support/event-loop-stall.js'
import { listen, type Listening, type Handler } from './support/local-server.js'
import { mcpAnswer } from './support/mcp.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let labels = 0
/** What the resolver answers, in turn; the last one for ever. */
let answers: string[][] = []
let asked: string[] = []
const open: Listening[] = []
const secret = 'a-secret-for-one-origin'

const resolve = (host: string): Promise<ResolvedAddress[]> => {
  asked.push(host)
  const next = answers.length > 1 ? answers.shift()! : (answers[0] ?? [])
  return Promise.resolve(next.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
}

beforeAll(async () => {
  app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1,plain.example' }, { resolve })
  acme = await organization(app)
})
afterEach(async () => {
  answers = []
  asked = []
  await Promise.all(open.splice(0).map((one) => one.close()))
})
afterAll(() => app.close())

const create = (serverUrl: string): Promise<Payloads['createMcpServer']> =>
  app.mutate(acme.sandboxKey, 'createMcpServer', { name: 'x', serverLabel: `x-${++labels}`, serverUrl }, 'server { id }')

async function serverAt(serverUrl: string, withSecret = true, bearerToken = secret): Promise<string> {
  const { server, userErrors } = await create(serverUrl)
  expect(userErrors).toEqual([])
  const input = { serverId: server.id, auth: { bearerToken } }
  if (withSecret) await app.mutate(acme.sandboxKey, 'createMcpCredential', input, 'credential { id }')
  return server.id
}

const outcome = 'connected toolNames failure { code httpStatus message }'
const tryServer = async (serverId: string, timeoutMs = 5000): Promise<Payloads['testMcpServer']['test']> =>
  (await app.mutate(acme.sandboxKey, 'testMcpServer', { serverId, timeoutMs }, `test { ${outcome} }`)).test

const tryOut = async (
  url: string,
  { withSecret = true, timeoutMs = 5000, bearerToken = secret } = {},
): Promise<Payloads['testMcpServer']['test']> => tryServer(await serverAt(url, withSecret, bearerToken), timeoutMs)

async function double(handler: Handler): Promise<Listening & { seen: IncomingMessage['headers'][] }> {
  const seen: IncomingMessage['headers'][] = []
  const listening = await listen((incoming, response) => {
    seen.push(incoming.headers)
    return handler(incoming, response)
  })
  open.push(listening)
  return { ...listening, seen }
}

describe('an address that may not be reached is refused when it is registered', () => {
  test.each([
    'https://127.0.0.2/',
    'https://127.0.0.2./',
    'https://2130706434/',
    'https://0x7f000002/',
    'https://0x7f.0.0.2/',
    'https://017700000002/',
    'https://0177.0.0.2/',
    'https://127.2/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/',
    'https://0.0.0.0/',
    'https://0/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://168.63.129.16/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.2]/',
    'https://[::ffff:7f00:2]/',
    'https://[::127.0.0.2]/',
    'https://[64:ff9b::7f00:2]/',
    'https://[2002:7f00:2::]/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://[ff02::1]/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://a.localhost/',
    'http://example.com/',
    'http://93.184.216.34/',
  ])('%s', async (serverUrl) => {
    expect(await create(serverUrl)).toMatchObject({ server: null, userErrors: [{ code: 'URL_NOT_ALLOWED', path: ['input', 'serverUrl'] }] })
  })
})

describe('a name is judged by the answer that is connected to', () => {
  test.each(['127.0.0.2', '10.0.0.1', '169.254.169.254', '::1', '::ffff:10.0.0.1', 'fd00::1', 'fe80::1', '64:ff9b::a00:1'])(
    'one that resolves to %s',
    async (address) => {
      answers = [[address]]
      expect(await tryOut('https://sly.example/mcp')).toMatchObject({ connected: false, failure: { code: 'URL_NOT_ALLOWED' } })
      expect(asked).toEqual(['sly.example'])
    },
  )

  test('one that names a lawful address beside a forbidden one', async () => {
    answers = [['127.0.0.1', '127.0.0.2']]
    expect(await tryOut('https://sly.example/mcp')).toMatchObject({ failure: { code: 'URL_NOT_ALLOWED' } })
  })

  test('one that changes its answer: there is one look-up a connection, and it is that one that is judged', async () => {
    const { origin, seen } = await double(() => undefined)
    const { port } = new URL(origin)
    const serverId = await serverAt(`https://sly.example:${port}/mcp`)
    answers = [['127.0.0.1'], ['127.0.0.2']]
    // It does not speak TLS, and that it was asked to shows that it was connected to.
    expect(await tryServer(serverId)).toMatchObject({ failure: { code: 'TLS_FAILED' } })
    expect(asked).toHaveLength(1)
    expect(await tryServer(serverId)).toMatchObject({ failure: { code: 'URL_NOT_ALLOWED' } })
    expect(asked).toHaveLength(2)
    expect(seen).toEqual([])
  })

  test('one on the allow-list may lead anywhere, by http too', async () => {
    const { origin, seen } = await double((incoming, response) => mcpAnswer(incoming, response, ['echo']))
    answers = [['127.0.0.1']]
    expect(await tryOut(`http://plain.example:${new URL(origin).port}/mcp`)).toMatchObject({ connected: true, toolNames: ['echo'] })
    expect(seen[0]).toMatchObject({ authorization: `Bearer ${secret}` })
  })

  test('one that has no address', async () => {
    expect(await tryOut('https://nowhere.example/mcp')).toMatchObject({ failure: { code: 'CONNECTION_FAILED' } })
  })
})

describe('a redirect', () => {
  const redirectTo =
    (location: () => string, status = 307): Handler =>
    (incoming, response) => {
      incoming.resume()
      response.writeHead(status, { location: location() }).end()
    }

  test('within its origin is followed, with the credential', async () => {
    const { origin, seen } = await double((incoming, response) =>
      incoming.url === '/mcp' ? redirectTo(() => '/mcp/')(incoming, response) : mcpAnswer(incoming, response, ['echo']),
    )
    expect(await tryOut(`${origin}/mcp`)).toMatchObject({ connected: true, toolNames: ['echo'] })
    expect(seen.every(({ authorization }) => authorization === `Bearer ${secret}`)).toBe(true)
  })

  test('to another origin is not followed with a credential, and is without one', async () => {
    const elsewhere = await double((incoming, response) => mcpAnswer(incoming, response, ['echo']))
    const { origin } = await double(redirectTo(() => `${elsewhere.origin}/mcp`))
    expect(await tryOut(`${origin}/mcp`)).toMatchObject({ connected: false, failure: { code: 'URL_NOT_ALLOWED' } })
    expect(elsewhere.seen).toEqual([])
    expect(await tryOut(`${origin}/mcp`, { withSecret: false })).toMatchObject({ connected: true })
    expect(elsewhere.seen.length).toBeGreaterThan(0)
  })

  test.each([301, 302, 303, 307, 308])('%i to a forbidden address', async (status) => {
    const { origin } = await double(redirectTo(() => 'http://169.254.169.254/latest', status))
    for (const withSecret of [true, false])
      expect(await tryOut(`${origin}/mcp`, { withSecret })).toMatchObject({ connected: false, failure: { code: 'URL_NOT_ALLOWED' } })
  })

  test('without end, or of a kind that would change the request', async () => {
    const { origin } = await double(redirectTo(() => '/again'))
    expect(await tryOut(`${origin}/mcp`)).toMatchObject({ failure: { code: 'PROTOCOL_ERROR' } })
    const other = await double(redirectTo(() => '/mcp', 302))
    expect(await tryOut(`${other.origin}/mcp`)).toMatchObject({ failure: { code: 'PROTOCOL_ERROR' } })
  })
})

describe('a server that fails', () => {
  const page =
    (type: string, text: string): Handler =>
    (_incoming, response) =>
      void response.writeHead(200, { 'content-type': type }).end(text)
  const stream: Handler = (_incoming, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const more = (): void => {
      while (!response.destroyed && response.write(`: ${'x'.repeat(10_000)}\n`));
    }
    response.on('drain', more)
    more()
  }
  const slow: Handler = (_incoming, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  }

  const head = (...fields: string[]): string => `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${fields.join('\r\n')}\r\n\r\n`
  const twoLengths = `${head('content-length: 2', 'content-length: 40')}{}`

  test.each<[string, Handler, string]>([
    ['says nothing', () => undefined, 'TIMEOUT'],
    ['never ends its answer', slow, 'TIMEOUT'],
    ['answers without end', stream, 'PROTOCOL_ERROR'],
    ['answers HTML', page('text/html', '<h1>hello</h1>'), 'PROTOCOL_ERROR'],
    ['answers no JSON', page('application/json', '{"jsonrpc": "2.0", '), 'PROTOCOL_ERROR'],
    ['answers other JSON', page('application/json', '[1, 2]'), 'PROTOCOL_ERROR'],
    ['answers another question', page('application/json', '{"jsonrpc":"2.0","id":99,"result":{}}'), 'PROTOCOL_ERROR'],
    ['answers an error', page('application/json', '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}'), 'PROTOCOL_ERROR'],
    ['ends its stream without an answer', page('text/event-stream', ': nothing\n\n'), 'PROTOCOL_ERROR'],
    [
      'wants to speak something else',
      ({ socket }) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n'),
      'PROTOCOL_ERROR',
    ],
    ['does not speak HTTP', ({ socket }) => void socket.end('220 mail.example ESMTP\r\n'), 'PROTOCOL_ERROR'],
    ['says in two ways how long its answer is', ({ socket }) => void socket.end(twoLengths), 'PROTOCOL_ERROR'],
    ['tells us to continue, who did not ask', ({ socket }) => void socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 'PROTOCOL_ERROR'],
    ['breaks off in its answer', ({ socket }) => void socket.end(head('content-length: 100') + '{'), 'CONNECTION_FAILED'],
    ['hangs up', (_incoming, response) => void response.destroy(), 'CONNECTION_FAILED'],
  ])('%s', async (_name, handler, code) => {
    const { origin } = await double(handler)
    const tried = await tryOut(`${origin}/mcp`, { timeoutMs: code === 'TIMEOUT' ? 300 : 10_000 })
    expect(tried).toMatchObject({ connected: false, toolNames: [], failure: { code, httpStatus: null } })
  })

  test.each([
    [401, 'UNAUTHORIZED'],
    [403, 'UNAUTHORIZED'],
    [404, 'PROTOCOL_ERROR'],
    [429, 'PROTOCOL_ERROR'],
    [500, 'PROTOCOL_ERROR'],
  ])('answers %i', async (status, code) => {
    const { origin } = await double((_incoming, response) => void response.writeHead(status).end('private words of the server'))
    const tried = await tryOut(`${origin}/mcp`)
    expect(tried).toMatchObject({ connected: false, failure: { code, httpStatus: status } })
    expect(JSON.stringify(tried)).not.toContain('private words')
  })

  test('refuses the connection', async () => {
    const gone = await listen(() => undefined)
    await gone.close()
    const serverId = await serverAt(`${gone.origin}/mcp`)
    expect(await tryServer(serverId)).toMatchObject({ failure: { code: 'CONNECTION_FAILED' } })
    const query = '{ mcpServers(first: 1) { nodes { credentials { nodes { lastUsedAt } } } } }'
    const { data } = await app.run<{ mcpServers: { nodes: { credentials: { nodes: object[] } }[] } }>(acme.sandboxKey, query)
    expect(data.mcpServers.nodes[0]!.credentials.nodes).toEqual([{ lastUsedAt: null }])
  })

  test('has a certificate that nobody trusts', async () => {
    const server = await untrustedServer()
    open.push(server)
    expect(await tryOut(`${server.origin}/mcp`)).toMatchObject({ connected: false, failure: { code: 'TLS_FAILED' } })
    expect(server.requests()).toBe(0)
  })

  test.each([
    [maxResponseBytes, true],
    [maxResponseBytes - 1, true],
    [maxResponseBytes + 1, false],
  ])('answers %i bytes', async (size, connected) => {
    const pad = (text: string): string => text + ' '.repeat(size - text.length)
    const { origin } = await double((incoming, response) =>
      mcpAnswer(incoming, response, ['echo'], (text, method) => (method === 'tools/list' ? pad(text) : text)),
    )
    expect(await tryOut(`${origin}/mcp`)).toMatchObject({ connected, failure: connected ? null : { code: 'PROTOCOL_ERROR' } })
  })

  test('repeats the secret that it was given', async () => {
    const { origin } = await double((incoming, response) => mcpAnswer(incoming, response, ['echo', `x-${secret}`]))
    const tried = await tryOut(`${origin}/mcp`)
    expect(tried).toMatchObject({ connected: false, toolNames: [], failure: { code: 'PROTOCOL_ERROR' } })
    expect(JSON.stringify(tried)).not.toContain(secret)
  })

  test.each([
    ['in base64', (text: string) => Buffer.from(`x${text}`).toString('base64')],
    ['in base64url', (text: string) => Buffer.from(text).toString('base64url')],
    ['percent-encoded', (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('')],
    ['read as Latin-1', (text: string) => Buffer.from(text).toString('latin1')],
    ['in \\u escapes', (text: string) => Array.from(text, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
    ['in upper case', (text: string) => text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase())],
  ])('repeats the secret that it was given %s, as the gateway would remove it', async (_name, spell) => {
    const { origin } = await double((incoming, response) => mcpAnswer(incoming, response, ['echo', spell('schl\u00fcssel-of-some-length')]))
    const tried = await tryOut(`${origin}/mcp`, { bearerToken: 'schl\u00fcssel-of-some-length' })
    expect(tried).toMatchObject({ connected: false, toolNames: [], failure: { code: 'PROTOCOL_ERROR' } })
  })

  test('has tools without end in their number, and stalls nobody', async () => {
    const name = '{"name":"a"},'
    const { origin } = await double((incoming, response) =>
      mcpAnswer(incoming, response, [], (text, method) => {
        if (method !== 'tools/list') return text
        const { id } = JSON.parse(text)
        return `{"jsonrpc":"2.0","id":${id},"result":{"tools":[${name.repeat(80_000).slice(0, -1)}]}}`
      }),
    )
    const { result, longestMs } = await measureStall(() => tryOut(`${origin}/mcp`))
    expect(result.toolNames).toHaveLength(80_000)
    expect(longestMs).toBeLessThan(250)
  })

  test.each([
    [maxResponseBytes, true],
    [maxResponseBytes + 1, false],
  ])('names its tools with %i bytes on two pages', async (size, connected) => {
    const { origin } = await double((incoming, response) =>
      mcpAnswer(incoming, response, [], (text, method) => {
        if (method !== 'tools/list') return text
        const { id } = JSON.parse(text)
        const result =
          id === 2
            ? { tools: [{ name: 'é'.repeat(maxResponseBytes / 4) }], nextCursor: 'more' }
            : { tools: [{ name: 't'.repeat(size - maxResponseBytes / 2) }] }
        return JSON.stringify({ jsonrpc: '2.0', id, result })
      }),
    )
    expect(await tryOut(`${origin}/mcp`)).toMatchObject({ connected, failure: connected ? null : { code: 'PROTOCOL_ERROR' } })
  })

  test('has its tools on several pages, or on pages without end', async () => {
    const paged =
      (last: number): Handler =>
      (incoming, response) =>
        mcpAnswer(incoming, response, [], (text, method) => {
          if (method !== 'tools/list') return text
          const { id } = JSON.parse(text)
          const result = { tools: [{ name: `tool-${id - 1}` }], ...(id - 1 < last ? { nextCursor: `page-${id}` } : {}) }
          return JSON.stringify({ jsonrpc: '2.0', id, result })
        })
    const three = await double(paged(3))
    expect(await tryOut(`${three.origin}/mcp`)).toMatchObject({ connected: true, toolNames: ['tool-1', 'tool-2', 'tool-3'] })
    const endless = await double(paged(Infinity))
    expect(await tryOut(`${endless.origin}/mcp`)).toMatchObject({ connected: false, failure: { code: 'PROTOCOL_ERROR' } })
  })
})
