/** Response deadline: a timeout or the client's disconnect ends a request, and what it has started is still recorded. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { afterEach, expect, jest, test } from '@jest/globals'

import { codeOf, startApp, type TestApp } from './support/app.js'
import { bodyOf, listen, type Listening } from './support/local-server.js'
import { openSocket, requestText } from './support/raw-http.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { waitFor } from './support/wait-for.js'

const testServer = 'mutation ($input: TestMcpServerInput!) { testMcpServer(input: $input) { test { connected } userErrors { code } } }'
const createKey = 'mutation { createApiKey(input: { permissions: [] }) { apiKey { id } userErrors { code } } }'

/** An application, and an MCP server that answers no request before `release`. */
class World {
  static async start(responseTimeoutMs: number): Promise<World> {
    const held: ServerResponse[] = []
    const upstream = await listen(async (incoming, response) => {
      await bodyOf(incoming)
      held.push(response)
    })
    const app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' }, { times: { responseTimeoutMs } })
    const acme = await organization(app)
    const input = { name: 'Held', serverLabel: 'held', serverUrl: `${upstream.origin}/mcp` }
    const { server } = await app.mutate(acme.sandboxKey, 'createMcpServer', input, 'server { id }')
    const auth = { bearerToken: 'a-secret-that-is-sent' }
    const stored = await app.mutate(acme.sandboxKey, 'createMcpCredential', { serverId: server.id, auth }, 'credential { id }')
    expect(stored.userErrors).toEqual([])
    return new World(app, acme, server.id, upstream, held)
  }

  private constructor(
    readonly app: TestApp,
    readonly acme: SeededOrganization,
    readonly serverId: string,
    private readonly upstream: Listening,
    readonly held: ServerResponse[],
  ) {}

  release(): void {
    for (const response of this.held.splice(0)) response.writeHead(500).end()
  }

  /** Sends a request whose client can disconnect before the response. */
  async send(query: string, variables: object = {}): Promise<Socket> {
    const socket = await openSocket(this.app.url)
    const lines = ['Host: x', 'Content-Type: application/json', `Authorization: Bearer ${this.acme.sandboxKey}`]
    socket.write(requestText(lines, JSON.stringify({ query, variables })))
    return socket
  }

  errorLines(): string[] {
    return this.app.log.split('\n').filter((line) => /"level":[56]0/.test(line))
  }

  async testEvents(): Promise<object[]> {
    return (await this.acme.events('mcp_server:test')).map(({ outcome, details }) => ({ outcome, wasSent: details['wasSent'] }))
  }

  async close(): Promise<void> {
    this.release()
    await this.app.close()
    await this.upstream.close()
  }
}

let world: World
afterEach(() => world.close())

test('a request that exceeds the response deadline gets REQUEST_TIMEOUT, and its operation is still recorded', async () => {
  world = await World.start(300)
  const { app, acme, serverId } = world
  expect((await app.run(acme.sandboxKey, createKey)).errors).toBeUndefined()
  const late = await app.run(acme.sandboxKey, testServer, { input: { serverId } })
  expect([late.status, codeOf(late)]).toEqual([408, 'REQUEST_TIMEOUT'])
  expect(await world.testEvents()).toEqual([])
  world.release()
  await waitFor(async () => (await world.testEvents()).length > 0)
  expect(await world.testEvents()).toEqual([{ outcome: 'ALLOWED', wasSent: true }])
  expect((await app.run(acme.sandboxKey, createKey)).errors).toBeUndefined()
  expect(world.errorLines()).toEqual([])
})

test('when the client disconnects, the use of a credential is still recorded, and the log has status 499', async () => {
  world = await World.start(30_000)
  const { app, serverId } = world
  const socket = await world.send(testServer, { input: { serverId } })
  await waitFor(() => world.held.length === 1)
  socket.destroy()
  await once(socket, 'close')
  await waitFor(() => app.log.includes('"status":499'))
  world.release()
  await waitFor(async () => (await world.testEvents()).length > 0)
  expect(await world.testEvents()).toEqual([{ outcome: 'ALLOWED', wasSent: true }])
  expect(app.log.match(/"status":499/g)).toHaveLength(1)
  expect(world.errorLines()).toEqual([])
})

test('a change that waits behind another one does not start once its client has disconnected', async () => {
  world = await World.start(30_000)
  const { app, acme } = world
  const { journal } = app.services
  const before = (await acme.events()).length
  const actor = { organizationId: acme.id, authVersion: null }
  const begun = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  // Changes of one organization are serial, so this transaction delays every other change.
  const holding = journal.transaction(acme.em, actor, async () => {
    begun.resolve()
    await released.promise
    return [undefined, { ...actor, rows: [], event: null }]
  })
  await begun.promise
  const queued = jest.spyOn(journal, 'transaction')
  const committed = jest.spyOn(journal, 'commit')
  const socket = await world.send(createKey)
  await waitFor(() => queued.mock.calls.length + committed.mock.calls.length > 0)
  socket.destroy()
  await waitFor(() => app.log.includes('"status":499'))
  released.resolve()
  await holding
  // The next change waits behind the abandoned one and therefore ends later.
  expect((await app.run(acme.sandboxKey, createKey)).errors).toBeUndefined()
  expect((await acme.events()).length).toBe(before + 1)
  expect(world.errorLines()).toEqual([])
})
