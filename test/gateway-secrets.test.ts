/** Isolation of credentials: upstream never sees the caller’s, the caller never the upstream’s, in any encoding. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { redactionText } from '../src/lib/redact/redact.js'
import { Gateway, rpcResult, sendJson, type AnswerHandler } from './support/gateway.js'

let world: Gateway
let serverId: string
let key: string
const secret = 'Zm9v+/"geh\\eim".9\u00fc'
const pair = ['X-Api-Key', 'x-second'] as const

beforeAll(async () => {
  world = await Gateway.start()
  serverId = await world.server()
  await world.credential(serverId, { headers: pair.map((name) => ({ name, value: secret })) })
  key = (await world.agent()).secret
})
afterAll(() => world.close())
beforeEach(() => world.upstream.reset())

const escapedAll = (text: string): string => Array.from(text, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
const percentAll = (text: string): string => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
const base64 = (before: string, text: string): string => Buffer.from(`${before}${text}`).toString('base64')
/** What stands in every base64 of it, whatever its neighbours. */
const core = (encoded: string, before: number): string => encoded.slice(before === 0 ? 0 : before + 1, -4)

const spellings: readonly (readonly [name: string, text: string, never: string])[] = [
  ['raw', `got ${secret}!`, secret],
  ['as JSON within a string', JSON.stringify({ header: secret }), JSON.stringify(secret).slice(1, -1)],
  ['escaped character by character', escapedAll(secret), escapedAll(secret)],
  ['percent-encoded', encodeURIComponent(secret), encodeURIComponent(secret)],
  ['percent-encoded byte by byte', percentAll(secret), percentAll(secret)],
  ...[0, 1, 2].flatMap((before) => {
    const encoded = base64('abc'.slice(0, before), `${secret}tail`)
    const url = encoded.replaceAll('+', '-').replaceAll('/', '_')
    return [
      [`base64 after ${before} bytes`, encoded, core(base64('abc'.slice(0, before), secret), before)],
      [`base64url after ${before} bytes`, url, core(url, before)],
    ] as const
  }),
]

const shown = { content: [{ type: 'text', text: '' }] }
const answers: Readonly<Record<string, (text: string) => AnswerHandler>> = {
  'a result':
    (text) =>
    ({ response, body }) =>
      sendJson(response, rpcResult(body.id, { content: [{ type: 'text', text }], structuredContent: { [text]: [text] } })),
  'an error':
    (text) =>
    ({ response, body }) =>
      sendJson(response, { jsonrpc: '2.0', id: body.id, error: { code: -1, message: text, data: { text } } }),
  'an error page':
    (text) =>
    ({ response }) =>
      void response.writeHead(400, { 'content-type': 'text/html' }).end(`<p>${text}</p>`),
  'a header':
    (text) =>
    ({ response, body }) =>
      sendJson(response, rpcResult(body.id, shown), 200, { 'mcp-protocol-version': Buffer.from(text).toString('latin1') }),
  'an event':
    (text) =>
    ({ response, body }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`event: message\ndata: ${JSON.stringify(rpcResult(body.id, { content: [{ type: 'text', text }] }))}\n\n`)
    },
  'the name and the id of an event, and what is no event':
    (text) =>
    ({ response, body }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`: ${text}\nevent: ${text}\nid: ${text}\ndata: ${text}\nother: ${text}\n\n`)
      response.write(`event: ${text}\nid: ${text}\ndata: {}\n\n`)
      response.end(`data: ${JSON.stringify(rpcResult(body.id, shown))}\n\n`)
    },
}

