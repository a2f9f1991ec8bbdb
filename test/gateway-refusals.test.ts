/** Refusals of the gateway: JSON-RPC code and reason, in the metrics, in the log and in both official SDKs. */
import { readFileSync } from 'node:fs'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { failingAfterMs } from '../src/gateway/failing-agents.js'
import { gatewayErrors } from '../src/gateway/gateway-error.js'
import { requestErrorDescriptions } from '../src/lib/error-codes.js'
import { oauthErrors } from '../src/oauth/oauth-error.js'
import { pageErrors } from '../src/oauth/page-error.js'
import { executeSql } from './support/database-access.js'
import { Gateway, rpcResult, sendJson, type AnswerHandler, type RpcAnswer } from './support/gateway.js'
import { connectClient } from './support/mcp-clients.js'

const alice = { 'x-on-behalf-of': 'alice' }
const bearerToken = 'the-secret-of-this-server'

let world: Gateway
let agent: string
let agentId: string
beforeAll(async () => {
  world = await Gateway.start()
  const key = await world.agent(['echo'])
  agent = key.secret
  agentId = key.id
})
afterAll(() => world.close())
beforeEach(() => world.upstream.reset())

async function serverWith(input: object = {}, headers: Record<string, string> = {}): Promise<string> {
  const serverId = await world.server(input)
  await world.credential(serverId, { bearerToken }, headers)
  return serverId
}
const call = (serverId: string, tool = 'echo', headers: Record<string, string> = {}): Promise<RpcAnswer> =>
  world.call(serverId, agent, tool, {}, headers)
const answersWith =
  (status: number): AnswerHandler =>
  ({ response }) =>
    void response.writeHead(status).end()

/** Makes a call be denied by a person. */
async function denied(): Promise<RpcAnswer> {
  const serverId = await serverWith({ requireApproval: 'ALWAYS' })
  const { approvalId } = (await call(serverId)).body.error.data
  const input = { id: approvalId, decision: 'DENY', reason: 'No.' }
  await world.app.mutate(world.acme.adminToken, 'decideMcpToolCall', input, 'approval { id }')
  return call(serverId)
}

async function unreadable(): Promise<RpcAnswer> {
  const serverId = await world.server()
  const ids = [await world.credential(serverId, { bearerToken }), await world.credential(serverId, { bearerToken })]
  await executeSql(
    world.app,
    'update mcp_credential set sealed_value = (select sealed_value from mcp_credential where id = ?) where id = ?',
    ids,
  )
  return call(serverId)
}

async function refusedUpstream(status: number): Promise<RpcAnswer> {
  world.upstream.answer = answersWith(status)
  return call(await serverWith())
}

async function unreachable(): Promise<RpcAnswer> {
  world.upstream.answer = ({ response }) => void response.socket!.destroy()
  return call(await serverWith())
}

const cases: [reason: keyof typeof gatewayErrors, code: number, refuse: () => Promise<RpcAnswer>][] = [
  ['TOOL_NOT_ALLOWED', 1001, async () => call(await serverWith(), 'other')],
  ['NOT_FOUND', 1001, () => call('mcp_srv_00000000000000000000000000000000')],
  ['SESSION_NOT_FOUND', 1001, async () => call(await serverWith(), 'echo', { 'mcp-session-id': 'unknown' })],
  ['APPROVAL_PENDING', 1002, async () => call(await serverWith({ requireApproval: 'ALWAYS' }))],
  ['APPROVAL_DENIED', 1003, denied],
  ['NO_CREDENTIAL', 1004, async () => call(await world.server())],
  ['CREDENTIAL_REFUSED', 1005, () => refusedUpstream(401)],
  ['CREDENTIAL_REFUSED', 1005, () => refusedUpstream(403)],
  ['UPSTREAM_FAILED', 1006, unreachable],
  ['CREDENTIAL_UNREADABLE', 1007, unreadable],
]

/** Series of /metrics by name and labels. */
const scrape = async (): Promise<Map<string, number>> => {
  const text = await (await fetch(`${world.app.url}/metrics`)).text()
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}
const refusalSeries = (reason: string): string => `keyhouse_refusals_total{operation="mcp:tools/call",code="${reason}"}`
const requestSeries = (reason: string): string =>
  `keyhouse_requests_total{route="/mcp/:serverId",operation="mcp:tools/call",code="${reason}"}`

