/** Request loops through the deployment: by its own URL, another name, or another deployment. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { createApp } from '../src/app.js'
import { readConfig } from '../src/config/config.js'
import { executeSql } from './support/database-access.js'
import { Gateway, rpcResult, sendJson, type RpcAnswer } from './support/gateway.js'
import { listen } from './support/local-server.js'
import { mcpAnswer } from './support/mcp.js'
import type { Payloads } from './support/results.js'

const env = { KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1,keyhouse.test' }
let world: Gateway
let other: Gateway
beforeAll(async () => {
  world = await Gateway.start({}, env)
  other = await Gateway.start({}, env)
})
afterAll(async () => {
  await other.close()
  await world.close()
})
beforeEach(() => world.upstream.reset())

/** A server and an agent's key that may use it with a credential of this text. */
async function usable(at: Gateway, serverUrl: string, bearerToken = 'the-secret-of-this-server'): Promise<{ id: string; key: string }> {
  const id = await at.server({ serverUrl })
  await at.credential(id, { bearerToken })
  return { id, key: (await at.agent()).secret }
}
const moveTo = (at: Gateway, id: string, serverUrl: string): Promise<Payloads['updateMcpServer']> =>
  at.app.mutate(at.acme.sandboxKey, 'updateMcpServer', { id, serverUrl }, 'server { id }')
/** How many messages reached a gateway since then. */
const arrivals = (at: Gateway, since: number): number =>
  at.app
    .logFrom(since)
    .split('\n')
    .filter((line) => line.includes('"/mcp/:serverId"')).length
const sentLoop = (): unknown => world.upstream.received.at(-1)?.request.headers['cdn-loop']
const loopDetected = { error: { code: 1001, message: expect.stringContaining('CDN-Loop') } }

describe('a server at the own URL', () => {
  const own = [
    'http://keyhouse.test/mcp/mcp_srv_1',
    'HTTP://KEYHOUSE.test:80/mcp/mcp_srv_1',
    'http://keyhouse.test/mcp',
    'http://keyhouse.test/mcp/',
    'http://keyhouse.test/a/../mcp/mcp_srv_1',
    'http://keyhouse.test/%6dcp/mcp_srv_1?x=1',
  ]
  test.each(own)('is refused when it is made and when it is changed: %s', async (serverUrl) => {
    const fault = [
      { code: 'URL_NOT_ALLOWED', message: expect.stringContaining('the gateway of this server'), path: ['input', 'serverUrl'] },
    ]
    const input = { name: 'own', serverLabel: 'own', serverUrl }
    expect((await world.app.mutate(world.acme.sandboxKey, 'createMcpServer', input, 'server { id }')).userErrors).toEqual(fault)
    expect((await moveTo(world, await world.server(), serverUrl)).userErrors).toEqual(fault)
  })

  test.each(['http://keyhouse.test/mcpx/1', 'http://keyhouse.test/other/mcp/1', 'http://keyhouse.test:81/mcp/1'])(
    'is another one at %s',
    async (serverUrl) => {
      expect((await moveTo(world, await world.server(), serverUrl)).userErrors).toEqual([])
    },
  )

  test('is not asked either, where it was stored before it was the own one', async () => {
    const id = await world.server({ serverUrl: 'http://keyhouse.test/elsewhere' })
    await world.credential(id, { none: 'NONE' })
    await executeSql(world.app, 'update mcp_server set server_url = ? where id = ?', [`http://keyhouse.test/mcp/${id}`, id])
    const { secret } = await world.agent()
    expect((await world.rpc(id, secret, 'ping')).body.error.code).toBe(1006)
    const { test: outcome } = await world.app.mutate(world.acme.sandboxKey, 'testMcpServer', { serverId: id }, 'test { failure { code } }')
    expect(outcome.failure.code).toBe('URL_NOT_ALLOWED')
  })
})

test('a gateway that is asked by another name of its own is asked once', async () => {
  const { id, key } = await usable(world, `${world.app.url}/mcp/x`)
  await moveTo(world, id, `${world.app.url}/mcp/${id}`)
  await world.credential(id, { bearerToken: key })
  const since = world.app.logLength
  const answer = await world.rpc(id, key, 'ping')
  expect(answer).toMatchObject({ status: 502, body: loopDetected })
  expect(arrivals(world, since)).toBe(2)
})

