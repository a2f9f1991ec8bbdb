/** Identity of an approved call: parameters, forwarded headers and credential must not change. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { measureStall } from './support/event-loop-stall.js'
import { Gateway, type RpcBody } from './support/gateway.js'

let world: Gateway
let serverId: string
let agent: { id: string; secret: string }
let id = 0

beforeAll(async () => {
  world = await Gateway.start()
})
afterAll(() => world.close())
beforeEach(async () => {
  world.upstream.reset()
  serverId = await world.server({ requireApproval: 'ALWAYS' })
  await world.credential(serverId, { bearerToken: 'a-secret-of-the-server' })
  agent = await world.agent()
})

interface Call {
  readonly params?: object
  readonly headers?: Record<string, string>
}
const send = async ({ params = {}, headers = {} }: Call): Promise<RpcBody> => {
  const message = { jsonrpc: '2.0', id: ++id, method: 'tools/call', params: { name: 'echo', arguments: { a: 1 }, ...params } }
  return (await world.post(serverId, agent.secret, message, headers)).body
}
const approve = async (call: Call): Promise<void> => {
  const { error } = await send(call)
  expect(error).toMatchObject({ code: 1002, data: { reason: 'APPROVAL_PENDING' } })
  const input = { id: error.data.approvalId, decision: 'APPROVE' }
  expect((await world.app.mutate(world.acme.adminToken, 'decideMcpToolCall', input, 'approval { status }')).userErrors).toEqual([])
}

describe('an approved call passes', () => {
  const meta = (value: object): Call => ({ params: { _meta: value } })
  const same: readonly [string, Call, Call][] = [
    ['as it was asked for', {}, {}],
    ['with its parameters in another order', { params: { task: { ttl: 1, x: 2 } } }, { params: { task: { x: 2, ttl: 1 } } }],
    ['with another progress token', meta({ progressToken: 1 }), meta({ progressToken: 'abc' })],
    ['with a progress token where there was none', {}, meta({ progressToken: 2 })],
    ['without a progress token where there was one', meta({ progressToken: 2, 'example.com/a': 1 }), meta({ 'example.com/a': 1 })],
    [
      'in another trace',
      meta({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1' }),
      meta({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01', tracestate: 'a=2' }),
    ],
    ['in another session', {}, { headers: { 'last-event-id': '7' } }],
    ['with a header that is not forwarded', {}, { headers: { 'x-other': 'a' } }],
    ['with a progress token of 256 characters', {}, meta({ progressToken: 'x'.repeat(256) })],
  ]
  test.each(same)('%s', async (_name, asked, made) => {
    await approve(asked)
    expect((await send(made)).result).toBeDefined()
  })

  const other: readonly [string, Call, Call][] = [
    ['another _meta', meta({ 'example.com/a': 1 }), meta({ 'example.com/a': 2 })],
    ['a _meta where there was none', {}, meta({ 'example.com/a': 1 })],
    ['a task', {}, { params: { task: { ttl: 60_000 } } }],
    ['answers to what the server asked', {}, { params: { inputResponses: { confirm: { action: 'accept' } } } }],
    ['another state of the request', { params: { requestState: 'a' } }, { params: { requestState: 'b' } }],
    ['a parameter that no version knows', {}, { params: { sudo: true } }],
    ['another header for the server', { headers: { 'mcp-param-region': 'eu' } }, { headers: { 'mcp-param-region': 'us' } }],
    ['a header for the server where there was none', {}, { headers: { 'mcp-param-region': 'us' } }],
    ['a text of any length as its progress token', {}, meta({ progressToken: 'x'.repeat(257) })],
    ['something else as its progress token', {}, meta({ progressToken: { delete: 'all' } })],
  ]
  test.each(other)('not with %s', async (_name, asked, made) => {
    await approve(asked)
    expect((await send(made)).error).toMatchObject({ code: 1002, data: { reason: 'APPROVAL_PENDING' } })
    expect(world.upstream.toolCallCount()).toBe(0)
    expect((await send(asked)).result).toBeDefined()
  })

  test('not with a credential that was stored since, and again with the one that was there', async () => {
    await approve({})
    world.app.clock.advance(1)
    const later = await world.credential(serverId, { bearerToken: 'another-secret-of-the-server' })
    expect((await send({})).error).toMatchObject({ code: 1002 })
    await world.app.mutate(world.acme.sandboxKey, 'revokeMcpCredential', { id: later }, 'credential { id }')
    expect((await send({})).result).toBeDefined()
    expect(world.upstream.received.at(-1)!.request.headers.authorization).toBe('Bearer a-secret-of-the-server')
  })
})

test('parameters of a call that needs approval are I-JSON of at most 128 KiB', async () => {
  const frame = JSON.stringify({ name: 'echo', arguments: { a: 1 }, _meta: { x: '' } }).length
  const filled = (bytes: number): Call => ({ params: { _meta: { x: 'x'.repeat(bytes - frame) } } })
  expect((await send(filled(131_071))).error.code).toBe(1002)
  expect((await send(filled(131_072))).error.code).toBe(1002)
  expect((await send(filled(131_073))).error.code).toBe(-32_602)
  expect((await send({ params: { _meta: { x: '\0' } } })).error.code).toBe(-32_602)
})

test('comparing parameters of the maximum size does not stall the event loop', async () => {
  const names = Object.fromEntries(Array.from({ length: 7000 }, (_, i) => [`name${i}`, i]))
  const { result, longestMs } = await measureStall(() => send({ params: { _meta: names } }))
  expect(result.error.code).toBe(1002)
  expect(longestMs).toBeLessThan(250)
})