describe('a refused call', () => {
  test.each(cases)('has a reason and a code outside of the reserved range, is counted and logged: %s', async (reason, code, refuse) => {
    const before = await scrape()
    const logLength = world.app.logLength
    const { body } = await refuse()
    expect(body.error).toMatchObject({ code, data: { reason } })
    const after = await scrape()
    for (const series of [refusalSeries(reason), requestSeries(reason)])
      expect((after.get(series) ?? 0) - (before.get(series) ?? 0)).toBe(1)
    const lines = world.app
      .logFrom(logLength)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'request', operation: 'mcp:tools/call', codes: [reason] }))
  })

  test('that the server answered with an error status is not counted as OK', async () => {
    const before = await scrape()
    expect((await refusedUpstream(500)).status).toBe(502)
    const after = await scrape()
    const series = requestSeries('UPSTREAM_FAILED')
    expect((after.get(series) ?? 0) - (before.get(series) ?? 0)).toBe(1)
  })

  test('without a credential of the backend names X-On-Behalf-Of, and for an end user does not', async () => {
    const serverId = await world.server()
    expect((await call(serverId)).body.error.message).toContain('X-On-Behalf-Of')
    expect((await call(serverId, 'echo', alice)).body.error.message).not.toContain('X-On-Behalf-Of')
  })

  test('by a credential that does not open sends nothing, names no secret, and has an outcome of its own', async () => {
    const { body, text } = await unreadable()
    expect(world.upstream.received).toEqual([])
    expect(body.error.message).toContain('master key')
    expect(text).not.toContain(bearerToken)
    expect((await world.events('mcp_tool:call')).at(-1)!.details).toMatchObject({ outcome: 'CREDENTIAL_UNREADABLE' })
    expect(world.app.log).toContain('stored MCP credential cannot be decrypted')
  })

  test('of a message without an id has an HTTP status', async () => {
    const serverId = await world.server()
    const answer = await world.post(serverId, agent, { jsonrpc: '2.0', method: 'notifications/initialized' })
    expect(answer).toMatchObject({ status: 403, body: { id: null, error: { code: 1004 } } })
  })

  test('of a person is a JSON-RPC error too', async () => {
    const answer = await world.call(await serverWith(), world.acme.adminToken)
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 1001, data: { reason: 'FORBIDDEN' } } } })
  })
})

test('no code is in the range that JSON-RPC reserves, but those that JSON-RPC and MCP define', () => {
  const reserved = Object.values(gatewayErrors).map(({ code }) => code as number)
  expect([...new Set(reserved.filter((code) => code >= -32_768 && code <= -32_000))].toSorted((a, b) => a - b)).toEqual([
    -32_700, -32_602, -32_600, -32_020,
  ])
})

describe.each(['sdk', 'client'] as const)('the client of @modelcontextprotocol/%s', (generation) => {
  const connect = (serverId: string, headers: Record<string, string> = {}): ReturnType<typeof connectClient> =>
    connectClient(generation, { url: `${world.app.url}/mcp/${serverId}`, headers: { authorization: `Bearer ${agent}`, ...headers } })

  test('gets the code, the reason and the approval', async () => {
    world.upstream.answer = ({ response, body, request }) => {
      const initialized = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } }
      if (request.method !== 'POST') response.writeHead(405).end()
      else if (body.id === undefined) response.writeHead(202).end()
      else sendJson(response, rpcResult(body.id, initialized))
    }
    const { call: callTool, close } = await connect(await serverWith({ requireApproval: 'ALWAYS' }))
    const refusal = { code: 1002, data: { reason: 'APPROVAL_PENDING', approvalId: expect.stringMatching(/^mcp_apr_/) } }
    await expect(callTool('echo', {})).rejects.toMatchObject(refusal)
    await expect(callTool('other', {})).rejects.toMatchObject({ code: 1001, data: { reason: 'TOOL_NOT_ALLOWED' } })
    await close()
  })

  test('cannot connect without a credential, and hears why', async () => {
    await expect(connect(await world.server(), alice)).rejects.toMatchObject({ code: 1004, data: { reason: 'NO_CREDENTIAL' } })
  })
})