describe.each(Object.entries(answers))('sent back in %s', (_where, answering) => {
  test.each(spellings)('%s', async (_name, text, never) => {
    world.upstream.answer = answering(text)
    const answer = await world.call(serverId, key)
    const all = `${answer.text}\n${JSON.stringify([...answer.headers])}\n${answer.body ? JSON.stringify(answer.body) : ''}`
    const decoded = [all, ...[...answer.text.matchAll(/"text":("(?:[^"\\]|\\.)*")/g)].map(([, one]) => JSON.parse(one!) as string)].join(
      '\n',
    )
    expect(decoded).not.toContain(never)
    expect(decoded).not.toContain(secret)
    expect(all).toContain(redactionText)
    expect(world.app.log).not.toContain(secret)
  })
})

test('split at every byte of the stream', async () => {
  const event = (id: number): Buffer =>
    Buffer.from(`id: 7\r\ndata: ${JSON.stringify(rpcResult(id, { content: [{ type: 'text', text: `<${secret}>` }] }))}\r\n\r\n`)
  const length = event(1).length
  for (let at = 1; at < length; at += 1) {
    world.upstream.answer = async ({ response, body }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const bytes = event(body.id)
      response.write(bytes.subarray(0, at))
      await new Promise(setImmediate)
      response.end(bytes.subarray(at))
    }
    const answer = await world.post(serverId, key, { jsonrpc: '2.0', id: 1, method: 'prompts/list' })
    expect(answer.text).toBe(
      `id: 7\ndata: ${JSON.stringify(rpcResult(1, { content: [{ type: 'text', text: `<${redactionText}>` }] }))}\n\n`,
    )
  }
})

test('a bearer token is found without its scheme, and a short secret destroys nothing', async () => {
  const echo: AnswerHandler = ({ request, response, body }) =>
    sendJson(response, rpcResult(body.id, { headers: request.headers, token: request.headers.authorization?.slice(7) }))
  const long = await world.server()
  await world.credential(long, { bearerToken: '12345678' })
  world.upstream.answer = echo
  expect((await world.call(long, key)).body.result).toMatchObject({ token: redactionText, headers: { authorization: redactionText } })
  const short = await world.server()
  await world.credential(short, { headers: [{ name: 'x-key', value: '1234567' }] })
  world.upstream.answer = ({ response, body }) => sendJson(response, rpcResult(body.id, { text: 'a 1234567 b', e: 'e' }))
  expect((await world.call(short, key)).body.result).toEqual({ text: 'a 1234567 b', e: 'e' })
})

test('the caller puts no value in place of the stored one', async () => {
  const own = await world.server()
  await world.credential(own, { headers: [{ name: 'Mcp-Token', value: 'the stored value' }] })
  await world.call(own, key, 'echo', {}, { 'mcp-token': 'another', 'x-api-key': 'third' })
  expect(world.upstream.received[0]!.request.headers).toMatchObject({ 'mcp-token': 'the stored value' })
  expect(world.upstream.received[0]!.request.headers['x-api-key']).toBeUndefined()
})

describe('a session', () => {
  const withSession: AnswerHandler = ({ request, response, body }) =>
    sendJson(response, rpcResult(body?.id ?? 0, { session: request.headers['mcp-session-id'] ?? null }), 200, {
      'mcp-session-id': 'upstream-session',
    })

  test('goes on for the one who began it, on every replica, and for nobody else', async () => {
    const shared = await world.server()
    for (const user of ['alice', 'bob']) await world.credential(shared, { bearerToken: `${user}-secret` }, { 'x-on-behalf-of': user })
    const other = await world.server()
    await world.credential(other, { bearerToken: 'another-secret' }, { 'x-on-behalf-of': 'alice' })
    world.upstream.answer = withSession
    const alice = { 'x-on-behalf-of': 'alice' }
    const begun = await world.rpc(shared, key, 'initialize', {}, alice)
    const session = begun.headers.get('mcp-session-id')!
    expect(session).not.toBe('upstream-session')
    const goOn = (id: string, headers: Record<string, string>): ReturnType<typeof world.rpc> =>
      world.rpc(id, key, 'ping', {}, { 'mcp-session-id': session, ...headers })
    expect((await goOn(shared, alice)).body.result).toEqual({ session: 'upstream-session' })
    const sent = world.upstream.received.length
    expect((await goOn(shared, { 'x-on-behalf-of': 'bob' })).status).toBe(404)
    expect((await goOn(other, alice)).status).toBe(404)
    for (const forged of ['upstream-session', `${session}0`, `${session.slice(0, -1)}${session.endsWith('0') ? '1' : '0'}`, `.${session}`])
      expect((await goOn(shared, { ...alice, 'mcp-session-id': forged })).status).toBe(404)
    for (const method of ['GET', 'DELETE'])
      expect((await world.fetch(shared, key, { method, headers: { 'mcp-session-id': session, 'x-on-behalf-of': 'bob' } })).status).toBe(404)
    expect(world.upstream.received).toHaveLength(sent)
    const replica = await world.replica()
    const there = await world.fetch(shared, key, {
      at: replica.url,
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      headers: { 'mcp-session-id': session, ...alice },
    })
    expect(there.status).toBe(200)
    await there.text()
    await replica.close()
    await world.credential(shared, { bearerToken: 'a newer secret' }, alice)
    expect((await goOn(shared, alice)).status).toBe(404)
  })

  test('whose id is the credential goes on, and its id cannot be read', async () => {
    const own = await world.server()
    const parts = 'session.as.a.secret'
    await world.credential(own, { bearerToken: parts })
    world.upstream.answer = ({ response, body }) =>
      sendJson(response, rpcResult(body.id, {}), 200, { 'mcp-session-id': `${parts} ${parts.replace('.', '..')}` })
    const answer = await world.rpc(own, key, 'initialize')
    const session = answer.headers.get('mcp-session-id')!
    const decoded = session.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    for (const text of [session, ...decoded]) expect(text).not.toContain('secret')
    await world.rpc(own, key, 'ping', {}, { 'mcp-session-id': session })
    expect(world.upstream.received.at(-1)!.request.headers['mcp-session-id']).toBe('session.as.a.secret session..as.a.secret')
  })
})

describe('what is echoed in another form', () => {
  const echoes: readonly (readonly [name: string, auth: object, text: string, never: string])[] = [
    ['in another letter case', { bearerToken: 'AbCdEfGh-12345' }, 'abcdefgh-12345', 'abcdefgh'],
    [
      'in base64 with line breaks',
      { bearerToken: 'a secret of some length, longer than a line' },
      `${Buffer.from('xa secret of some length, longer than a line').toString('base64').slice(0, 30)}\r\n${Buffer.from('xa secret of some length, longer than a line').toString('base64').slice(30)}`,
      Buffer.from('xa secret of some length, longer than a line').toString('base64').slice(4, 30),
    ],
    [
      'as the password of Basic',
      { authorization: `Basic ${Buffer.from('user:the password').toString('base64')}` },
      'the password',
      'the password',
    ],
    ['one cookie of several', { headers: [{ name: 'Cookie', value: 'a=1; session=cookie-secret' }] }, 'cookie-secret', 'cookie-secret'],
  ]

  test.each(echoes)('%s', async (_name, auth, text, never) => {
    const own = await world.server()
    await world.credential(own, auth)
    world.upstream.answer = ({ response, body }) =>
      sendJson(response, rpcResult(body.id, { content: [{ type: 'text', text: `<${text}>` }] }))
    const answer = await world.call(own, key)
    expect(answer.body.result.content[0].text).toContain(redactionText)
    expect(answer.text).not.toContain(never)
  })

  test('in the name of a header', async () => {
    const own = await world.server()
    await world.credential(own, { bearerToken: 'header-name-secret' })
    world.upstream.answer = ({ response, body }) =>
      sendJson(response, rpcResult(body.id, {}), 200, {
        'Mcp-header-name-secret': '1',
        'mcp-other': '2',
        'mcp-protocol-version': '2025-11-25',
        'retry-after': '3',
      })
    const names = [...(await world.call(own, key)).headers].flat()
    expect(names.join(' ')).not.toMatch(/secret|mcp-other/)
    expect(names).toEqual(expect.arrayContaining(['mcp-protocol-version', '2025-11-25', 'retry-after', '3']))
  })

  test.each([
    ['12345678901', '3600000'],
    ['3600001', '3600000'],
    ['3600000', '3600000'],
    ['3599999', '3599999'],
  ])('in the time to reconnect: %s is %s', async (told, passed) => {
    world.upstream.answer = ({ response, body }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`retry: ${told}\n\ndata: ${JSON.stringify(rpcResult(body.id, {}))}\n\n`)
    }
    expect((await world.call(serverId, key)).text).toMatch(new RegExp(`^retry: ${passed}\n\ndata: `))
  })
})
