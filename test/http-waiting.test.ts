/** While an answer is under way: the time for it runs out, or whoever asked leaves; and whom a proxy may speak for. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { bodyOf, listen, type Listening } from './support/mcp.js'
import { eventually } from './support/people.js'
import { dial, requestOf } from './support/raw.js'
import { organization, type SeededOrganization } from './support/seed.js'

const trying = 'mutation ($input: TestMcpServerInput!) { testMcpServer(input: $input) { test { connected } userErrors { code } } }'
const making = 'mutation { createApiKey(input: { permissions: [] }) { apiKey { id } userErrors { code } } }'

/** Takes requests, and answers them only when told. */
class Sleeper {
  private constructor(readonly listening: Listening) {}
  private static readonly held: ServerResponse[] = []

  static async open(): Promise<Sleeper> {
    return new Sleeper(
      await listen(async (incoming, response) => {
        await bodyOf(incoming)
        Sleeper.held.push(response)
      }),
    )
  }

  get count(): number {
    return Sleeper.held.length
  }

  wake(): void {
    for (const response of Sleeper.held.splice(0)) response.writeHead(500).end()
  }
}

let sleeper: Sleeper
beforeAll(async () => {
  sleeper = await Sleeper.open()
})
afterAll(() => sleeper.listening.close())
beforeEach(() => sleeper.wake())

interface World {
  readonly app: TestApp
  readonly acme: SeededOrganization
  readonly serverId: string
}

async function world(responseTimeoutMs: number): Promise<World> {
  const app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' }, { times: { responseTimeoutMs } })
  const acme = await organization(app)
  const input = { name: 'Sleeper', serverLabel: 'sleeper', serverUrl: `${sleeper.listening.origin}/mcp` }
  const { server } = await app.mutate(acme.sandboxKey, 'createMcpServer', input, 'server { id }')
  const auth = { bearerToken: 'a-secret-that-is-sent' }
  const stored = await app.mutate(acme.sandboxKey, 'createMcpCredential', { serverId: server.id, auth }, 'credential { id }')
  expect(stored.userErrors).toEqual([])
  return { app, acme, serverId: server.id }
}

const faultsIn = (app: TestApp): string[] => app.log.split('\n').filter((line) => /"level":[56]0/.test(line))
const outcomes = async (acme: SeededOrganization): Promise<object[]> =>
  (await acme.events('mcp_server:test')).map(({ outcome, details }) => ({ outcome, wasSent: details['wasSent'] }))

test('the time for an answer runs out: a code, and what was begun is still recorded; a quick one is not touched', async () => {
  const { app, acme, serverId } = await world(300)
  expect((await app.run(acme.sandboxKey, making)).errors).toBeUndefined()
  const late = await app.run(acme.sandboxKey, trying, { input: { serverId } })
  expect([late.status, codeOf(late)]).toEqual([408, 'REQUEST_TIMEOUT'])
  expect(await outcomes(acme)).toEqual([])
  sleeper.wake()
  await eventually(async () => (await outcomes(acme)).length > 0)
  expect(await outcomes(acme)).toEqual([{ outcome: 'ALLOWED', wasSent: true }])
  expect((await app.run(acme.sandboxKey, making)).errors).toBeUndefined()
  expect(faultsIn(app)).toEqual([])
  await app.close()
})

test('whoever asked leaves: the use of a credential is recorded all the same, and the log says 499', async () => {
  const { app, acme, serverId } = await world(30_000)
  const socket = await dial(app.url)
  const lines = ['Host: x', 'Content-Type: application/json', `Authorization: Bearer ${acme.sandboxKey}`]
  socket.write(requestOf(lines, JSON.stringify({ query: trying, variables: { input: { serverId } } })))
  await eventually(() => Promise.resolve(sleeper.count === 1))
  socket.destroy()
  await once(socket, 'close')
  await eventually(() => Promise.resolve(app.log.includes('"status":499')))
  sleeper.wake()
  await eventually(async () => (await outcomes(acme)).length > 0)
  expect(await outcomes(acme)).toEqual([{ outcome: 'ALLOWED', wasSent: true }])
  expect(app.log.match(/"status":499/g)).toHaveLength(1)
  expect(faultsIn(app)).toEqual([])
  await app.close()
})

