/** OAuth grants in GraphQL: who sees which, with which fields, and who may revoke them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { OAuthGrant } from '../../src/entities/oauth-grant.js'
import { GrantWorld } from '../support/oauth-grants.js'

interface Node {
  readonly id: string
  readonly status: string
  readonly endUser: { readonly externalId: string } | null
}
interface Listed {
  readonly oauthGrants: { readonly totalCount: number; readonly nodes: readonly Node[] }
}

let world: GrantWorld
let otherServer: string
beforeAll(async () => {
  world = await GrantWorld.start()
  await world.tokens('ada')
  await world.tokens('bob')
  otherServer = await world.gateway.server()
  await world.tokens('ada', { resource: `${world.at}/mcp/${otherServer}` })
})
afterAll(() => world.close())

const list = async (credential: string, filter: object = {}, headers: Record<string, string> = {}): Promise<Listed['oauthGrants']> => {
  const document = `query ($filter: OAuthGrantFilter) { oauthGrants(filter: $filter) { totalCount nodes { id status endUser { externalId } } } }`
  return (await world.gateway.app.run<Listed>(credential, document, { filter }, headers)).data.oauthGrants
}
const owners = async (...args: Parameters<typeof list>): Promise<(string | undefined)[]> =>
  (await list(...args)).nodes.map(({ endUser }) => endUser?.externalId)

test('an admin and the backend see the grants of all end users, newest first, and an end user its own', async () => {
  const { acme } = world.gateway
  expect(await owners(acme.adminToken)).toEqual(['ada', 'bob', 'ada'])
  expect(await owners(acme.sandboxKey)).toEqual(['ada', 'bob', 'ada'])
  expect(await owners(acme.sandboxKey, {}, { 'x-on-behalf-of': 'bob' })).toEqual(['bob'])
  expect(await owners(acme.sandboxKey, {}, { 'x-on-behalf-of': 'carl' })).toEqual([])
})

test('a grant has its client, server, key and permissions', async () => {
  const { app, acme } = world.gateway
  const document = `query ($id: ID!) { node(id: $id) { ... on OAuthGrant { environment clientId clientName clientHost redirectHost permissions
    status createdAt revokedAt endUser { externalId } server { id } apiKey { id } } } }`
  const { id } = (await list(acme.adminToken, { serverId: world.serverId, externalUserId: 'ada' })).nodes[0]!
  expect((await app.run<{ node: object }>(acme.adminToken, document, { id })).data.node).toEqual({
    environment: 'SANDBOX',
    clientId: await world.clientId(),
    clientName: 'Acme Agent',
    clientHost: null,
    redirectHost: '127.0.0.1',
    permissions: ['mcp_server:use', 'mcp_tool:*'],
    status: 'ACTIVE',
    createdAt: app.clock.now().toISOString(),
    revokedAt: null,
    endUser: { externalId: 'ada' },
    server: { id: world.serverId },
    apiKey: { id: world.key.id },
  })
})

test('filters match server, key, client, end user, project, environment and revocation', async () => {
  const { acme } = world.gateway
  const count = async (filter: object): Promise<number> => (await list(acme.adminToken, filter)).totalCount
  expect(await count({ serverId: otherServer })).toBe(1)
  expect(await count({ apiKeyId: world.key.id })).toBe(3)
  expect(await count({ apiKeyId: 'key_0' })).toBe(0)
  expect(await count({ clientId: await world.clientId() })).toBe(3)
  expect(await count({ clientId: 'https://other.example/x' })).toBe(0)
  expect(await count({ externalUserId: 'bob' })).toBe(1)
  expect(await count({ projectId: acme.projectId, environment: 'SANDBOX' })).toBe(3)
  expect(await count({ environment: 'PRODUCTION' })).toBe(0)
  expect([await count({ isRevoked: true }), await count({ isRevoked: false })]).toEqual([0, 3])
})

test('a grant is revoked once, its status follows its key, and a second revocation changes nothing', async () => {
  const { app, acme } = world.gateway
  const [{ id }] = (await list(acme.adminToken, { externalUserId: 'bob' })).nodes as [Node]
  const statusOf = async (): Promise<string> => (await list(acme.adminToken, { externalUserId: 'bob' })).nodes[0]!.status
  await app.mutate(acme.adminToken, 'suspendApiKey', { id: world.key.id }, 'apiKey { id }')
  expect(await statusOf()).toBe('SUSPENDED')
  await app.mutate(acme.adminToken, 'resumeApiKey', { id: world.key.id }, 'apiKey { id }')
  const revoke = (): Promise<unknown> => app.mutate(acme.adminToken, 'revokeOAuthGrant', { id }, 'grant { status revokedAt } revokedTokens')
  const at = app.clock.now().toISOString()
  expect(await revoke()).toMatchObject({ grant: { status: 'REVOKED', revokedAt: at }, revokedTokens: 1, userErrors: [] })
  app.clock.advance(1000)
  expect(await revoke()).toMatchObject({ grant: { status: 'REVOKED', revokedAt: at }, revokedTokens: 0 })
  expect(await acme.em.count(OAuthGrant, { id, revokedAt: null })).toBe(0)
  expect((await list(acme.adminToken, { isRevoked: true })).nodes.map((node) => node.id)).toEqual([id])
})
