/** Health of MCP credentials by their real use, and updates in place: same id, new value, new version. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { Gateway, rpcResult, sendJson, type AnswerHandler } from './support/gateway.js'
import type { Payloads } from './support/results.js'
import { waitFor } from './support/wait-for.js'

type Credential = NonNullable<Payloads['updateMcpCredential']['credential']>

const alice = { 'x-on-behalf-of': 'alice' }
const first = 'the-first-secret-of-alice'
const second = 'the-second-secret-0042'
const fields =
  'credential { id version name authType authorizationPreview headerNames status expiresAt health { status changedAt lastStatus } }'
const unknown = { status: 'UNKNOWN', changedAt: null, lastStatus: null }

let world: Gateway
let agent: string
let serverId: string
let id: string
beforeAll(async () => {
  world = await Gateway.start()
  agent = (await world.agent()).secret
})
afterAll(() => world.close())
beforeEach(async () => {
  world.upstream.reset()
  serverId = await world.server()
  id = await world.credential(serverId, { bearerToken: first }, alice)
})

const update = (
  input: object,
  headers: Record<string, string> = alice,
  key = world.acme.sandboxKey,
): Promise<Payloads['updateMcpCredential']> => world.app.mutate(key, 'updateMcpCredential', { id, ...input }, fields, headers)
const updated = async (input: object): Promise<Credential> => {
  const { credential, userErrors } = await update(input)
  expect(userErrors).toEqual([])
  return credential
}
const list = async (filter: object | null = null): Promise<Pick<Credential, 'id' | 'health'>[]> => {
  await world.app.services.writeBehind.flush()
  const query = `query ($id: ID!, $filter: McpCredentialFilter) { mcpServer(id: $id) { credentials(filter: $filter) {
    nodes { id health { status changedAt lastStatus } } totalCount } } }`
  const { data } = await world.app.run(world.acme.sandboxKey, query, { id: serverId, filter }, alice)
  return data.mcpServer.credentials.nodes
}
const health = async (): Promise<unknown> => (await list())[0]!.health
const answersWith =
  (status: number): AnswerHandler =>
  ({ response, body }) =>
    sendJson(response, rpcResult(body?.id, {}), status)
const use = (status: number): Promise<unknown> => {
  world.upstream.answer = answersWith(status)
  return world.call(serverId, agent, 'echo', {}, alice)
}
const sent = async (): Promise<unknown> => {
  await world.call(serverId, agent, 'echo', {}, alice)
  return world.upstream.received.at(-1)?.request.headers.authorization
}

describe('health', () => {
  test('is UNKNOWN until the credential is sent', async () => {
    expect(await health()).toEqual(unknown)
  })

  test.each([
    [200, 'OK'],
    [202, 'OK'],
    [299, 'OK'],
    [401, 'FAILING'],
    [403, 'FAILING'],
  ])('after HTTP status %i is %s', async (status, expected) => {
    await use(status)
    expect(await health()).toEqual({ status: expected, changedAt: world.app.clock.at.toISOString(), lastStatus: status })
  })

  test.each([400, 402, 404, 429, 500, 503])('HTTP status %i tells nothing about the credential', async (status) => {
    await use(status)
    expect(await health()).toEqual(unknown)
  })

  test('keeps the time of its change while the status stays, and starts anew when it changes', async () => {
    const changedAt = world.app.clock.at.toISOString()
    await use(401)
    await health()
    world.app.clock.advance(1000)
    await use(403)
    expect(await health()).toEqual({ status: 'FAILING', changedAt, lastStatus: 403 })
    world.app.clock.advance(1000)
    await use(200)
    expect(await health()).toEqual({ status: 'OK', changedAt: world.app.clock.at.toISOString(), lastStatus: 200 })
  })

  test('changes by testMcpServer too, and by nothing that was not sent', async () => {
    const run = (): Promise<Payloads['testMcpServer']> =>
      world.app.mutate(world.acme.sandboxKey, 'testMcpServer', { serverId }, 'test { connected failure { code } }', alice)
    world.upstream.answer = ({ response }) => void response.writeHead(401).end()
    expect((await run()).test).toMatchObject({ failure: { code: 'UNAUTHORIZED' } })
    expect(await health()).toMatchObject({ status: 'FAILING', lastStatus: 401 })
    world.upstream.answer = ({ response, body }) => {
      const initialized = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'x', version: '1' } }
      if (body?.id === undefined) response.writeHead(202).end()
      else sendJson(response, rpcResult(body.id, body.method === 'initialize' ? initialized : { tools: [] }))
    }
    expect((await run()).test).toMatchObject({ connected: true })
    expect(await health()).toMatchObject({ status: 'OK', lastStatus: 200 })
  })

  test('filters the list', async () => {
    world.app.clock.advance(1)
    const other = await world.credential(serverId, { bearerToken: second }, alice)
    await use(401)
    expect((await list({ health: 'FAILING' })).map((one) => one.id)).toEqual([other])
    expect((await list({ health: 'UNKNOWN' })).map((one) => one.id)).toEqual([id])
    expect(await list({ health: 'OK' })).toEqual([])
    expect(await list({})).toHaveLength(2)
  })
})

describe('updateMcpCredential', () => {
  test('replaces the value in place: id, preview and version follow, and the next call carries it', async () => {
    await use(401)
    expect(await health()).toMatchObject({ status: 'FAILING' })
    const { sealedValue } = await world.acme.credentialRow(id)
    expect(await updated({ auth: { bearerToken: second } })).toMatchObject({
      id,
      version: 2,
      authType: 'BEARER',
      authorizationPreview: '****...0042',
      health: unknown,
    })
    expect((await world.acme.credentialRow(id)).sealedValue).not.toBe(sealedValue)
    world.upstream.reset()
    expect(await sent()).toBe(`Bearer ${second}`)
    expect(await updated({ auth: { headers: [{ name: 'X-Key', value: 'v' }] } })).toMatchObject({
      version: 3,
      authType: 'HEADERS',
      authorizationPreview: null,
      headerNames: ['X-Key'],
    })
    expect(await updated({ auth: { none: 'NONE' } })).toMatchObject({ version: 4, authType: 'NONE', headerNames: [] })
    expect(await sent()).toBeUndefined()
  })

  test('of name and expiry keeps value, version and health; null clears them', async () => {
    await use(200)
    await health()
    const expiresAt = new Date(world.app.clock.at.getTime() + 1).toISOString()
    expect(await updated({ name: 'Mine', expiresAt })).toMatchObject({ version: 1, name: 'Mine', expiresAt, health: { status: 'OK' } })
    expect(await updated({})).toMatchObject({ name: 'Mine', expiresAt })
    expect(await updated({ name: null, expiresAt: null })).toMatchObject({ name: null, expiresAt: null })
    expect(await sent()).toBe(`Bearer ${first}`)
  })

  test.each([
    ['an empty name', { name: '' }, ['input', 'name']],
    ['a name of 256 characters', { name: 'x'.repeat(256) }, ['input', 'name']],
    ['a null value', { auth: null }, ['input', 'auth']],
    ['a line break in the value', { auth: { bearerToken: 'a\nb' } }, ['input', 'auth', 'bearerToken']],
    ['a header of the connection', { auth: { headers: [{ name: 'Host', value: 'x' }] } }, ['input', 'auth', 'headers', '0', 'name']],
    ['an expiry that is now', { expiresAt: '2026-06-01T12:00:00.000Z' }, ['input', 'expiresAt']],
  ])('has the rules of createMcpCredential: %s', async (_name, input, path) => {
    expect((await update(input)).userErrors).toMatchObject([{ code: 'INVALID', path }])
    expect(await sent()).toBe(`Bearer ${first}`)
  })

  test('takes a name of 255 characters, and an expiry one millisecond from now', async () => {
    const expiresAt = new Date(world.app.clock.at.getTime() + 1).toISOString()
    expect(await updated({ name: 'x'.repeat(255), expiresAt })).toMatchObject({ expiresAt })
  })

  test('is refused for a revoked credential, and works for an expired one', async () => {
    await updated({ expiresAt: new Date(world.app.clock.at.getTime() + 1).toISOString() })
    world.app.clock.advance(1)
    expect(await updated({ auth: { bearerToken: second }, expiresAt: null })).toMatchObject({ status: 'ACTIVE' })
    await world.app.mutate(world.acme.sandboxKey, 'revokeMcpCredential', { id }, 'credential { id }', alice)
    expect((await update({ auth: { bearerToken: second } })).userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
  })

  test('is for its owner alone: members may not, and for others it does not exist', async () => {
    expect((await update({ name: 'x' }, { 'x-on-behalf-of': 'bob' })).userErrors).toMatchObject([
      { code: 'NOT_FOUND', path: ['input', 'id'] },
    ])
    expect((await update({ name: 'x' }, {})).userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
    expect((await update({ name: 'x' }, {}, world.acme.adminToken)).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
    expect((await update({ name: 'x' }, alice, agent)).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
  })

  test('leaves an event without the value', async () => {
    await updated({ auth: { bearerToken: second } })
    const event = (await world.events('mcp_credential:update')).at(-1)!
    expect(event).toMatchObject({ outcome: 'ALLOWED', subjectId: id, details: { serverId, version: 2, isValueReplaced: true } })
    expect(JSON.stringify(event)).not.toContain(second)
  })

  test('ends sessions of the old value, and its GET streams; a call in flight completes', async () => {
    world.upstream.answer = ({ response, body }) => sendJson(response, rpcResult(body.id, {}), 200, { 'mcp-session-id': 'of-upstream' })
    const opened = await world.rpc(serverId, agent, 'initialize', {}, alice)
    const session = { ...alice, 'mcp-session-id': opened.headers.get('mcp-session-id')! }
    expect((await world.rpc(serverId, agent, 'ping', {}, session)).status).toBe(200)
    const goOn = Promise.withResolvers<void>()
    world.upstream.answer = async ({ request, response, body }) => {
      if (request.method === 'GET') response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      else {
        await goOn.promise
        sendJson(response, rpcResult(body.id, { content: [] }))
      }
    }
    const stream = await world.fetch(serverId, agent, { method: 'GET', headers: session })
    const inFlight = world.call(serverId, agent, 'echo', {}, session)
    await waitFor(() => world.upstream.toolCallCount() === 1)
    await updated({ auth: { bearerToken: second } })
    await stream.text()
    goOn.resolve()
    expect((await inFlight).body.result).toEqual({ content: [] })
    const refused = await world.rpc(serverId, agent, 'ping', {}, session)
    expect(refused).toMatchObject({ status: 404, body: { error: { code: 1001, data: { reason: 'SESSION_NOT_FOUND' } } } })
  })

  test('makes an answer to the old value tell nothing about the new one', async () => {
    const goOn = Promise.withResolvers<void>()
    world.upstream.answer = async ({ response }) => {
      await goOn.promise
      response.writeHead(401).end()
    }
    const inFlight = world.call(serverId, agent, 'echo', {}, alice)
    await waitFor(() => world.upstream.toolCallCount() === 1)
    await updated({ auth: { bearerToken: second } })
    goOn.resolve()
    await inFlight
    expect(await health()).toEqual(unknown)
  })

  test('makes an approval for the old value not fit the new one', async () => {
    serverId = await world.server({ requireApproval: 'ALWAYS' })
    id = await world.credential(serverId, { bearerToken: first }, alice)
    const { approvalId } = (await world.call(serverId, agent, 'echo', {}, alice)).body.error.data
    await world.app.mutate(world.acme.adminToken, 'decideMcpToolCall', { id: approvalId, decision: 'APPROVE' }, 'approval { id }')
    await updated({ auth: { bearerToken: second } })
    const { error } = (await world.call(serverId, agent, 'echo', {}, alice)).body
    expect(error).toMatchObject({ code: 1002 })
    expect(error.data.approvalId).not.toBe(approvalId)
  })
})
