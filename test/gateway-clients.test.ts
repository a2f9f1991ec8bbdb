/** Both official MCP client SDKs through the gateway: the same conversation as without it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'

import { Gateway } from './support/gateway.js'
import { listen, type Listening } from './support/local-server.js'
import { connectClient, converse, type Destination, type Generation } from './support/mcp-clients.js'
import { everythingServer, authenticatingProxy, type AuthenticatingProxy } from './support/mcp.js'
import { waitFor } from './support/wait-for.js'

const token = 'correct-horse-battery-staple'
const generations = ['sdk', 'client'] as const

let world: Gateway
let real: Listening
let front: AuthenticatingProxy
let serverId: string
let through: Destination
let direct: Destination

beforeAll(async () => {
  world = await Gateway.start()
  real = await everythingServer()
  front = await authenticatingProxy(real.origin)
  front.requireHeaders({ authorization: `Bearer ${token}` })
  serverId = await world.server({ serverUrl: `${front.origin}/mcp` })
  await world.credential(serverId, { bearerToken: token })
  const agent = await world.agent()
  direct = { url: `${front.origin}/mcp`, headers: { authorization: `Bearer ${token}` } }
  through = { url: `${world.app.url}/mcp/${serverId}`, headers: { authorization: `Bearer ${agent.secret}` } }
})
afterAll(async () => {
  await front.close()
  await real.close()
  await world.close()
})

describe.each(generations)('the client of @modelcontextprotocol/%s', (generation: Generation) => {
  test('has the same conversation with and without the gateway', async () => {
    const there = await connectClient(generation, direct)
    const here = await connectClient(generation, through)
    expect(here.transport.sessionId).not.toBe(there.transport.sessionId)
    expect(await converse(here)).toEqual(await converse(there))
    await here.transport.terminateSession()
    await expect(here.call('echo', { message: 'x' })).rejects.toThrow()
    await here.close()
    await there.close()
  })

  test('hears the end of a call whose connection broke', async () => {
    expect(await resumed(generation, through)).toEqual(await resumed(generation, direct))
    const outcomes = (await world.events('mcp_tool:call', serverId)).map(({ details }) => details['outcome'])
    expect(outcomes).toContain('CLIENT_LEFT')
  })
})

/** Leaves in the middle of a call, and asks for what it missed. */
async function resumed(generation: Generation, destination: Destination): Promise<object> {
  const call = ['trigger-long-running-operation', { duration: 0.6, steps: 3 }] as const
  const first = await connectClient(generation, destination)
  let heard = 0
  let resumptionToken: string | undefined
  const onprogress = (): void => void heard++
  const onresumptiontoken = (one: string): void => {
    resumptionToken = one
  }
  const lost = first.call(...call, { onresumptiontoken, onprogress }).catch(() => 'lost')
  await waitFor(() => heard > 0 && resumptionToken !== undefined)
  await first.close()
  expect(await lost).toBe('lost')
  // This server replays what it has stored by then, and no more: the call must have ended.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const second = await connectClient(generation, destination, first.transport.sessionId)
  const answer = await second.call(...call, { resumptionToken: resumptionToken!, onresumptiontoken })
  await second.close()
  return answer
}

test('the stateless protocol passes as well', async () => {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'stateless', version: '1' })
    server.registerTool('greet', { description: 'Greets.' }, () => ({ content: [{ type: 'text', text: 'hello' }] }))
    server.registerTool('hidden', { description: 'Not for everybody.' }, () => ({ content: [] }))
    return server
  })
  const serve = toNodeHandler(handler)
  const stateless = await listen((request, response) => void serve(request as never, response))
  const url = `${stateless.origin}/mcp`
  const id = await world.server({ serverUrl: url, allowedTools: ['greet'] })
  await world.credential(id, { bearerToken: token })
  const agent = await world.agent()
  const there = await connectClient('client', { url, headers: {} }, undefined, 'auto')
  const here = await connectClient(
    'client',
    { url: `${world.app.url}/mcp/${id}`, headers: { authorization: `Bearer ${agent.secret}` } },
    undefined,
    'auto',
  )
  expect(here.client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
  expect(here.client.getNegotiatedProtocolVersion()).toBe(there.client.getNegotiatedProtocolVersion())
  expect(here.transport.sessionId).toBeUndefined()
  expect((await here.client.listTools()).tools.map(({ name }: { name: string }) => name)).toEqual(['greet'])
  expect(await here.call('greet', {})).toEqual(await there.call('greet', {}))
  await expect(here.call('hidden', {})).rejects.toThrow('The tool is not allowed')
  await here.close()
  await there.close()
  await stateless.close()
})
