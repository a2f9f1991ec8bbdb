/** A credential of the backend that a server shares with end users: off by default, after their own, and audited as such. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { Gateway, rpcResult, sendJson } from './support/gateway.js'
import type { Payloads } from './support/results.js'
import { waitFor } from './support/wait-for.js'

const alice = { 'x-on-behalf-of': 'alice' }
const bob = { 'x-on-behalf-of': 'bob' }
const shared = 'the-shared-secret'
const own = 'the-own-secret-of-alice'

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
  id = await world.credential(serverId, { bearerToken: shared })
})

const share = (
  sharedCredentialId: string | null = id,
  key = world.acme.sandboxKey,
  headers: Record<string, string> = {},
  more: object = {},
): Promise<Payloads['updateMcpServer']> =>
  world.app.mutate(key, 'updateMcpServer', { id: serverId, sharedCredentialId, ...more }, 'server { sharedCredentialId }', headers)
const shareIt = async (): Promise<void> => expect(await share()).toMatchObject({ server: { sharedCredentialId: id }, userErrors: [] })
/** The code of the refusal, or the Authorization header that the server received. */
const sent = async (headers: Record<string, string> = alice): Promise<unknown> => {
  const { body } = await world.call(serverId, agent, 'echo', {}, headers)
  return body.error?.code ?? world.upstream.received.at(-1)?.request.headers.authorization
}
const lastDetails = async (): Promise<unknown> => (await world.events('mcp_tool:call', serverId)).at(-1)!.details

describe('the gateway', () => {
  test('sends a credential of the backend for end users only where the server shares it', async () => {
    expect(await sent()).toBe(1004)
    await shareIt()
    expect(await sent()).toBe(`Bearer ${shared}`)
    expect(await lastDetails()).toMatchObject({ credentialId: id, outcome: 'OK', sharedCredential: true })
    expect(await sent(bob)).toBe(`Bearer ${shared}`)
    expect((await share(null)).server).toEqual({ sharedCredentialId: null })
    expect(await sent()).toBe(1004)
  })

  test('sends the end user’s own before it, and the backend’s calls are not marked', async () => {
    await shareIt()
    const ownId = await world.credential(serverId, { bearerToken: own }, alice)
    expect(await sent()).toBe(`Bearer ${own}`)
    expect(await lastDetails()).not.toHaveProperty('sharedCredential')
    await world.app.mutate(world.acme.sandboxKey, 'revokeMcpCredential', { id: ownId }, 'credential { id }', alice)
    expect(await sent()).toBe(`Bearer ${shared}`)
    expect(await sent({})).toBe(`Bearer ${shared}`)
    expect(await lastDetails()).not.toHaveProperty('sharedCredential')
  })

  test('sends the one that is named, not a newer one', async () => {
    await shareIt()
    world.app.clock.advance(1)
    await world.credential(serverId, { bearerToken: 'a newer one of the backend' })
    expect(await sent()).toBe(`Bearer ${shared}`)
  })

  test('sends nothing where the shared credential is NONE', async () => {
    id = await world.credential(serverId, { none: 'NONE' })
    await shareIt()
    expect(await sent()).toBeUndefined()
    expect(world.upstream.toolCallCount()).toBe(1)
  })

  test('ends it at once when it is revoked, its open streams too', async () => {
    await shareIt()
    world.upstream.answer = ({ request, response, body }) => {
      if (request.method === 'GET') response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      else sendJson(response, rpcResult(body.id, {}))
    }
    const stream = await world.fetch(serverId, agent, { method: 'GET', headers: alice })
    await world.app.mutate(world.acme.sandboxKey, 'revokeMcpCredential', { id }, 'credential { id }')
    expect(await sent()).toBe(1004)
    await stream.text()
  })

  test('does not send it from its expiry on', async () => {
    const expiresAt = new Date(world.app.clock.at.getTime() + 1000).toISOString()
    id = await world.credential(serverId, { bearerToken: shared }, {}, { expiresAt })
    await shareIt()
    world.app.clock.advance(999)
    expect(await sent()).toBe(`Bearer ${shared}`)
    world.app.clock.advance(1)
    expect(await sent()).toBe(1004)
  })

  test('binds sessions to the end user all the same', async () => {
    await shareIt()
    world.upstream.answer = ({ response, body }) => sendJson(response, rpcResult(body.id, {}), 200, { 'mcp-session-id': 'of-upstream' })
    const session = (await world.rpc(serverId, agent, 'initialize', {}, alice)).headers.get('mcp-session-id')!
    expect((await world.rpc(serverId, agent, 'ping', {}, { ...alice, 'mcp-session-id': session })).status).toBe(200)
    expect((await world.rpc(serverId, agent, 'ping', {}, { ...bob, 'mcp-session-id': session })).status).toBe(404)
  })

  test('never sends its value back to an end user', async () => {
    await shareIt()
    world.upstream.answer = ({ response, body, request }) =>
      sendJson(response, rpcResult(body.id, { content: [{ type: 'text', text: request.headers.authorization }] }))
    expect((await world.call(serverId, agent, 'echo', {}, alice)).text).not.toContain(shared)
  })
})