describe('the alerts of examples/operations', () => {
  const rules = readFileSync('examples/operations/alerts.yaml', 'utf8')
  const expressions = new Map([...rules.matchAll(/- alert: (\w+)\n\s+expr: (.+)/g)].map(([, name, expression]) => [name!, expression!]))
  const selectors = (expression: string): [metric: string, matchers: string][] =>
    [...expression.matchAll(/\b(keyhouse_\w+)(?:\{(.*?)\})?/g)].map(([, metric, matchers]) => [metric!, matchers ?? ''])
  const matcherList = (matchers: string): [label: string, operator: string, pattern: string][] =>
    [...matchers.matchAll(/(\w+)(=~|!~|!=|=)"(.*?)"/g)].map(([, label, operator, pattern]) => [label!, operator!, pattern!])

  test('are all read', () => expect(expressions.size).toBe(rules.split('- alert:').length - 1))

  test.each([...expressions])('%s names metrics, labels and codes that exist', async (_name, expression) => {
    const text = await (await fetch(`${world.app.url}/metrics`)).text()
    const decisions = { access_denied: '', login_required: '', consent_required: '' }
    const codes = Object.keys({ ...requestErrorDescriptions, ...gatewayErrors, ...oauthErrors, ...pageErrors, ...decisions, OK: '' })
    for (const [metric, matchers] of selectors(expression)) {
      // The pool exists on PostgreSQL only.
      if (metric !== 'keyhouse_database_pool') expect(text).toContain(`# TYPE ${metric.replace(/_bucket$/, '')} `)
      for (const [label, , pattern] of matcherList(matchers)) {
        expect(['route', 'operation', 'code', 'outcome', 'state']).toContain(label)
        if (label === 'code') expect(codes).toEqual(expect.arrayContaining(pattern.split('|')))
      }
    }
  })
})

describe('an agent that never succeeds', () => {
  const failing = async (): Promise<[string, number][]> =>
    [...(await scrape())]
      .filter(([series]) => series.startsWith('keyhouse_failing_agents{'))
      .map(([series, value]) => [/code="(.*)"/.exec(series)![1]!, value])
  let serverId: string
  beforeEach(async () => {
    // Refusals of other tests are over.
    world.app.clock.advance(failingAfterMs)
    serverId = await world.server()
  })

  test('is counted by its last refusal after 15 minutes of refusals, and named once in the log', async () => {
    const logLength = world.app.logLength
    await call(serverId)
    world.app.clock.advance(failingAfterMs - 1)
    await call(serverId)
    expect(await failing()).toEqual([])
    world.app.clock.advance(1)
    expect(await failing()).toEqual([['NO_CREDENTIAL', 1]])
    await call(serverId, 'other')
    await call(serverId, 'other')
    expect(await failing()).toEqual([['TOOL_NOT_ALLOWED', 1]])
    const named = world.app
      .logFrom(logLength)
      .split('\n')
      .filter((line) => line.includes('agent has been refused'))
    expect(named.map((line) => JSON.parse(line) as object)).toMatchObject([{ apiKeyId: agentId, code: 'TOOL_NOT_ALLOWED' }])
  })

  test.each([
    ['a successful call', async () => void (await call(serverId)), []],
    ['a list of tools', async () => void (await world.rpc(serverId, agent, 'tools/list')), [['NO_CREDENTIAL', 1]]],
  ])('after %s', async (_name, act, expected) => {
    await call(serverId)
    world.app.clock.advance(failingAfterMs - 1)
    await call(serverId)
    world.app.clock.advance(1)
    await world.credential(serverId, { bearerToken })
    await act()
    expect(await failing()).toEqual(expected)
  })

  test('no longer counts when it has not called for 15 minutes', async () => {
    await call(serverId)
    world.app.clock.advance(failingAfterMs - 1)
    await call(serverId)
    world.app.clock.advance(failingAfterMs - 1)
    expect(await failing()).toEqual([['NO_CREDENTIAL', 1]])
    world.app.clock.advance(1)
    expect(await failing()).toEqual([])
  })

  test('counts while nobody decides about its calls', async () => {
    const waitingId = await serverWith({ requireApproval: 'ALWAYS' })
    await call(waitingId)
    world.app.clock.advance(failingAfterMs - 1)
    await call(waitingId)
    world.app.clock.advance(1)
    expect(await failing()).toEqual([['APPROVAL_PENDING', 1]])
  })
})
