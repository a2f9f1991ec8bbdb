/** forgetEndUser: complete for one end user, without effect on others, and without remaining identifiers. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { AccessToken } from '../src/entities/access-token.js'
import { AuditEvent } from '../src/entities/audit-event.js'
import { EndUser } from '../src/entities/end-user.js'
import { startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const counts = 'forgottenEndUserId revokedTokens wipedCredentials deletedServers deletedGrants'
const ada = { 'x-on-behalf-of': 'ada' }
const bob = { 'x-on-behalf-of': 'bob' }
let labels = 0

async function live(headers: Record<string, string>, key = acme.sandboxKey): Promise<void> {
  const server = { name: 'x', serverLabel: `s-${++labels}`, serverUrl: 'https://mcp.example/mcp' }
  const shared = await app.mutate(key, 'createMcpServer', server, 'server { id }')
  const own = await app.mutate(key, 'createMcpServer', server, 'server { id }', headers)
  for (const serverId of [shared.server.id, own.server.id, own.server.id]) {
    const auth = { headers: [{ name: 'x-ada', value: 'a secret' }] }
    await app.mutate(key, 'createMcpCredential', { serverId, auth, name: "Ada's own" }, 'credential { id }', headers)
  }
  for (const expiresIn of [300, 3600, 3600])
    await app.mutate(key, 'exchangeApiKey', { audience: 'https://service.example', expiresIn }, 'token', headers)
}

test('its tokens, credentials, servers and row go, with the right counts', async () => {
  await live(ada)
  await live(bob)
  const production = await acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })
  await live(ada, production.secret)
  const { data } = await app.run<{ mcpServers: { nodes: { credentials: { nodes: { id: string }[] } }[] } }>(
    acme.sandboxKey,
    '{ mcpServers(first: 1, filter: { externalUserId: "ada" }) { nodes { credentials(first: 1) { nodes { id } } } } }',
    {},
    ada,
  )
  const [already] = data.mcpServers.nodes[0]!.credentials.nodes
  await app.mutate(acme.sandboxKey, 'revokeMcpCredential', { id: already!.id }, 'credential { id }', ada)
  // The token of five minutes has ended by itself.
  app.clock.advance(300_000)
  const forgotten = await app.mutate(acme.sandboxKey, 'forgetEndUser', { externalId: 'ada' }, counts)
  expect(forgotten).toEqual({
    forgottenEndUserId: expect.stringMatching(/^eu_[0-9a-f]{32}$/),
    revokedTokens: 2,
    wipedCredentials: 2,
    deletedServers: 1,
    deletedGrants: 0,
    userErrors: [],
  })
  const id = forgotten.forgottenEndUserId
  const { em } = acme
  expect(await em.findOne(EndUser, { id })).toBeNull()
  const remains = (await acme.credentialRows()).filter(({ endUserId }) => endUserId === id)
  expect(remains).toHaveLength(3)
  for (const row of remains) expect(row).toMatchObject({ sealedValue: null, name: null, headerNames: [], revokedAt: expect.any(Date) })
  expect(await em.count(AccessToken, { endUserId: id, revokedAt: null })).toBe(1)
  // Nobody else lost anything: bob, and ada in production.
  const others = (await acme.credentialRows()).filter(({ endUserId }) => endUserId !== id)
  expect(others.every(({ sealedValue }) => sealedValue !== null)).toBe(true)
  expect(await em.count(AccessToken, { endUserId: { $ne: id }, revokedAt: null })).toBe(6)
  const answer = await app.run(acme.sandboxKey, '{ mcpServers(first: 100) { nodes { endUser { id } } } }', {}, ada)
  expect(answer.data.mcpServers.nodes).toHaveLength(2)
  const event = await em.findOneOrFail(AuditEvent, { action: 'end_user:forget', subjectId: id })
  expect(event).toMatchObject({
    outcome: 'ALLOWED',
    details: { revokedTokens: 2, wipedCredentials: 2, deletedServers: 1, deletedGrants: 0 },
  })

  const again = await app.mutate(acme.sandboxKey, 'forgetEndUser', { externalId: 'ada' }, counts)
  expect(again).toMatchObject({ forgottenEndUserId: null, userErrors: [{ code: 'NOT_FOUND', path: ['input', 'externalId'] }] })
  const back = await app.mutate(
    acme.sandboxKey,
    'createMcpServer',
    { name: 'x', serverLabel: 'back', serverUrl: 'https://a.example' },
    'server { id }',
    ada,
  )
  expect(back.userErrors).toEqual([])
  expect(await acme.em.findOne(EndUser, { id })).not.toBeNull()
})

test.each(['', ' ada', '*', 'a'.repeat(151), 'ad\u0000a'])('an external id that breaks the rule: %j', async (externalId) => {
  const answer = await app.mutate(acme.sandboxKey, 'forgetEndUser', { externalId }, counts)
  expect(answer.userErrors).toMatchObject([{ code: 'INVALID', path: ['input', 'externalId'] }])
})

test('is out of reach while acting for an end user, and a member says where', async () => {
  await live(bob)
  const own = await app.mutate(acme.sandboxKey, 'forgetEndUser', { externalId: 'bob' }, counts, bob)
  expect(own.userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
  const input = { externalId: 'bob', environment: 'PRODUCTION' }
  expect((await app.mutate(acme.adminToken, 'forgetEndUser', input, counts)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
  expect((await app.mutate(acme.sandboxKey, 'forgetEndUser', input, counts)).userErrors).toMatchObject([
    { code: 'ENVIRONMENT_MISMATCH', message: expect.stringContaining('"keyhouse api-key create --environment PRODUCTION"') },
  ])
  const inSandbox = await app.mutate(acme.adminToken, 'forgetEndUser', { externalId: 'bob' }, counts)
  expect(inSandbox.userErrors).toEqual([])
})