test('testMcpServer for an end user uses it too, and says so in the trail', async () => {
  await shareIt()
  world.upstream.answer = ({ response }) => void response.writeHead(401).end()
  const run = await world.app.mutate(world.acme.sandboxKey, 'testMcpServer', { serverId }, 'test { failure { code } }', alice)
  expect(run.test).toEqual({ failure: { code: 'UNAUTHORIZED' } })
  expect(world.upstream.received.at(-1)!.request.headers.authorization).toBe(`Bearer ${shared}`)
  expect((await world.events('mcp_server:test', serverId)).at(-1)!.details).toMatchObject({ credentialId: id, sharedCredential: true })
  await waitFor(async () => {
    await world.app.services.writeBehind.flush()
    return (await world.acme.credentialRow(id)).healthStatus === 'FAILING'
  })
})

test('its metadata stays invisible to end users', async () => {
  await shareIt()
  const query = 'query ($id: ID!) { mcpServer(id: $id) { sharedCredentialId credentials { nodes { id } } } node(id: $id) { id } }'
  const { data } = await world.app.run(world.acme.sandboxKey, query, { id: serverId }, alice)
  expect(data.mcpServer).toEqual({ sharedCredentialId: id, credentials: { nodes: [] } })
  expect((await world.app.run(world.acme.sandboxKey, 'query ($id: ID!) { node(id: $id) { id } }', { id }, alice)).data.node).toBeNull()
})

describe('updateMcpServer shares', () => {
  const errorsOf = async (...input: Parameters<typeof share>): Promise<unknown> => {
    const { userErrors } = await share(...input)
    expect(await sent(bob)).toBe(1004)
    return userErrors
  }
  const path = ['input', 'sharedCredentialId']

  test('no credential of an end user, of another server, revoked, or that does not exist', async () => {
    const ofAlice = await world.credential(serverId, { bearerToken: own }, alice)
    expect(await errorsOf(ofAlice)).toMatchObject([{ code: 'NOT_FOUND', path }])
    expect(await errorsOf(ofAlice, world.acme.adminToken)).toMatchObject([{ code: 'INVALID', path }])
    const elsewhere = await world.credential(await world.server(), { bearerToken: shared })
    expect(await errorsOf(elsewhere)).toMatchObject([{ code: 'NOT_FOUND', path }])
    expect(await errorsOf('mcp_cred_00000000000000000000000000000000')).toMatchObject([{ code: 'NOT_FOUND', path }])
    await world.app.mutate(world.acme.sandboxKey, 'revokeMcpCredential', { id }, 'credential { id }')
    expect(await errorsOf(id)).toMatchObject([{ code: 'INVALID_STATE', path }])
  })

  test('none for a new origin in the same change, and a move ends the sharing', async () => {
    const moved = { serverUrl: 'http://127.0.0.1:9/mcp' }
    expect(await errorsOf(id, world.acme.sandboxKey, {}, moved)).toMatchObject([{ code: 'INVALID_STATE', path }])
    await shareIt()
    await world.app.mutate(world.acme.sandboxKey, 'updateMcpServer', { id: serverId, ...moved }, 'server { id }')
    expect(await sent()).toBe(1004)
  })

  test('only for who may relax the rules, and never while acting for an end user', async () => {
    const updater = await world.acme.apiKey({ permissions: ['mcp_server:update'] })
    expect(await errorsOf(id, updater.secret)).toMatchObject([
      { code: 'FORBIDDEN', message: expect.stringContaining('mcp_approval:decide') },
    ])
    expect(await errorsOf(id, world.acme.sandboxKey, alice)).toMatchObject([{ code: 'FORBIDDEN' }])
    const expiring = await world.acme.apiKey({
      permissions: ['mcp_server:update', 'mcp_approval:decide'],
      expiresAt: new Date(world.app.clock.at.getTime() + 1000),
    })
    expect(await errorsOf(id, expiring.secret)).toMatchObject([{ code: 'FORBIDDEN' }])
    await shareIt()
    expect((await share(id, updater.secret)).userErrors).toEqual([])
    expect((await share(null, updater.secret)).userErrors).toEqual([])
  })

  test('no credential of an end user’s own server', async () => {
    const input = { name: 'own', serverLabel: 'own', serverUrl: `${world.upstream.origin}/mcp` }
    serverId = (await world.app.mutate(world.acme.sandboxKey, 'createMcpServer', input, 'server { id }', alice)).server.id
    const ofAlice = await world.credential(serverId, { bearerToken: own }, alice)
    expect((await share(ofAlice, world.acme.sandboxKey, alice)).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
  })
})

test('the value and expiry of a shared credential are replaced only by who may relax the rules', async () => {
  const store = await world.acme.apiKey({ permissions: ['mcp_credential:create'] })
  const replace = (input: object, key = store.secret): Promise<Payloads['updateMcpCredential']> =>
    world.app.mutate(key, 'updateMcpCredential', { id, ...input }, 'credential { version }')
  expect((await replace({ auth: { bearerToken: 'before it is shared' } })).userErrors).toEqual([])
  await shareIt()
  expect((await replace({ auth: { bearerToken: 'of somebody else' } })).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
  expect((await replace({ expiresAt: null })).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
  expect((await replace({ name: 'Shared' })).userErrors).toEqual([])
  expect((await replace({ auth: { bearerToken: shared } }, world.acme.sandboxKey)).credential).toEqual({ version: 3 })
  expect(await sent()).toBe(`Bearer ${shared}`)
})
