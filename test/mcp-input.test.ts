/** Limits of MCP server and credential input at each boundary; refusals do not echo the input. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let serverId: string
let labels = 0
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  serverId = (await create({})).server.id
})
afterAll(() => app.close())

const canary = 'canary-that-nobody-repeats'

const create = (input: object): Promise<Payloads['createMcpServer']> => {
  const all = { name: 'x', serverLabel: `s-${++labels}`, serverUrl: 'https://mcp.example/mcp', ...input }
  return app.mutate(acme.sandboxKey, 'createMcpServer', all, 'server { id metadata allowedTools serverUrl }')
}
const change = (input: object): Promise<Payloads['updateMcpServer']> =>
  app.mutate(acme.sandboxKey, 'updateMcpServer', { id: serverId, ...input }, 'server { id serverUrl }')
const store = (auth: object, input: object = {}): Promise<Payloads['createMcpCredential']> =>
  app.mutate(
    acme.sandboxKey,
    'createMcpCredential',
    { serverId, auth, ...input },
    'credential { id authType headerNames authorizationPreview }',
  )
const pathsOf = ({ userErrors }: { userErrors: { code: string; path: string[] }[] }): string[] =>
  userErrors.map(({ code, path }) => `${code} ${path.join('.')}`)

const url = (length: number): string => `https://mcp.example/${'p'.repeat(length - 20)}`
const nested = (depth: number): object => (depth === 1 ? {} : { inner: nested(depth - 1) })
/** An object whose JSON has this many bytes, with characters of two bytes in it. */
const ofBytes = (bytes: number): object => ({ text: 'é'.repeat(100) + 'x'.repeat(bytes - 11 - 200) })
const tools = (count: number): string[] => Array.from({ length: count }, (_, i) => `tool-${i}`)

