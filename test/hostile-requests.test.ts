/** Requests that are too large, too slow or malformed: each gets a coded response. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { maxBodyBytes } from '../src/http/error-response.js'
import { requestErrorDescriptions } from '../src/lib/error-codes.js'
import { startApp, type TestApp } from './support/app.js'
import { openSocket, readUntilClose, parseResponse, requestText, sendRaw, type RawResponse } from './support/raw-http.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp({}, { times: { headersTimeoutMs: 400, requestTimeoutMs: 500, checkIntervalMs: 50 } })
  acme = await organization(app)
})
afterAll(async () => {
  await app.close()
  expect(app.log).not.toMatch(/"level":[56]0/)
})

const json = ['Host: keyhouse.test', 'Content-Type: application/json']
const coded = (answer: RawResponse): unknown => {
  const { errors } = JSON.parse(answer.body) as { errors: { extensions: { code: string; requestId: string } }[] }
  expect(errors[0]!.extensions.requestId).toBe(answer.headers['x-request-id'])
  expect(answer.headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/)
  expect(Object.keys(requestErrorDescriptions)).toContain(errors[0]!.extensions.code)
  return [answer.status, errors[0]!.extensions.code]
}
const send = (body: string, headers: readonly string[] = json): Promise<RawResponse> => sendRaw(app.url, requestText(headers, body))
const typename = '{"query":"{ __typename }"}'

describe('the size of a body', () => {
  const padded = (bytes: number): string => typename.padEnd(bytes, ' ')
  const chunked = (body: string): string =>
    [...json, 'Connection: close', 'Transfer-Encoding: chunked', '', ''].join('\r\n') +
    `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  test('a body of the maximum size is accepted', async () => {
    expect(maxBodyBytes).toBe(100_000)
    expect((await send(padded(maxBodyBytes - 1))).status).toBe(200)
    expect((await send(padded(maxBodyBytes))).status).toBe(200)
    expect((await sendRaw(app.url, `POST /graphql HTTP/1.1\r\n${chunked(padded(maxBodyBytes))}`)).status).toBe(200)
  })
  test('a body one byte above the maximum is refused', async () => {
    expect(coded(await send(padded(maxBodyBytes + 1)))).toEqual([413, 'PAYLOAD_TOO_LARGE'])
    expect(coded(await sendRaw(app.url, `POST /graphql HTTP/1.1\r\n${chunked(padded(maxBodyBytes + 1))}`))).toEqual([
      413,
      'PAYLOAD_TOO_LARGE',
    ])
  })
  test('a body that is announced but never sent is refused', async () => {
    const head = [...json, 'Connection: close', 'Content-Length: 100001', '', ''].join('\r\n')
    expect(coded(await sendRaw(app.url, `POST /graphql HTTP/1.1\r\n${head}`))).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })
})

describe('slow requests:', () => {
  test('headers that never end are cut off', async () => {
    expect(coded(await sendRaw(app.url, 'POST /graphql HTTP/1.1\r\nHost: x\r\nX-Slow: '))).toEqual([408, 'REQUEST_TIMEOUT'])
  })
  test('bodies that arrive byte by byte are cut off', async () => {
    const socket = await openSocket(app.url)
    const heard = readUntilClose(socket)
    socket.write(`POST /graphql HTTP/1.1\r\n${json.join('\r\n')}\r\nContent-Length: 1000\r\n\r\n{`)
    const drip = setInterval(() => socket.write(' '), 50)
    const answer = parseResponse(await heard)
    clearInterval(drip)
    expect(coded(answer)).toEqual([408, 'REQUEST_TIMEOUT'])
  })
  test('a client that disconnects within its body affects no other request', async () => {
    const socket = await openSocket(app.url)
    socket.end(`POST /graphql HTTP/1.1\r\n${json.join('\r\n')}\r\nContent-Length: 1000\r\n\r\n{`)
    await readUntilClose(socket)
    expect((await send(typename)).status).toBe(200)
  })
})

describe('bodies', () => {
  test.each([
    ['nothing', ''],
    ['no JSON', 'query { __typename }'],
    ['half of it', '{"query":"{ __type'],
    ['a list', `[${typename}]`],
    ['a number', '1e999'],
    ['a text', '"{ __typename }"'],
    ['null', 'null'],
    ['no query', '{"variables":{}}'],
    ['a query that is a list', '{"query":["{ __typename }"]}'],
    ['a query that is a document', '{"query":{"kind":"Document"}}'],
    ['variables as a text', '{"query":"{ __typename }","variables":"{}"}'],
    ['an operation name that is an object', '{"query":"{ __typename }","operationName":{}}'],
    ['an unknown operation', '{"query":"query a { __typename } query b { __typename }","operationName":"c"}'],
    ['no choice of an operation', '{"query":"query a { __typename } query b { __typename }"}'],
    ['a persisted query', '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}'],
    ['a prototype', '{"query":"{ __typename }","variables":{"__proto__":{"x":1}}}'],
    ['a constructor', '{"query":"{ __typename }","variables":{"constructor":{"prototype":{"x":1}}}}'],
    ['a byte order mark and nothing', '\xEF\xBB\xBF'],
    ['no UTF-8', '{"query":"{ __typename } # \xC3\x28"}'],
    ['half a surrogate pair in UTF-8', '{"query":"{ __typename } # \xED\xA0\x80"}'],
    ['very deep', '['.repeat(99_000)],
  ])('%s', async (_name, body) => {
    const bytes = Buffer.from(body, 'latin1')
    const answer = await sendRaw(
      app.url,
      Buffer.concat([
        Buffer.from(`POST /graphql HTTP/1.1\r\n${json.join('\r\n')}\r\nConnection: close\r\nContent-Length: ${bytes.length}\r\n\r\n`),
        bytes,
      ]),
    )
    expect(coded(answer)).toEqual([400, 'BAD_REQUEST'])
  })
  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/graphql',
    'application/json; charset=utf-16',
    'nonsense',
    '\xFF',
    '',
  ])('of type %s', async (type) => {
    const [status, code] = coded(await send(typename, ['Host: x', `Content-Type: ${type}`])) as [number, string]
    expect([400, 415]).toContain(status)
    expect(code).toBe('BAD_REQUEST')
  })
  test('a body that is not in the encoding of its Content-Encoding is refused', async () => {
    expect(coded(await send('not gzip', [...json, 'Content-Encoding: gzip']))).toEqual([400, 'BAD_REQUEST'])
  })
})

describe('variables', () => {
  const ask = (query: string, variables: string): Promise<RawResponse> =>
    send(`{"query":${JSON.stringify(query)},"variables":${variables}}`, [...json, `Authorization: Bearer ${acme.sandboxKey}`])
  test('a number that overflows to Infinity is refused', async () => {
    const answer = await ask('query ($n: Int) { apiKeys(first: $n) { nodes { id } } }', '{"n":1e999}')
    expect(answer.body).toContain('"BAD_USER_INPUT"')
  })
  test('a nested __proto__ is refused', async () => {
    expect(
      coded(await ask('query ($f: ApiKeyFilter) { apiKeys(filter: $f) { nodes { id } } }', '{"f":{"__proto__":{"search":"x"}}}')),
    ).toEqual([400, 'BAD_REQUEST'])
  })
  test('names of Object.prototype are refused as unknown fields', async () => {
    for (const name of ['toString', 'hasOwnProperty', 'valueOf']) {
      const answer = await ask('query ($f: ApiKeyFilter) { apiKeys(filter: $f) { nodes { id } } }', `{"f":{"${name}":1}}`)
      expect(answer.body).toContain('"BAD_USER_INPUT"')
    }
  })
})

describe('HTTP itself', () => {
  test.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00'],
    ['an unknown method', 'KEYS /graphql HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no host', `GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n`],
    ['two hosts', `GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n`],
    ['NUL in a header', `GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n`],
    ['a header without a name', `GET /healthz HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n`],
    ['a space in the name of a header', `GET /healthz HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n`],
    ['both lengths', `POST /graphql HTTP/1.1\r\n${json.join('\r\n')}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['two lengths', `POST /graphql HTTP/1.1\r\n${json.join('\r\n')}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`],
    ['a negative length', `POST /graphql HTTP/1.1\r\n${json.join('\r\n')}\r\nContent-Length: -1\r\n\r\n`],
    ['an unknown transfer', `POST /graphql HTTP/1.1\r\n${json.join('\r\n')}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a bad chunk', `POST /graphql HTTP/1.1\r\n${json.join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('%s', async (_name, text) => {
    const answer = await sendRaw(app.url, text, { isHalfClosed: false })
    expect(coded(answer)).toEqual([400, 'BAD_REQUEST'])
  })
  test('headers above the maximum size are refused', async () => {
    expect(coded(await sendRaw(app.url, `GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`))).toEqual([
      431,
      'BAD_REQUEST',
    ])
  })
  test('Expect: 100-continue is met, any other expectation is refused', async () => {
    const expecting = (what: string): Promise<RawResponse> => send(typename, [...json, `Expect: ${what}`])
    expect(coded(await expecting('the-moon'))).toEqual([417, 'BAD_REQUEST'])
    expect((await expecting('100-continue')).text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
  })
  test('a second request on the connection is answered after the first', async () => {
    const first = `POST /graphql HTTP/1.1\r\n${json.join('\r\n')}\r\nContent-Length: ${typename.length}\r\n\r\n${typename}`
    const { text } = await sendRaw(app.url, first + requestText(json, typename))
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
  })
})

describe('X-On-Behalf-Of never falls back to the undelegated caller', () => {
  const query = '{"query":"{ viewer { kind endUser { externalId } } }"}'
  const as = (...lines: string[]): Promise<RawResponse> => send(query, [...json, `Authorization: Bearer ${acme.sandboxKey}`, ...lines])
  test.each(['x-on-behalf-of', 'X-ON-BEHALF-OF', 'X-On-behalf-oF'])('%s: alice', async (name) => {
    expect(JSON.parse((await as(`${name}: alice`)).body).data.viewer.endUser.externalId).toBe('alice')
  })
  test.each([
    ['nothing', ['X-On-Behalf-Of:']],
    ['blanks', ['X-On-Behalf-Of:   ']],
    ['everybody', ['X-On-Behalf-Of: *']],
    ['twice', ['X-On-Behalf-Of: alice', 'x-on-behalf-of: alice']],
    ['twice, empty', ['X-On-Behalf-Of: alice', 'X-On-Behalf-Of:']],
    ['151 characters', [`X-On-Behalf-Of: ${'a'.repeat(151)}`]],
    ['beyond ASCII', ['X-On-Behalf-Of: \xE4lice']],
    ['a tab', ['X-On-Behalf-Of: al\tice']],
    ['DEL', ['X-On-Behalf-Of: al\x7Fice']],
  ])('%s', async (_name, lines) => expect(coded(await as(...lines))).toEqual([400, 'BAD_REQUEST']))
  test.each([['folded', ['X-On-Behalf-Of: al', ' ice']]])('%s', async (_name, lines) => expect((await as(...lines)).status).toBe(400))
  test.each([
    'X_On_Behalf_Of',
    'x_on_behalf_of',
    'X-On_Behalf-Of',
    'X_On-Behalf-Of',
    'X.On.Behalf.Of',
    '_X-On-Behalf-Of',
    'X-On-Behalf-Of_',
  ])('spelled %s, alone and beside the real one', async (name) => {
    const [alone, beside] = [await as(`${name}: alice`), await as('X-On-Behalf-Of: alice', `${name}: alice`)]
    expect([coded(alone), coded(beside)]).toEqual([
      [400, 'BAD_REQUEST'],
      [400, 'BAD_REQUEST'],
    ])
    expect(alone.body).toContain(
      'The header X-On-Behalf-Of is misspelled. Send it as \\"X-On-Behalf-Of\\", with hyphens and no underscores.',
    )
    // An MCP client is told the same, and who has no credential that first.
    const toServer = requestText([...json, `Authorization: Bearer ${acme.sandboxKey}`, `${name}: alice`], query).replace(
      '/graphql',
      '/mcp/x',
    )
    expect((await sendRaw(app.url, toServer)).status).toBe(400)
    expect(coded(await send(query, [...json, `${name}: alice`]))).toEqual([401, 'UNAUTHENTICATED'])
    expect(coded(await send(query, [...json, 'Authorization: Bearer x', `${name}: alice`]))).toEqual([401, 'UNAUTHENTICATED'])
  })
  test.each(['Authorization_', '_Authorization', 'Author_ization', 'Authorization.'])('beside %s', async (name) => {
    expect(coded(await as(`${name}: Bearer x`))).toEqual([400, 'BAD_REQUEST'])
  })
  test.each(['X-On-Behalf', 'X_Forwarded_For', 'On_Behalf_Of', 'X_On_Behalf_Of_Whom', 'My_Authorization'])(
    '%s is another header',
    async (name) => {
      expect((await as(`${name}: alice`)).status).toBe(200)
    },
  )
  test('150 characters', async () => {
    expect((await as(`X-On-Behalf-Of: ${'a'.repeat(150)}`)).status).toBe(200)
  })
})
