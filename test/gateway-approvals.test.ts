/** Approvals of tool calls: valid once, for the same call, in time, and never given by the caller. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { McpToolApproval } from '../src/entities/mcp-tool-approval.js'
import { approvalTtlSeconds } from '../src/mcp/approvals/approve-tool-call.js'
import { Gateway, type RpcAnswer } from './support/gateway.js'
import type { Payloads, Results } from './support/results.js'
import { waitFor } from './support/wait-for.js'

let world: Gateway
let serverId: string
let agent: { id: string; secret: string }
const alice = { 'x-on-behalf-of': 'alice' }
const bob = { 'x-on-behalf-of': 'bob' }
const fields =
  'id tool arguments status requestedAt expiresAt decidedAt reason server { id } endUser { externalId } decidedBy { __typename }'

beforeAll(async () => {
  world = await Gateway.start({}, { KEYHOUSE_LIMIT_CALLS_PER_END_USER: '50' })
})
afterAll(() => world.close())
beforeEach(async () => {
  world.upstream.reset()
  serverId = await world.server({ requireApproval: 'ALWAYS' })
  for (const headers of [{}, alice, bob] as Record<string, string>[])
    await world.credential(serverId, { bearerToken: 'a-secret-of-the-server' }, headers)
  agent = await world.agent(['*'], ['mcp_approval:read', 'mcp_approval:decide', 'mcp_server:update', 'mcp_server:read'])
})

const call = (args: object = { a: 1 }, headers: Record<string, string> = alice, tool = 'echo'): Promise<RpcAnswer> =>
  world.call(serverId, agent.secret, tool, args, headers)
const waitingFor = async (...args: Parameters<typeof call>): Promise<string> => {
  const { body } = await call(...args)
  expect(body.error).toMatchObject({ code: 1002, data: { reason: 'APPROVAL_PENDING' } })
  return body.error.data.approvalId
}
type Approval = Results['mcpToolApprovals']['nodes'][number]
const decide = (
  credential: string,
  id: string,
  decision = 'APPROVE',
  headers: Record<string, string> = {},
  more: object = {},
): Promise<Payloads['decideMcpToolCall']> =>
  world.app.mutate(credential, 'decideMcpToolCall', { id, decision, ...more }, `approval { ${fields} }`, headers)
const approve = async (id: string): Promise<Approval> => {
  const { approval, userErrors } = await decide(world.acme.adminToken, id)
  expect(userErrors).toEqual([])
  return approval
}
const approvals = async (filter: object = { serverId }, credential = world.acme.adminToken): Promise<Approval[]> => {
  const query = `query ($filter: McpToolApprovalFilter) { mcpToolApprovals(filter: $filter) { nodes { ${fields} } totalCount } }`
  const { data, errors } = await world.app.run(credential, query, { filter })
  expect(errors).toBeUndefined()
  return data.mcpToolApprovals.nodes
}
const storedArguments = async (id: string): Promise<unknown> => (await world.acme.em.findOneOrFail(McpToolApproval, { id })).arguments

describe('a call', () => {
  test('waits, is approved, passes once, and is wiped', async () => {
    const id = await waitingFor({ a: 1, b: 'ä' })
    expect(await waitingFor({ b: 'ä', a: 1.0 })).toBe(id)
    expect(world.upstream.received).toEqual([])
    const [pending, ...more] = await approvals()
    expect(more).toEqual([])
    expect(pending).toMatchObject({
      id,
      tool: 'echo',
      arguments: { a: 1, b: 'ä' },
      status: 'PENDING',
      server: { id: serverId },
      endUser: { externalId: 'alice' },
    })
    expect(await approve(id)).toMatchObject({ status: 'APPROVED', decidedBy: { __typename: 'User' }, arguments: { a: 1, b: 'ä' } })
    expect((await call({ a: 1, b: 'ä' })).body.result).toBeDefined()
    expect(await approvals()).toMatchObject([{ id, status: 'USED', arguments: null }])
    expect(await storedArguments(id)).toBeNull()
    expect(await waitingFor({ a: 1, b: 'ä' })).not.toBe(id)
    expect(world.upstream.toolCallCount()).toBe(1)
    const events = await world.events('mcp_approval:spend')
    expect(events.filter(({ subjectId }) => subjectId === id)).toHaveLength(1)
    expect((await world.events('mcp_approval:request', id)).length).toBe(1)
    expect((await world.events('mcp_approval:decide', id)).map(({ details }) => details)).toEqual([{ decision: 'APPROVE' }])
  })

  test('names the end user to that end user, who has no `end_user:read`, and does not exist for another', async () => {
    const id = await waitingFor()
    const query = 'query ($id: ID!) { node(id: $id) { ... on McpToolApproval { id endUser { externalId } } } }'
    const { secret } = await world.acme.apiKey({ permissions: ['mcp_approval:read'] })
    const seen = async (headers: object): Promise<unknown> => (await world.app.run(secret, query, { id }, { ...headers })).data.node
    expect(await seen(alice)).toEqual({ id, endUser: { externalId: 'alice' } })
    expect(await seen(bob)).toBeNull()
  })

  test('passes once among fifty at once', async () => {
    const first = await Promise.all(Array.from({ length: 50 }, () => call()))
    const named = new Set(first.map(({ body }) => body.error.data.approvalId))
    expect(named.size).toBe(1)
    await approve([...named][0] as string)
    const answers = await Promise.all(Array.from({ length: 50 }, () => call()))
    expect(answers.filter(({ body }) => body.result !== undefined)).toHaveLength(1)
    expect(world.upstream.toolCallCount()).toBe(1)
    expect(new Set(answers.flatMap(({ body }) => (body.error ? [body.error.data.approvalId] : []))).size).toBe(1)
  })

  test('is spent even when upstream fails', async () => {
    await approve(await waitingFor())
    world.upstream.answer = ({ response }) => void response.socket?.destroy()
    expect((await call()).body.error.code).toBe(1006)
    world.upstream.reset()
    await waitingFor()
    expect(world.upstream.toolCallCount()).toBe(0)
  })

  test('is another with other arguments, another tool, another end user, or another URL', async () => {
    await approve(await waitingFor({ a: 1 }))
    await waitingFor({ a: 2 })
    await waitingFor({ a: '1' })
    await waitingFor({ a: 1, b: null })
    await waitingFor({ a: 1 }, alice, 'other')
    await waitingFor({ a: 1 }, bob)
    await waitingFor({ a: 1 }, {})
    expect(world.upstream.toolCallCount()).toBe(0)
    await world.app.mutate(
      world.acme.adminToken,
      'updateMcpServer',
      { id: serverId, serverUrl: `${world.upstream.origin}/other` },
      'server { id }',
    )
    expect((await approvals({ serverId, status: 'APPROVED' })).length).toBe(0)
    await waitingFor({ a: 1 })
    expect(world.upstream.toolCallCount()).toBe(0)
  })

  test('must have arguments that a person can see as they are: 64 KiB, exact numbers, no NUL', async () => {
    const frame = JSON.stringify({ a: '' }).length
    await waitingFor({ a: 'x'.repeat(65_536 - frame) })
    for (const args of [
      `{"a":"${'x'.repeat(65_537 - frame)}"}`,
      '{"a":9007199254740993}',
      String.raw`{"a":"\u0000"}`,
      String.raw`{"a":"\ud800"}`,
      '[1]',
      '"a"',
    ]) {
      const message = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${args}}}`
      expect((await world.post(serverId, agent.secret, message, alice)).body.error.code).toBe(-32_602)
    }
    expect(world.upstream.toolCallCount()).toBe(0)
  })
})

describe('time', () => {
  test('a request waits ten minutes, less a millisecond', async () => {
    const id = await waitingFor()
    world.app.clock.advance(approvalTtlSeconds * 1000 - 1)
    expect(await waitingFor()).toBe(id)
    world.app.clock.advance(1)
    expect((await decide(world.acme.adminToken, id)).userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
    expect(await approvals({ serverId, status: 'EXPIRED' })).toMatchObject([{ id, status: 'EXPIRED', arguments: null }])
    await waitFor(async () => ((await storedArguments(id)) === null ? true : undefined))
    expect(await waitingFor()).not.toBe(id)
  })

  test.each([
    [599_999, true],
    [600_000, false],
  ])('an approval of %i ms ago passes: %s', async (age, passes) => {
    const id = await waitingFor()
    world.app.clock.advance(599_999)
    await approve(id)
    world.app.clock.advance(age)
    expect((await call()).body.result !== undefined).toBe(passes)
    expect(world.upstream.toolCallCount()).toBe(passes ? 1 : 0)
  })

  test('a denial holds ten minutes, with its reason', async () => {
    const id = await waitingFor()
    const { approval } = await decide(world.acme.adminToken, id, 'DENY', {}, { reason: 'Not on a Friday.' })
    expect(approval).toMatchObject({ status: 'DENIED', arguments: null, reason: 'Not on a Friday.' })
    expect(await storedArguments(id)).toBeNull()
    world.app.clock.advance(599_999)
    expect((await call()).body.error).toMatchObject({
      message: expect.stringContaining('Not on a Friday.'),
      code: 1003,
      data: { reason: 'APPROVAL_DENIED', approvalId: id, decisionReason: 'Not on a Friday.', retryAfterMs: 1 },
    })
    expect((await decide(world.acme.adminToken, id)).userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
    world.app.clock.advance(1)
    expect(await waitingFor()).not.toBe(id)
    expect(world.upstream.toolCallCount()).toBe(0)
  })
})

describe('who decides', () => {
  const exchange = async (key: string, headers: Record<string, string> = alice): Promise<string> => {
    const { token } = await world.app.mutate(key, 'exchangeApiKey', { audience: world.app.config.url }, 'token', headers)
    return token
  }

  test('never the key that called, with any header, nor a token of it', async () => {
    const id = await waitingFor()
    const own = await waitingFor({ a: 1 }, {})
    const token = await exchange(agent.secret)
    for (const [credential, approval, headers] of [
      [agent.secret, id, alice],
      [agent.secret, own, {}],
      [token, id, {}],
    ] as const)
      expect((await decide(credential, approval, 'APPROVE', headers)).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
    for (const headers of [{}, bob])
      expect((await decide(agent.secret, id, 'APPROVE', headers)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
    expect((await call()).body.error.data.reason).toBe('APPROVAL_PENDING')
  })

  test('nor the key behind the token that called, nor one that asked for it too', async () => {
    const token = await exchange(agent.secret)
    const id = (await world.call(serverId, token, 'echo', { a: 1 })).body.error.data.approvalId
    expect((await decide(agent.secret, id, 'APPROVE', alice)).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
    const second = await world.agent(['*'], ['mcp_approval:decide'])
    expect((await world.call(serverId, second.secret, 'echo', { a: 1 }, alice)).body.error.data.approvalId).toBe(id)
    expect((await decide(second.secret, id, 'APPROVE', alice)).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
  })

  test('another key for the same end user, its token, and people who hold it', async () => {
    const person = await world.acme.apiKey({ permissions: ['mcp_approval:decide', 'mcp_approval:read'] })
    const first = await waitingFor({ a: 1 })
    expect((await decide(person.secret, first, 'APPROVE', bob)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
    expect((await decide(await exchange(person.secret), first)).approval.status).toBe('APPROVED')
    const reader = await world.acme.member('READER')
    expect((await decide(reader.token, await waitingFor({ a: 2 }))).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
    const without = await world.acme.apiKey({ permissions: ['mcp_server:use'] })
    expect((await decide(without.secret, await waitingFor({ a: 3 }), 'APPROVE', alice)).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
    expect((await decide(world.acme.adminToken, first)).userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
  })

  test('a token narrowed to mcp_server:use calls nothing', async () => {
    const { token } = await world.app.mutate(
      agent.secret,
      'exchangeApiKey',
      { audience: world.app.config.url, permissions: ['mcp_server:use'] },
      'token',
      alice,
    )
    expect((await world.call(serverId, token, 'echo', {})).body.error.message).toContain('The tool is not allowed')
  })

  test('nor does it loosen the rules: not as an end user, not without the permission, not who called', async () => {
    const loosen = async (
      credential: string,
      change: object,
      headers: Record<string, string> = {},
    ): Promise<Payloads['updateMcpServer']['userErrors']> =>
      (await world.app.mutate(credential, 'updateMcpServer', { id: serverId, ...change }, 'server { id }', headers)).userErrors
    const update = ['mcp_server:update', 'mcp_server:read']
    const plain = await world.acme.apiKey({ permissions: update })
    const trusted = await world.acme.apiKey({ permissions: [...update, 'mcp_approval:decide'] })
    await waitingFor()
    for (const change of [{ requireApproval: 'NEVER' }]) {
      expect(await loosen(plain.secret, change)).toMatchObject([{ code: 'FORBIDDEN' }])
      expect(await loosen(agent.secret, change)).toMatchObject([{ code: 'FORBIDDEN' }])
      expect(await loosen(agent.secret, change, alice)).toMatchObject([{ code: 'FORBIDDEN' }])
      expect(await loosen(trusted.secret, change, alice)).toMatchObject([{ code: 'FORBIDDEN' }])
    }
    expect(await loosen(agent.secret, { allowedTools: ['echo'] })).toEqual([])
    expect(await loosen(agent.secret, { allowedTools: null })).toMatchObject([{ code: 'FORBIDDEN' }])
    expect(await loosen(trusted.secret, { allowedTools: null })).toEqual([])
    expect(await loosen(trusted.secret, { requireApproval: 'NEVER' })).toEqual([])
    expect((await call()).body.result).toBeDefined()
  })
})

test('ends with its server and with its end user', async () => {
  const [first, second] = [await waitingFor({ a: 1 }), await waitingFor({ a: 1 }, bob)]
  await world.app.mutate(world.acme.sandboxKey, 'forgetEndUser', { externalId: 'alice' }, 'forgottenEndUserId')
  expect((await approvals()).map(({ id }) => id)).toEqual([second])
  await approve(second)
  await world.app.mutate(world.acme.sandboxKey, 'deleteMcpServer', { id: serverId }, 'deletedServerId')
  expect(await approvals()).toMatchObject([{ id: second, status: 'EXPIRED', arguments: null, server: null }])
  expect(await storedArguments(second)).toBeNull()
  expect(first).not.toBe(second)
})

test('are listed for whom they concern', async () => {
  const own = await waitingFor({ a: 1 }, {})
  const hers = await waitingFor({ a: 1 })
  const ids = async (filter: object, headers: Record<string, string> = {}): Promise<string[]> => {
    const { data } = await world.app.run(
      agent.secret,
      'query ($f: McpToolApprovalFilter) { mcpToolApprovals(filter: $f) { nodes { id } } }',
      { f: filter },
      headers,
    )
    return data.mcpToolApprovals.nodes.map(({ id }: { id: string }) => id)
  }
  expect(await ids({ serverId })).toEqual([own])
  expect(await ids({ serverId }, alice)).toEqual([hers])
  expect(await ids({ serverId }, bob)).toEqual([])
  expect((await approvals({ serverId })).map(({ id }) => id)).toEqual([hers, own])
  expect((await approvals({ serverId, externalUserId: 'alice', status: 'PENDING' })).map(({ id }) => id)).toEqual([hers])
  expect(await approvals({ serverId, status: 'USED' })).toEqual([])
})