describe('a server', () => {
  test.each<[string, object]>([
    ['a name of 255', { name: 'n'.repeat(255) }],
    ['a name of 1', { name: 'n' }],
    ['a label of 255', { serverLabel: 'l'.repeat(255) }],
    ['a label of every kind of character', { serverLabel: 'Az09._-' }],
    ['a URL of 2048', { serverUrl: url(2048) }],
    ['a URL that is kept as written', { serverUrl: 'https://MCP.example:443/%7Ea/../b?q=1' }],
    ['a description of 10000', { serverDescription: 'd'.repeat(10_000) }],
    ['no description', { serverDescription: null }],
    ['256 tools', { allowedTools: tools(256) }],
    ['a tool of 128', { allowedTools: ['t'.repeat(128)] }],
    ['no tool', { allowedTools: [] }],
    ['metadata of 16384 bytes', { metadata: ofBytes(16_384) }],
    ['metadata of 5 levels', { metadata: nested(5) }],
    ['metadata of all kinds', { metadata: { a: [1, 2.5, true, null, 'é\u2028'], __proto__x: {} } }],
  ])('may have %s', async (_name, input) => {
    const made = await create(input)
    expect(made.userErrors).toEqual([])
    for (const [field, value] of Object.entries(input)) if (field in made.server) expect(Reflect.get(made.server, field)).toEqual(value)
    const { userErrors } = await change({ ...input, ...('serverLabel' in input ? { serverLabel: `u-${++labels}` } : {}) })
    expect(userErrors).toEqual([])
  })

  test.each<[string, object, string]>([
    ['a name of 256', { name: 'n'.repeat(256) }, 'name'],
    ['an empty name', { name: '' }, 'name'],
    ['a name with a NUL', { name: `a\u0000${canary}` }, 'name'],
    ['a name with half a character', { name: '\uD800' }, 'name'],
    ['a label of 256', { serverLabel: 'l'.repeat(256) }, 'serverLabel'],
    ['an empty label', { serverLabel: '' }, 'serverLabel'],
    ['a label with a space', { serverLabel: `a ${canary}` }, 'serverLabel'],
    ['a label with an umlaut', { serverLabel: 'ä' }, 'serverLabel'],
    ['a URL of 2049', { serverUrl: url(2049) }, 'serverUrl'],
    ['a relative URL', { serverUrl: `/${canary}` }, 'serverUrl'],
    ['another scheme', { serverUrl: `ftp://mcp.example/${canary}` }, 'serverUrl'],
    ['a user in the URL', { serverUrl: `https://${canary}@mcp.example/` }, 'serverUrl'],
    ['a password in the URL', { serverUrl: `https://user:${canary}@mcp.example/` }, 'serverUrl'],
    ['an empty user in the URL', { serverUrl: 'https://@mcp.example/' }, 'serverUrl'],
    ['a fragment in the URL', { serverUrl: `https://mcp.example/#${canary}` }, 'serverUrl'],
    ['a line break in the URL', { serverUrl: `https://mcp.example/\n${canary}` }, 'serverUrl'],
    ['a description of 10001', { serverDescription: 'd'.repeat(10_001) }, 'serverDescription'],
    ['257 tools', { allowedTools: tools(257) }, 'allowedTools'],
    ['a tool of 129', { allowedTools: ['t'.repeat(129)] }, 'allowedTools.0'],
    ['an empty tool', { allowedTools: [''] }, 'allowedTools.0'],
    ['a tool twice', { allowedTools: ['a', 'a'] }, 'allowedTools'],
    ['metadata of 16385 bytes', { metadata: ofBytes(16_385) }, 'metadata'],
    ['metadata of 6 levels', { metadata: nested(6) }, 'metadata'],
    ['metadata of 6 levels of lists', { metadata: { a: [[[[[]]]]] } }, 'metadata'],
    ['metadata with a NUL', { metadata: { a: ['\u0000'] } }, 'metadata'],
    ['metadata with a NUL in a key', { metadata: { '\u0000': 1 } }, 'metadata'],
    ['no metadata at all', { metadata: null }, 'metadata'],
    ['no policy at all', { requireApproval: null }, 'requireApproval'],
  ])('must not have %s', async (_name, input, path) => {
    for (const answer of [await create(input), await change(input)]) {
      expect(pathsOf(answer)).toEqual([`INVALID input.${path}`])
      expect(JSON.stringify(answer)).not.toContain(canary)
    }
  })

  test.each(['', ', "idempotencyKey": "deep"'])('must not have metadata that is deeper than a program can recurse%s', async (more) => {
    const depth = 9000
    const metadata = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    const query = 'mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { userErrors { code path } } }'
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${acme.sandboxKey}` },
      // Written by hand: JSON.stringify gets no deeper.
      body: `{"query":"${query}","variables":{"input":{"name":"x","serverLabel":"deep","serverUrl":"https://mcp.example/","metadata":${metadata}${more}}}}`,
    })
    expect(await response.json()).toEqual({ data: { createMcpServer: { userErrors: [{ code: 'INVALID', path: ['input', 'metadata'] }] } } })
  })

  test.each(['name', 'serverLabel', 'serverUrl'])('keeps its %s', async (field) => {
    expect(pathsOf(await change({ [field]: null }))).toEqual([`INVALID input.${field}`])
  })

  test('every fault is told at once', async () => {
    const answer = await create({ name: '', serverLabel: '', serverUrl: '', allowedTools: [''], metadata: nested(6) })
    expect(pathsOf(answer)).toHaveLength(5)
  })
})

const header = (name: string, value = 'v'): object => ({ name, value })
const headers = (count: number, value = 'v'): object[] =>
  Array.from({ length: count }, (_, i) => header(`x-${String(i).padStart(3, '0')}`, value))
/** Four headers whose names and values have this many bytes. */
const headersOf = (bytes: number): object[] => headers(4, 'v'.repeat(8187)).with(3, header('x-003', 'v'.repeat(bytes - 3 * 8192 - 5)))

describe('a credential', () => {
  test.each<[string, object]>([
    ['a token of 1', { bearerToken: 't' }],
    ['a token of 8192', { bearerToken: 't'.repeat(8192) }],
    ['an authorization of 8192', { authorization: 'a'.repeat(8192) }],
    ['a tab and more than ASCII', { authorization: 'Digest\té€😀' }],
    ['32 headers', { headers: headers(32) }],
    ['a header name of 256', { headers: [header('h'.repeat(256))] }],
    ['a header name of every kind of character', { headers: [header("!#$%&'*+-.^_`|~09aZ")] }],
    ['a header value of 8192', { headers: [header('h', 'v'.repeat(8192))] }],
    ['32 KiB of headers', { headers: headersOf(32_768) }],
    ['nothing', { none: 'NONE' }],
  ])('may have %s', async (_name, auth) => {
    expect((await store(auth)).userErrors).toEqual([])
  })

  test.each<[string, object, string]>([
    ['an empty token', { bearerToken: '' }, 'bearerToken'],
    ['a token of 8193', { bearerToken: `${canary}${'t'.repeat(8193 - canary.length)}` }, 'bearerToken'],
    ['a token with a line break', { bearerToken: `${canary}\r\nx-evil: 1` }, 'bearerToken'],
    ['half a character in a token', { bearerToken: `${canary}\uD800` }, 'bearerToken'],
    ['an authorization of 8193', { authorization: 'a'.repeat(8193) }, 'authorization'],
    ['a NUL in an authorization', { authorization: `${canary}\u0000` }, 'authorization'],
    ['no header', { headers: [] }, 'headers'],
    ['33 headers', { headers: headers(33, canary) }, 'headers'],
    ['a header name of 257', { headers: [header('h'.repeat(257))] }, 'headers.0.name'],
    ['an empty header name', { headers: [header('')] }, 'headers.0.name'],
    ['a header name with a colon', { headers: [header('ok'), header(`a:${canary}`)] }, 'headers.1.name'],
    ['a header twice', { headers: [header('X-A', canary), header('x-a', canary)] }, 'headers'],
    ['an empty header value', { headers: [header('h', '')] }, 'headers.0.value'],
    ['a header value of 8193', { headers: [header('h', 'v'.repeat(8193))] }, 'headers.0.value'],
    ['a line feed in a header value', { headers: [header('h', `${canary}\n`)] }, 'headers.0.value'],
    ['more than 32 KiB of headers', { headers: headersOf(32_769) }, 'headers'],
    ...[
      'Host',
      'CONTENT-LENGTH',
      'connection',
      'Expect',
      'Keep-Alive',
      'Proxy-Authorization',
      'TE',
      'Trailer',
      'Transfer-Encoding',
      'Upgrade',
    ].map((name): [string, object, string] => [`the header ${name}`, { headers: [header(name, canary)] }, 'headers.0.name']),
  ])('must not have %s', async (_name, auth, path) => {
    const answer = await store(auth)
    expect(pathsOf(answer)).toEqual([`INVALID input.auth.${path}`])
    expect(JSON.stringify(answer)).not.toContain(canary)
  })

  test('shows whole characters of its end only', async () => {
    const { credential } = await store({ bearerToken: 'a secret that ends with 😀bbb' })
    expect(credential.authorizationPreview).toBe('****...😀bbb')
  })

  test('may end a millisecond from now, and neither now nor before', async () => {
    const at = (offset: number): object => ({ expiresAt: new Date(app.clock.at.getTime() + offset).toISOString() })
    expect((await store({ none: 'NONE' }, at(1))).userErrors).toEqual([])
    for (const offset of [0, -1]) expect(pathsOf(await store({ none: 'NONE' }, at(offset)))).toEqual(['INVALID input.expiresAt'])
  })

  test.each([
    ['t'.repeat(11), '****'],
    [`${'t'.repeat(8)}last`, '****...last'],
  ])('of %s shows %s', async (bearerToken, authorizationPreview) => {
    expect((await store({ bearerToken })).credential).toMatchObject({ authorizationPreview })
    expect((await store({ authorization: bearerToken })).credential).toMatchObject({ authorizationPreview })
  })

  test.each([
    [1, []],
    [255, []],
    [0, ['INVALID input.name']],
    [256, ['INVALID input.name']],
  ])('has a name of %i', async (length, paths) => {
    expect(pathsOf(await store({ none: 'NONE' }, { name: 'n'.repeat(length) }))).toEqual(paths)
  })
})