test('what waits in line when its asker leaves is not begun any more', async () => {
  const { app, acme } = await world(30_000)
  const before = (await acme.events()).length
  let letGo = (): void => undefined
  const held = new Promise<void>((resolve) => (letGo = resolve))
  let isHeld = false
  const em = app.services.orm.em.fork()
  // Everything of this organization waits behind this one.
  const holding = app.services.journal.transaction(em, { organizationId: acme.id, authVersion: null }, async () => {
    isHeld = true
    await held
    return [undefined, { organizationId: acme.id, authVersion: null, rows: [], event: null }]
  })
  await eventually(() => Promise.resolve(isHeld))
  const socket = await dial(app.url)
  const lines = ['Host: x', 'Content-Type: application/json', `Authorization: Bearer ${acme.sandboxKey}`]
  socket.write(requestOf(lines, JSON.stringify({ query: making })))
  await new Promise((resolve) => setTimeout(resolve, 100))
  socket.destroy()
  await eventually(() => Promise.resolve(app.log.includes('"status":499')))
  letGo()
  await holding
  // In line behind it, so it ends later.
  expect((await app.run(acme.sandboxKey, making)).errors).toBeUndefined()
  expect((await acme.events()).length).toBe(before + 1)
  expect(faultsIn(app)).toEqual([])
  await app.close()
})

describe('X-Forwarded-For', () => {
  const addressOf = async ({ app, acme }: Pick<World, 'app' | 'acme'>, forwarded: string): Promise<string | null> => {
    const answer = await app.run(acme.sandboxKey, making, {}, { 'x-forwarded-for': forwarded })
    expect(answer.errors).toBeUndefined()
    return (await acme.events()).at(-1)!.ipAddress
  }

  test('is believed of a trusted proxy, from the right, and only as far as that is an address', async () => {
    const app = await startApp({ KEYHOUSE_TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' })
    const acme = await organization(app)
    const cases = [
      ['203.0.113.7', '203.0.113.7'],
      // Whatever the client wrote itself stands further left than what the first proxy of ours saw.
      ['198.51.100.1, 203.0.113.7', '203.0.113.7'],
      ['203.0.113.7, 10.1.2.3', '203.0.113.7'],
      ['198.51.100.1, 203.0.113.7, 11.0.0.1, 10.1.2.3', '11.0.0.1'],
      ['2001:db8::7', '2001:db8::7'],
      ['not-an-address', '127.0.0.1'],
      ['<script>', '127.0.0.1'],
    ] as const
    for (const [forwarded, expected] of cases) expect([forwarded, await addressOf({ app, acme }, forwarded)]).toEqual([forwarded, expected])
    await app.close()
  })

  test('is not believed of anybody else', async () => {
    const app = await startApp({ KEYHOUSE_TRUSTED_PROXIES: '10.0.0.0/8' })
    const acme = await organization(app)
    expect(await addressOf({ app, acme }, '203.0.113.7')).toBe('127.0.0.1')
    await app.close()
  })

  test('each address behind a trusted proxy has a limit of its own; behind any other it changes nothing', async () => {
    const guess = (app: TestApp, from: string): Promise<Answer> =>
      app.run('kh_sand_x', '{ viewer { kind } }', {}, { 'x-forwarded-for': from })
    const trusting = await startApp({ KEYHOUSE_TRUSTED_PROXIES: '127.0.0.1' })
    const wary = await startApp()
    for (let i = 0; i < 100; i++) {
      expect((await guess(trusting, '203.0.113.7')).status).toBe(401)
      expect((await guess(wary, `203.0.113.${i}`)).status).toBe(401)
    }
    expect((await guess(trusting, '203.0.113.7')).status).toBe(429)
    expect((await guess(trusting, '203.0.113.8')).status).toBe(401)
    expect((await guess(wary, '203.0.113.200')).status).toBe(429)
    await trusting.close()
    await wary.close()
  })
})