test('so is one that is asked by way of another deployment', async () => {
  const there = await usable(other, `${world.app.url}/mcp/x`)
  const here = await usable(world, `${other.app.url}/mcp/${there.id}`, there.key)
  await moveTo(other, there.id, `${world.app.url}/mcp/${here.id}`)
  await other.credential(there.id, { bearerToken: here.key })
  const [since, sinceThere] = [world.app.logLength, other.app.logLength]
  const answer = await world.rpc(here.id, here.key, 'ping')
  expect(answer).toMatchObject({ status: 502, body: loopDetected })
  expect([arrivals(world, since), arrivals(other, sinceThere)]).toEqual([2, 1])
})

describe('CDN-Loop', () => {
  test('names the deployment, the same on every replica, and another one differently', async () => {
    const { id, key } = await usable(world, `${world.upstream.origin}/mcp`)
    await world.rpc(id, key, 'ping')
    const own = sentLoop()
    expect(own).toMatch(/^keyhouse-[0-9a-f]{32}$/)
    const replica = await createApp(readConfig(world.app.env), { log: world.app.services.log, times: { minDrainMs: 0 } })
    await world.fetch(id, key, { at: replica.url, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' })
    await replica.close()
    expect(sentLoop()).toBe(own)
    const there = await usable(other, `${world.upstream.origin}/mcp`)
    await other.rpc(there.id, there.key, 'ping')
    expect(sentLoop()).toMatch(/^keyhouse-[0-9a-f]{32}$/)
    expect(sentLoop()).not.toBe(own)
    expect(world.upstream.received).toHaveLength(3)
  })

  test('goes with streams, deletions and tests of a server too, whatever the credential holds', async () => {
    const { id, key } = await usable(world, `${world.upstream.origin}/mcp`)
    await world.credential(id, { headers: [{ name: 'CDN-Loop', value: 'of the credential' }] })
    world.upstream.answer = ({ response }) => void response.writeHead(405).end()
    for (const method of ['GET', 'DELETE']) {
      await world.fetch(id, key, { method })
      expect(sentLoop()).toMatch(/^keyhouse-[0-9a-f]{32}$/)
    }
    const seen: unknown[] = []
    const double = await listen((request, response) => {
      seen.push(request.headers['cdn-loop'])
      return mcpAnswer(request, response, ['echo'])
    })
    const tested = await world.server({ serverUrl: `${double.origin}/mcp` })
    await world.app.mutate(world.acme.sandboxKey, 'testMcpServer', { serverId: tested }, 'test { connected }')
    await double.close()
    expect(seen.length).toBeGreaterThanOrEqual(3)
    expect(new Set(seen)).toEqual(new Set([sentLoop()]))
  })

  const through = async (...values: string[]): Promise<RpcAnswer> => {
    world.upstream.answer = ({ response, body }) => sendJson(response, rpcResult(body.id, {}))
    const { id, key } = await usable(world, `${world.upstream.origin}/mcp`)
    return world.rpc(id, key, 'ping', {}, { 'cdn-loop': values.join(', ') })
  }

  test.each([
    [1, ['a.example']],
    [2, ['a.example; loops=1', 'b']],
    [3, ['a', 'b', 'c']],
  ])('of %i hops passes, and gains the own one', async (_hops, values) => {
    expect((await through(...values)).body.result).toEqual({})
    expect(sentLoop()).toMatch(/, keyhouse-[0-9a-f]{32}$/)
    expect(String(sentLoop()).startsWith(values.join(', '))).toBe(true)
  })

  test('of four hops is refused, as is the own one, in whatever letters and with parameters', async () => {
    await through('a')
    const [, own = ''] = String(sentLoop()).split(', ')
    world.upstream.reset()
    for (const values of [['a', 'b', 'c', 'd'], [own], ['a', `${own.toUpperCase()} ; loops=1`]])
      expect(await through(...values)).toMatchObject({ status: 508, body: { id: null, ...loopDetected } })
    expect(world.upstream.received).toEqual([])
  })
})