describe('what does not fit the types', () => {
  const document =
    'mutation ($input: CreateMcpCredentialInput!) { createMcpCredential(input: $input) { credential { id } userErrors { code } } }'
  const refused = (answer: Answer): void => {
    expect(answer.status).toBeLessThan(500)
    expect(answer.data ?? null).toBeNull()
    expect(['BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED']).toContain(codeOf(answer))
    expect(answer.text).not.toContain(canary)
  }

  test.each<[string, unknown]>([
    ['no kind', {}],
    ['two kinds', { bearerToken: canary, none: 'NONE' }],
    ['two kinds, one of them null', { bearerToken: canary, authorization: null }],
    ['a kind that is null', { bearerToken: null }],
    ['a kind that does not exist', { bearer: canary }],
    ['a number for a secret', { bearerToken: 5_550_123 }],
    ['a list for a secret', { bearerToken: [canary] }],
    ['an object for a secret', { authorization: { value: canary } }],
    ['a secret for a list', { headers: canary }],
    ['a header without a name', { headers: [{ value: canary }] }],
    ['a header with a number', { headers: [{ name: 'x', value: 1 }] }],
    ['a misspelt none', { none: canary }],
    ['no object', canary],
  ])('%s in auth', async (_name, auth) => {
    refused(await app.run(acme.sandboxKey, document, { input: { serverId, auth } }))
  })

  test('no kind and two kinds as literals, and a secret as a literal', async () => {
    const literal = (auth: string): string =>
      `mutation { createMcpCredential(input: { serverId: "${serverId}", auth: ${auth} }) { credential { id } userErrors { code } } }`
    for (const auth of ['{}', `{ bearerToken: "${canary}" }`, `{ bearerToken: "${canary}", none: NONE }`, `{ authorization: "${canary}" }`])
      refused(await app.run(acme.sandboxKey, literal(auth)))
    refused(await app.run(acme.sandboxKey, literal(`{ headers: [{ name: "x", value: "${canary}" }] }`)))
    const { data } = await app.run(acme.sandboxKey, literal('{ none: NONE }'))
    expect(data.createMcpCredential.userErrors).toEqual([])
  })

  test('two kinds, one in a variable', async () => {
    const query = `mutation ($secret: Secret!) { createMcpCredential(input: { serverId: "${serverId}", auth: { bearerToken: $secret, none: NONE } }) { credential { id } } }`
    refused(await app.run(acme.sandboxKey, query, { secret: canary }))
  })
})

describe('testMcpServer', () => {
  const tryOut = (timeoutMs: number | null): Promise<Payloads['testMcpServer']> =>
    app.mutate(acme.sandboxKey, 'testMcpServer', { serverId: 'mcp_srv_none', timeoutMs }, 'test { connected }')

  test.each([
    [100, 'NOT_FOUND input.serverId'],
    [10_000, 'NOT_FOUND input.serverId'],
    [99, 'INVALID input.timeoutMs'],
    [10_001, 'INVALID input.timeoutMs'],
    [null, 'INVALID input.timeoutMs'],
  ])('within %s ms', async (timeoutMs, fault) => {
    expect(pathsOf(await tryOut(timeoutMs))).toEqual([fault])
  })
})
