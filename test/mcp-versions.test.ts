/** testMcpServer with servers of both generations of MCP: with a handshake (2025-11-25), and without (2026-07-28). */
import type { IncomingMessage } from 'node:http'

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'

import { startApp, type TestApp } from './support/app.js'
import { bodyOf, listen, type Handler, type Listening } from './support/local-server.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

const token = 'correct-horse-battery-staple'
let app: TestApp
let acme: SeededOrganization
let labels = 0
const open: Listening[] = []
beforeAll(async () => {
  app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
  acme = await organization(app)
})
afterEach(() => Promise.all(open.splice(0).map((one) => one.close())))
afterAll(() => app.close())

/** Tests a server with a credential, and records the headers of every request to it. */
async function tryOut(handler: Handler): Promise<{ tried: Payloads['testMcpServer']['test']; seen: IncomingMessage['headers'][] }> {
  const seen: IncomingMessage['headers'][] = []
  const listening = await listen((incoming, response) => {
    seen.push(incoming.headers)
    return handler(incoming, response)
  })
  open.push(listening)
  const input = { name: 'x', serverLabel: `x-${++labels}`, serverUrl: `${listening.origin}/mcp` }
  const { server } = await app.mutate(acme.sandboxKey, 'createMcpServer', input, 'server { id }')
  await app.mutate(acme.sandboxKey, 'createMcpCredential', { serverId: server.id, auth: { bearerToken: token } }, 'credential { id }')
  const fields = 'test { connected toolNames protocolVersion failure { code httpStatus } }'
  const { test: tried } = await app.mutate(acme.sandboxKey, 'testMcpServer', { serverId: server.id, timeoutMs: 5000 }, fields)
  return { tried, seen }
}

function official(legacy: 'reject' | 'stateless', responseMode: 'auto' | 'sse'): Handler {
  const create = (): McpServer => {
    const server = new McpServer({ name: 'official', version: '1' })
    for (const name of ['greet', 'part']) server.registerTool(name, { description: name }, () => ({ content: [] }))
    return server
  }
  const serve = toNodeHandler(createMcpHandler(create, { legacy, responseMode }))
  return (request, response) => serve(request as never, response)
}

test.each(['auto', 'sse'] as const)('a server that speaks only 2026-07-28 (responses: %s) is connected', async (responseMode) => {
  const { tried, seen } = await tryOut(official('reject', responseMode))
  expect(tried).toEqual({ connected: true, toolNames: ['greet', 'part'], protocolVersion: '2026-07-28', failure: null })
  expect(seen.every(({ authorization }) => authorization === `Bearer ${token}`)).toBe(true)
  expect(seen.map((headers) => [headers['mcp-protocol-version'], headers['mcp-method']])).toEqual([
    [undefined, undefined],
    ['2026-07-28', 'server/discover'],
    ['2026-07-28', 'tools/list'],
  ])
})

test('a server that speaks both is asked once for each step, by the handshake', async () => {
  const { tried, seen } = await tryOut(official('stateless', 'auto'))
  expect(tried).toMatchObject({ connected: true, toolNames: ['greet', 'part'], protocolVersion: '2025-11-25' })
  expect(seen).toHaveLength(3)
})

describe('a server that refuses the handshake', () => {
  interface Refusal {
    readonly status: number
    readonly answer?: object
    readonly discovered?: object
  }
  const refusing =
    ({ status, answer = { error: { code: -32_022, message: 'unsupported' } }, discovered }: Refusal): Handler =>
    async (incoming, response) => {
      const { id, method, params } = JSON.parse(await bodyOf(incoming))
      const isLate = method !== 'initialize' && incoming.headers['mcp-session-id'] !== undefined
      const say = (code: number, member: object): void =>
        void response
          .writeHead(code, { 'content-type': 'application/json', 'mcp-session-id': 'of-the-handshake' })
          .end(JSON.stringify({ jsonrpc: '2.0', id, ...member }))
      if (method === 'initialize') say(status, answer)
      else if (discovered === undefined || isLate) say(404, { error: { code: -32_601, message: 'no such method' } })
      else if (method === 'server/discover') say(200, { result: discovered })
      else
        say(200, {
          result: params.cursor
            ? { resultType: 'complete', tools: [{ name: 'second' }] }
            : { resultType: 'complete', tools: [{ name: Object.keys(params['_meta']).join(' ') }], nextCursor: 'more' },
        })
    }
  const discovered = { resultType: 'complete', supportedVersions: ['2027-01-01', '2026-07-28'], capabilities: { tools: {} } }

  test.each([
    ['with HTTP 400', 400],
    ['with HTTP 404', 404],
    ['with HTTP 405', 405],
    ['in JSON-RPC', 200],
  ])('%s is asked by 2026-07-28, on every page', async (_name, status) => {
    const { tried } = await tryOut(refusing({ status, discovered }))
    const keys = ['protocolVersion', 'clientInfo', 'clientCapabilities'].map((key) => `io.modelcontextprotocol/${key}`)
    expect(tried).toMatchObject({ connected: true, toolNames: [keys.join(' '), 'second'], protocolVersion: '2026-07-28' })
  })

  test.each<[string, Refusal, number, object]>([
    ['knows no discovery either', { status: 400 }, 2, { code: 'PROTOCOL_ERROR', httpStatus: 400 }],
    [
      'speaks later versions only',
      { status: 405, discovered: { supportedVersions: ['2027-01-01'] } },
      2,
      { code: 'PROTOCOL_ERROR', httpStatus: 405 },
    ],
    [
      'discovers nonsense',
      { status: 200, discovered: { supportedVersions: '2026-07-28' } },
      2,
      { code: 'PROTOCOL_ERROR', httpStatus: null },
    ],
    ['wants a credential', { status: 401, discovered }, 1, { code: 'UNAUTHORIZED', httpStatus: 401 }],
    ['forbids', { status: 403, discovered }, 1, { code: 'UNAUTHORIZED', httpStatus: 403 }],
    ['is asked too often', { status: 429, discovered }, 1, { code: 'PROTOCOL_ERROR', httpStatus: 429 }],
    ['is broken', { status: 500, discovered }, 1, { code: 'PROTOCOL_ERROR', httpStatus: 500 }],
    ['says nothing of use', { status: 200, answer: { result: 1 }, discovered }, 1, { code: 'PROTOCOL_ERROR', httpStatus: null }],
  ])('and %s has failed by the handshake', async (_name, refusal, requests, failure) => {
    const { tried, seen } = await tryOut(refusing(refusal))
    expect(tried).toMatchObject({ connected: false, protocolVersion: null, failure })
    expect(seen).toHaveLength(requests)
  })
})
