/** Two end users and the backend at one shared server at the same time: each uses its own secret. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import { listen, type Listening } from './support/local-server.js'
import { mcpAnswer } from './support/mcp.js'
import { organization, type SeededOrganization } from './support/seed.js'

const uses = isPostgres ? 200 : 1000
const inFlight = 16
const owners = ['ada', 'bob', null] as const
const secretOf = (owner: string | null): string => `secret-of-${owner ?? 'the-backend'}`
const headersOf = (owner: string | null): Record<string, string> => (owner === null ? {} : { 'x-on-behalf-of': owner })

let app: TestApp
let acme: SeededOrganization
let upstream: Listening
const count = new Map<string, number>()
beforeAll(async () => {
  // It names a tool after whoever presents a secret, so each answer tells which one went out.
  upstream = await listen((incoming, response) => {
    const owner = owners.find((one) => incoming.headers.authorization === `Bearer ${secretOf(one)}`)
    const name = owner === undefined ? 'a-stranger' : `for-${owner ?? 'backend'}`
    count.set(name, (count.get(name) ?? 0) + 1)
    return mcpAnswer(incoming, response, [name])
  })
  app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1', LOG_LEVEL: 'silent' })
  acme = await organization(app)
})
afterAll(async () => {
  await app.close()
  await upstream.close()
})

test(`${uses} uses, interleaved`, async () => {
  const input = { name: 'Shared', serverLabel: 'shared', serverUrl: `${upstream.origin}/mcp` }
  const { server } = await app.mutate(acme.sandboxKey, 'createMcpServer', input, 'server { id }')
  for (const owner of owners) {
    const auth = { bearerToken: secretOf(owner) }
    await app.mutate(acme.sandboxKey, 'createMcpCredential', { serverId: server.id, auth }, 'credential { id }', headersOf(owner))
  }
  const wrong: unknown[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let i = next++; i < uses; i = next++) {
      const owner = owners[i % owners.length]!
      const { test: tried } = await app.mutate(
        acme.sandboxKey,
        'testMcpServer',
        { serverId: server.id },
        'test { connected toolNames }',
        headersOf(owner),
      )
      if (tried.toolNames.join() !== `for-${owner ?? 'backend'}`) wrong.push({ owner, tried })
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  expect(wrong).toEqual([])
  expect([...count.keys()].toSorted()).toEqual(['for-ada', 'for-backend', 'for-bob'])
  // initialize, initialized and tools/list each time
  expect([...count.values()].reduce((sum, one) => sum + one, 0)).toBe(3 * uses)
}, 180_000)
