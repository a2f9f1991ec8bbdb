/** Ownership of MCP servers and credentials: end users, the backend and members. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { systemContext } from '../src/context/context.js'
import { McpCredential } from '../src/entities/mcp-credential.js'
import { McpServer } from '../src/entities/mcp-server.js'
import { startApp, type TestApp } from './support/app.js'
import { listen, type Listening } from './support/local-server.js'
import { mcpAnswer } from './support/mcp.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let upstream: Listening
let member: string
let labels = 0
const ada = { 'x-on-behalf-of': 'ada' }
const bob = { 'x-on-behalf-of': 'bob' }

beforeAll(async () => {
  upstream = await listen((incoming, response) => mcpAnswer(incoming, response, [incoming.headers.authorization ?? 'nobody']))
  app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
  acme = await organization(app)
  member = (await acme.member('MEMBER', [acme.projectId])).token
})
afterAll(async () => {
  await app.close()
  await upstream.close()
})

type Headers = Record<string, string>
const mutate = <Field extends keyof Payloads>(
  field: Field,
  input: object,
  selection: string,
  headers: Headers = {},
  credential = acme.sandboxKey,
): Promise<Payloads[Field]> => app.mutate(credential, field, input, selection, headers)

async function newServer(headers: Headers = {}, input: object = {}): Promise<string> {
  const all = { name: 'x', serverLabel: `s-${++labels}`, serverUrl: `${upstream.origin}/mcp`, ...input }
  const { server, userErrors } = await mutate('createMcpServer', all, 'server { id }', headers)
  expect(userErrors).toEqual([])
  return server.id
}
const store = async (serverId: string, headers: Headers = {}, bearerToken = 'some secret text'): Promise<string> =>
  (await mutate('createMcpCredential', { serverId, auth: { bearerToken } }, 'credential { id }', headers)).credential.id
const codesOf = ({ userErrors }: { userErrors: { code: string }[] }): string[] => userErrors.map(({ code }) => code)
const serversOf = async (credential: string, headers: Headers = {}, filter: object = {}): Promise<string[]> => {
  const answer = await app.run(
    credential,
    'query ($filter: McpServerFilter) { mcpServers(first: 100, filter: $filter) { nodes { id } totalCount } }',
    { filter },
    headers,
  )
  expect(answer.data.mcpServers.totalCount).toBe(answer.data.mcpServers.nodes.length)
  return answer.data.mcpServers.nodes.map(({ id }: { id: string }) => id)
}

describe('servers', () => {
  test("the backend's are readable by every end user, an end user's by that one and by members", async () => {
    const shared = await newServer()
    const adas = await newServer(ada)
    expect(await serversOf(acme.sandboxKey, ada)).toEqual(expect.arrayContaining([shared, adas]))
    expect(await serversOf(acme.sandboxKey, bob)).toContain(shared)
    expect(await serversOf(acme.sandboxKey, bob)).not.toContain(adas)
    expect(await serversOf(acme.sandboxKey)).not.toContain(adas)
    expect(await serversOf(member)).toEqual(expect.arrayContaining([shared, adas]))
    expect(await serversOf(member, {}, { externalUserId: 'ada' })).toContain(adas)
    expect(await serversOf(member, {}, { externalUserId: 'ada' })).not.toContain(shared)
    expect(await serversOf(member, {}, { externalUserId: 'no\u0000body' })).toEqual([])
    expect(await serversOf(acme.sandboxKey, bob, { externalUserId: 'ada' })).toEqual([])
  })

  test('an end user attaches credentials to one of the backend, and changes nothing of it', async () => {
    const shared = await newServer()
    expect(codesOf(await mutate('updateMcpServer', { id: shared, name: 'mine' }, 'server { id }', ada))).toEqual(['FORBIDDEN'])
    expect(codesOf(await mutate('deleteMcpServer', { id: shared }, 'deletedServerId', ada))).toEqual(['FORBIDDEN'])
    expect(await store(shared, ada)).toMatch(/^mcp_cred_[0-9a-f]{32}$/)
  })

  test('a label is unique for its owner', async () => {
    const input = { name: 'x', serverLabel: 'the-label', serverUrl: 'https://mcp.example/mcp' }
    const selection = 'server { id }'
    for (const headers of [{}, ada, bob]) {
      expect(codesOf(await mutate('createMcpServer', input, selection, headers))).toEqual([])
      expect(await mutate('createMcpServer', input, selection, headers)).toMatchObject({
        userErrors: [{ code: 'CONFLICT', path: ['input', 'serverLabel'] }],
      })
    }
    const other = await newServer(ada)
    expect(codesOf(await mutate('updateMcpServer', { id: other, serverLabel: 'the-label' }, selection, ada))).toEqual(['CONFLICT'])
  })

  test('deleting one wipes the credentials of everybody at it, and of nobody elsewhere', async () => {
    const [shared, elsewhere] = [await newServer(), await newServer()]
    const kept = await store(elsewhere, ada)
    const gone = [await store(shared), await store(shared, ada), await store(shared, bob)]
    const before = await mutate('revokeMcpCredential', { id: gone[2]! }, 'credential { revokedAt }', bob)
    app.clock.advance(1000)
    const answer = await mutate('deleteMcpServer', { id: shared }, 'deletedServerId revokedCredentialCount')
    expect(answer).toMatchObject({ deletedServerId: shared, revokedCredentialCount: 2, userErrors: [] })
    const rows = await acme.credentialRows()
    for (const id of gone) expect(rows.find((row) => row.id === id)).toMatchObject({ sealedValue: null, revokedAt: expect.any(Date) })
    expect(rows.find((row) => row.id === gone[2])!.revokedAt!.toISOString()).toBe(before.credential.revokedAt)
    expect(rows.find((row) => row.id === kept)!.sealedValue).not.toBeNull()
    const { data } = await app.run(
      acme.sandboxKey,
      'query ($id: ID!) { node(id: $id) { ... on McpCredential { status server { id } } } }',
      {
        id: gone[0],
      },
    )
    expect(data.node).toEqual({ status: 'REVOKED', server: null })
  })

  test('another origin wipes the credentials of everybody, another path does not', async () => {
    const shared = await newServer()
    const ids = [await store(shared), await store(shared, ada)]
    const move = (serverUrl: string): Promise<Payloads['updateMcpServer']> =>
      mutate('updateMcpServer', { id: shared, serverUrl }, 'server { serverUrl }')
    await move(`${upstream.origin}/other?x=1`)
    for (const id of ids) expect((await acme.credentialRow(id)).sealedValue).not.toBeNull()
    await move('https://127.0.0.1/mcp')
    for (const id of ids) expect(await acme.credentialRow(id)).toMatchObject({ sealedValue: null, revokedAt: expect.any(Date) })
  })

  test('loosening needs the right to decide, and is never possible for an end user', async () => {
    const adas = await newServer(ada, { allowedTools: ['echo'] })
    const update = (input: object, headers: Headers = {}, credential = acme.sandboxKey): Promise<Payloads['updateMcpServer']> =>
      mutate('updateMcpServer', { id: adas, ...input }, 'server { requireApproval allowedTools }', headers, credential)
    for (const loose of [{ requireApproval: 'NEVER' }, { allowedTools: null }, { allowedTools: ['echo', 'other'] }])
      expect(codesOf(await update(loose, ada))).toEqual(['FORBIDDEN'])
    expect(codesOf(await update({ allowedTools: [], requireApproval: 'ALWAYS' }, ada))).toEqual([])
    const { userId } = await acme.member('ADMIN')
    const without = (await acme.personalToken(userId, 'RESTRICTED', ['mcp_server:update'])).token
    expect((await update({ requireApproval: 'NEVER' }, {}, without)).userErrors[0]!.message).toContain('mcp_approval:decide')
    expect(await update({ requireApproval: 'NEVER', allowedTools: null }, {}, member)).toMatchObject({
      server: { requireApproval: 'NEVER', allowedTools: null },
    })
    expect(codesOf(await update({ allowedTools: ['echo'], requireApproval: 'ALWAYS' }, ada))).toEqual([])
  })
})

describe('credentials', () => {
  test('are private: of another end user and of the backend none exists', async () => {
    const shared = await newServer()
    const [adas, backends] = [await store(shared, ada), await store(shared)]
    for (const [id, headers] of [
      [adas, bob],
      [adas, {}],
      [backends, ada],
    ] as const) {
      expect(codesOf(await mutate('revokeMcpCredential', { id }, 'credential { id }', headers))).toEqual(['NOT_FOUND'])
      const input = { serverId: shared, credentialId: id }
      expect(codesOf(await mutate('testMcpServer', input, 'test { connected }', headers))).toEqual(['NOT_FOUND'])
      const query =
        'query ($id: ID!, $server: ID!) { node(id: $id) { id } mcpServer(id: $server) { credentials { nodes { id } totalCount } } }'
      const { data } = await app.run<{ node: unknown; mcpServer: { credentials: { nodes: object[]; totalCount: number } } }>(
        acme.sandboxKey,
        query,
        { id, server: shared },
        headers,
      )
      expect(data.node).toBeNull()
      expect(data.mcpServer.credentials.nodes).not.toContainEqual({ id })
      expect(data.mcpServer.credentials.totalCount).toBe(data.mcpServer.credentials.nodes.length)
    }
  })

  test('name their end user to that end user, whose page can tell its own server from a shared one', async () => {
    const [shared, adas] = [await newServer(), await newServer(ada)]
    const [onShared, onOwn] = [await store(shared, ada), await store(adas, ada)]
    const query = 'query ($id: ID!) { mcpServer(id: $id) { endUser { externalId } credentials { nodes { id endUser { externalId } } } } }'
    const seen = async (id: string, headers: Record<string, string>): Promise<unknown> =>
      (await app.run(acme.sandboxKey, query, { id }, headers)).data.mcpServer
    const endUser = { externalId: 'ada' }
    expect(await seen(shared, ada)).toEqual({ endUser: null, credentials: { nodes: [{ id: onShared, endUser }] } })
    expect(await seen(adas, ada)).toEqual({ endUser, credentials: { nodes: [{ id: onOwn, endUser }] } })
    expect(await seen(adas, bob)).toBeNull()
  })

  test('a member sees the metadata of all and may revoke them, and neither makes nor uses one of an end user', async () => {
    const adas = await newServer(ada)
    const id = await store(adas, ada)
    const query = 'query ($id: ID!) { mcpServer(id: $id) { endUser { externalId } credentials { nodes { id endUser { externalId } } } } }'
    const { data } = await app.run(member, query, { id: adas })
    expect(data.mcpServer).toEqual({
      endUser: { externalId: 'ada' },
      credentials: { nodes: [{ id, endUser: { externalId: 'ada' } }] },
    })
    const auth = { bearerToken: 'x' }
    expect(codesOf(await mutate('createMcpCredential', { serverId: adas, auth }, 'credential { id }', {}, member))).toEqual(['FORBIDDEN'])
    const named = await mutate('testMcpServer', { serverId: adas, credentialId: id }, 'test { connected }', {}, member)
    expect(codesOf(named)).toEqual(['FORBIDDEN'])
    const unnamed = await mutate('testMcpServer', { serverId: adas }, 'test { toolNames }', {}, member)
    expect(unnamed.test.toolNames).toEqual(['nobody'])
    const revoked = await mutate('revokeMcpCredential', { id }, 'credential { status }', {}, member)
    expect(revoked).toMatchObject({ credential: { status: 'REVOKED' }, userErrors: [] })
  })

  test('revoking one wipes it, keeps the record, and answers the same again', async () => {
    const shared = await newServer()
    const id = await store(shared)
    const revoke = (): Promise<Payloads['revokeMcpCredential']> =>
      mutate('revokeMcpCredential', { id }, 'credential { id revokedAt updatedAt authorizationPreview }')
    const first = await revoke()
    expect((await acme.credentialRow(id)).sealedValue).toBeNull()
    app.clock.advance(60_000)
    expect(await revoke()).toEqual(first)
    const list = async (includeRevoked: boolean): Promise<unknown[]> => {
      const query = 'query ($id: ID!, $all: Boolean!) { mcpServer(id: $id) { credentials(includeRevoked: $all) { nodes { id } } } }'
      return (await app.run(acme.sandboxKey, query, { id: shared, all: includeRevoked })).data.mcpServer.credentials.nodes
    }
    expect(await list(false)).toEqual([])
    expect(await list(true)).toEqual([{ id }])
  })

  test('one that has expired or was revoked is never sent; else the newest usable one is', async () => {
    const shared = await newServer()
    const expiresAt = new Date(app.clock.at.getTime() + 5000).toISOString()
    const older = await store(shared, ada, 'the older one')
    app.clock.advance(1000)
    const input = { serverId: shared, auth: { authorization: 'the newer one' }, expiresAt }
    const newer = (await mutate('createMcpCredential', input, 'credential { id }', ada)).credential.id
    const use = async (credentialId?: string): Promise<Payloads['testMcpServer']['test']> =>
      (await mutate('testMcpServer', { serverId: shared, credentialId }, 'test { connected toolCount failure { code } }', ada)).test
    const usedAt = async (id: string): Promise<Date | null> => {
      await app.services.writeBehind.flush()
      return (await acme.credentialRow(id)).lastUsedAt
    }
    // The double sends the secret back as the name of a tool, which is refused, and shows that it was sent.
    const wasSent = { connected: false, toolCount: 0, failure: { code: 'PROTOCOL_ERROR' } }
    app.clock.advance(3999)
    expect(await use()).toEqual(wasSent)
    expect([await usedAt(older), await usedAt(newer)]).toEqual([null, app.clock.at])
    app.clock.advance(1)
    expect(await use(newer)).toMatchObject({ connected: false, failure: { code: 'CREDENTIAL_UNAVAILABLE' } })
    expect(await use()).toEqual(wasSent)
    expect(await usedAt(older)).toEqual(app.clock.at)
    await mutate('revokeMcpCredential', { id: older }, 'credential { id }', ada)
    expect(await use(older)).toMatchObject({ failure: { code: 'CREDENTIAL_UNAVAILABLE' } })
    expect(await use()).toEqual({ connected: true, toolCount: 1, failure: null })
  })
})

describe('below the API', () => {
  const emAs = (endUserId: string | null): ReturnType<typeof systemContext>['em'] => {
    const { em } = systemContext(app.services, acme.id)
    em.setFilterParams('owner', { allOwners: false, endUserId })
    return em
  }

  test("a change of another owner's row does not pass, however the row was come by", async () => {
    const row = await acme.credentialRow(await store(await newServer(), ada))
    const mine = emAs(row.endUserId)
    ;(await mine.findOneOrFail(McpCredential, { id: row.id })).endUserId = null
    await expect(mine.flush()).rejects.toThrow('outside the endUserId of the caller')
    const theirs = emAs('eu_other')
    theirs.remove(theirs.getReference(McpCredential, row.id))
    await expect(theirs.flush()).rejects.toThrow('of the caller')
    const shared = await emAs('eu_other').findOneOrFail(McpServer, { endUserId: null })
    const em = emAs('eu_other')
    em.merge(McpServer, shared).name = 'changed'
    await expect(em.flush()).rejects.toThrow('outside the endUserId of the caller')
  })

  test('without an owner nothing is read or written', async () => {
    const em = app.services.orm.em.fork()
    em.setFilterParams('tenant', { organizationId: acme.id, projectIds: null, environment: null })
    await expect(em.find(McpServer, {})).rejects.toThrow("'owner'")
  })
})
