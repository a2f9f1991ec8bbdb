/** The vault through the API, at a real MCP server: register, be refused, store, connect. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { AuditEvent } from '../src/entities/audit-event.js'
import { startApp, type TestApp } from './support/app.js'
import { listen, type Listening } from './support/local-server.js'
import { everythingServer, authenticatingProxy, type AuthenticatingProxy } from './support/mcp.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { waitFor } from './support/wait-for.js'

let app: TestApp
let acme: SeededOrganization
let real: Listening
let front: AuthenticatingProxy
let serverId: string
const server =
  'server { id name serverLabel serverUrl requireApproval allowedTools metadata environment project { id } endUser { externalId } }'
const credential =
  'credential { id name authType authorizationPreview headerNames status lastUsedAt revokedAt server { id } endUser { externalId } }'
const outcome = 'test { connected toolCount toolNames protocolVersion durationMs failure { code message httpStatus } }'
const tools = ['echo', 'get-sum', 'get-tiny-image']

beforeAll(async () => {
  real = await everythingServer()
  front = await authenticatingProxy(real.origin)
  app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
  acme = await organization(app)
  const made = await app.mutate(
    acme.sandboxKey,
    'createMcpServer',
    { name: 'Everything', serverLabel: 'everything', serverUrl: `${front.origin}/mcp` },
    server,
  )
  expect(made.userErrors).toEqual([])
  serverId = made.server.id
})
afterAll(async () => {
  await app.close()
  await front.close()
  await real.close()
})

const tryOut = async (headers: Record<string, string> = {}, input: object = {}): Promise<Payloads['testMcpServer']['test']> =>
  (await app.mutate(acme.sandboxKey, 'testMcpServer', { serverId, ...input }, outcome, headers)).test

describe('a real server behind a gate', () => {
  test.each([
    ['bearer', { bearerToken: 'correct-horse-battery' }, { authorization: 'Bearer correct-horse-battery' }, 'BEARER', '****...tery', []],
    ['authorization', { authorization: 'Basic dTpw' }, { authorization: 'Basic dTpw' }, 'AUTHORIZATION', '****', []],
    [
      'headers',
      {
        headers: [
          { name: 'X-Api-Key', value: 'first-secret' },
          { name: 'x-tenant', value: 'second' },
        ],
      },
      { 'x-api-key': 'first-secret', 'x-tenant': 'second' },
      'HEADERS',
      null,
      ['X-Api-Key', 'x-tenant'],
    ],
    ['none', { none: 'NONE' }, {}, 'NONE', null, []],
  ])('with %s', async (name, auth, demanded, authType, authorizationPreview, headerNames) => {
    const forUser = { 'x-on-behalf-of': `user of ${name}` }
    front.requireHeaders(demanded)
    const before = await tryOut(forUser)
    if (name !== 'none')
      expect(before).toMatchObject({ connected: false, toolCount: 0, failure: { code: 'UNAUTHORIZED', httpStatus: 401 } })
    const stored = await app.mutate(acme.sandboxKey, 'createMcpCredential', { serverId, auth, name: 'mine' }, credential, forUser)
    expect(stored.userErrors).toEqual([])
    expect(stored.credential).toMatchObject({
      authType,
      authorizationPreview,
      headerNames,
      status: 'ACTIVE',
      lastUsedAt: null,
      name: 'mine',
    })
    app.clock.advance(1000)
    const after = await tryOut(forUser)
    expect(after).toMatchObject({ connected: true, failure: null, protocolVersion: '2025-11-25' })
    expect(after.toolNames).toEqual(expect.arrayContaining(tools))
    expect(after.toolCount).toBe(after.toolNames.length)
    await app.services.writeBehind.flush()
    const row = await acme.credentialRow(stored.credential.id)
    expect(row.lastUsedAt).toEqual(app.clock.at)
    expect(row.updatedAt).not.toEqual(app.clock.at)
  })

  test('each test leaves one event, without a name or a value that the server or the caller sent', async () => {
    front.requireHeaders({ authorization: 'Bearer a-token-of-the-backend' })
    await app.mutate(acme.sandboxKey, 'createMcpCredential', { serverId, auth: { bearerToken: 'a-token-of-the-backend' } }, credential)
    const count = (): Promise<number> => acme.em.count(AuditEvent, { action: 'mcp_server:test' })
    const before = await count()
    expect(await tryOut()).toMatchObject({ connected: true })
    expect(await count()).toBe(before + 1)
    const last = await acme.em.findOneOrFail(AuditEvent, { action: 'mcp_server:test' }, { orderBy: { seq: 'DESC' } })
    expect(last).toMatchObject({ outcome: 'ALLOWED', subjectId: serverId, details: { connected: true, wasSent: true } })
  })

  test('a test that its caller does not wait for leaves its event too, and the secret was used', async () => {
    const asked = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const slow = await listen(async (_incoming, response) => {
      asked.resolve()
      await goOn.promise
      response.writeHead(401).end()
    })
    try {
      const input = { name: 'Slow', serverLabel: 'slow', serverUrl: `${slow.origin}/mcp` }
      const { id } = (await app.mutate(acme.sandboxKey, 'createMcpServer', input, server)).server
      const auth = { bearerToken: 'a-token-that-leaves' }
      const stored = await app.mutate(acme.sandboxKey, 'createMcpCredential', { serverId: id, auth }, credential)
      const leaving = new AbortController()
      const request = fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${acme.sandboxKey}` },
        body: JSON.stringify({ query: `mutation { testMcpServer(input: { serverId: "${id}" }) { test { connected } } }` }),
        signal: leaving.signal,
      })
      await asked.promise
      leaving.abort()
      await expect(request).rejects.toThrow()
      // By then the server has seen it leave.
      for (let i = 0; i < 5; i++) await app.run(acme.sandboxKey, '{ viewer { kind } }')
      goOn.resolve()
      const events = (): Promise<AuditEvent[]> => acme.em.find(AuditEvent, { subjectId: id, action: 'mcp_server:test' })
      await waitFor(async () => (await events()).length === 1)
      expect((await events())[0]).toMatchObject({ details: { credentialId: stored.credential.id, connected: false, httpStatus: 401 } })
      await app.services.writeBehind.flush()
      expect((await acme.credentialRow(stored.credential.id)).lastUsedAt).not.toBeNull()
    } finally {
      goOn.resolve()
      await slow.close()
    }
  })
})
