/** Operations that the console needs beside those of programs: names, titles, and lists across servers. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { actions } from '../../src/access/actions.js'
import { ApiKey } from '../../src/entities/api-key.js'
import { McpCredential } from '../../src/entities/mcp-credential.js'
import { McpToolApproval } from '../../src/entities/mcp-tool-approval.js'
import { startApp, type TestApp } from '../support/app.js'
import { createIdIn, type ResourceScope } from '../support/resources.js'
import { organization, type SeededOrganization } from '../support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const scope = (externalUserId: string | null = null): ResourceScope => ({
  app,
  organization: acme,
  projectId: acme.projectId,
  environment: 'SANDBOX',
  externalUserId,
})
const names: [name: string | null, codes: string[]][] = [
  ['', ['INVALID']],
  ['A', []],
  ['x'.repeat(255), []],
  ['x'.repeat(256), ['INVALID']],
  [null, ['INVALID']],
]

describe('names', () => {
  test.each(names)('the organization as %j: %j', async (name, codes) => {
    const { organization: renamed, userErrors } = await app.mutate(acme.adminToken, 'updateOrganization', { name }, 'organization { name }')
    expect(userErrors.map(({ code }) => code)).toEqual(codes)
    if (codes.length === 0) expect(renamed?.name).toBe(name)
  })

  test.each(names)('the caller as %j: %j', async (name, codes) => {
    const { token } = await acme.member('READER')
    const { user, userErrors } = await app.mutate(token, 'updateViewer', { name }, 'user { name }')
    expect(userErrors.map(({ code }) => code)).toEqual(codes)
    if (codes.length > 0) return
    expect(user?.name).toBe(name)
    expect((await app.run(acme.adminToken, '{ viewer { user { name } } }')).data.viewer.user?.name).toBe('Admin')
  })

  test('an omitted name stays', async () => {
    await app.mutate(acme.adminToken, 'updateOrganization', { name: 'Acme' }, 'organization { name }')
    expect((await app.mutate(acme.adminToken, 'updateOrganization', {}, 'organization { name }')).organization?.name).toBe('Acme')
    const { token } = await acme.member('READER')
    expect((await app.mutate(token, 'updateViewer', {}, 'user { name }')).user?.name).toMatch(/@example.com$/)
  })

  test('a key that was granted organization:* before it could mean a change renames nothing', async () => {
    const key = await acme.apiKey()
    await acme.em.nativeUpdate(ApiKey, { id: key.id }, { permissions: ['organization:*'] })
    expect((await app.run(key.secret, '{ organization { id } }')).data.organization?.id).toBe(acme.id)
    const { userErrors } = await app.mutate(key.secret, 'updateOrganization', { name: 'Mine' }, 'organization { name }')
    expect(userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
  })
})

test.each(['ADMIN', 'MEMBER', 'READER'] as const)('viewer.role of a %s', async (role) => {
  const { token } = await acme.member(role, role === 'ADMIN' ? null : [acme.projectId])
  expect((await app.run(token, '{ viewer { role } }')).data.viewer.role).toBe(role)
  expect((await app.run(acme.sandboxKey, '{ viewer { role } }')).data.viewer.role).toBeNull()
})

describe('the trail', () => {
  test('has a title for each action, which no other has', async () => {
    const { auditActions } = (await app.run(null, '{ auditActions { action title } }')).data
    expect(auditActions.map(({ action }) => action)).toEqual(Object.keys(actions))
    expect(new Set(auditActions.map(({ title }) => title)).size).toBe(auditActions.length)
    for (const { title } of auditActions) expect(title).toMatch(/^[A-Z][\w -]+$/)
  })

  test('is read by the id of a request, in the own organization alone', async () => {
    const { headers } = await app.run(acme.adminToken, 'mutation { createApiKey(input: { permissions: [] }) { apiKey { id } } }')
    const requestId = headers.get('x-request-id')
    const query = 'query ($requestId: String!) { auditEvents(filter: { requestId: $requestId }) { nodes { action requestId } } }'
    const found = await app.run(acme.adminToken, query, { requestId })
    expect(found.data.auditEvents.nodes).toEqual([{ action: 'api_key:create', requestId }])
    const other = await organization(app)
    for (const [token, id] of [
      [other.adminToken, requestId],
      [acme.adminToken, 'req_\0'],
      [acme.adminToken, ''],
    ] as const) {
      expect((await app.run(token, query, { requestId: id })).data.auditEvents.nodes).toEqual([])
    }
  })
})

describe('credentials of all servers', () => {
  const list = async (filter: object): Promise<string[]> => {
    const query = 'query ($filter: McpCredentialFilter) { mcpCredentials(first: 100, filter: $filter) { nodes { id } } }'
    const { data, text } = await app.run(acme.adminToken, query, { filter })
    if (!data?.mcpCredentials) throw new Error(text)
    return data.mcpCredentials.nodes.map(({ id }) => id)
  }

  test('are found by owner, server, status and expiry', async () => {
    const [ofBackend, ofAda] = [await createIdIn('mcp_cred', scope()), await createIdIn('mcp_cred', scope('ada'))]
    const expiresAt = new Date(app.clock.now().getTime() + 1000)
    const rows = await acme.credentialRows()
    const ada = rows.find(({ id }) => id === ofAda)!
    const { em } = acme
    em.setFilterParams('owner', { allOwners: true })
    await em.nativeUpdate(McpCredential, { id: ofAda }, { expiresAt })
    expect(await list({})).toEqual(expect.arrayContaining([ofAda, ofBackend]))
    expect(await list({ externalUserId: 'ada' })).toEqual([ofAda])
    expect(await list({ serverId: ada.serverId })).toEqual([ofAda])
    expect(await list({ environment: 'PRODUCTION' })).toEqual([])
    expect(await list({ expiresBefore: expiresAt })).toEqual([])
    expect(await list({ expiresBefore: new Date(expiresAt.getTime() + 1) })).toEqual([ofAda])
    await app.mutate(acme.adminToken, 'revokeMcpCredential', { id: ofBackend }, 'credential { id }')
    expect(await list({ status: 'REVOKED' })).toEqual([ofBackend])
    expect(await list({ status: 'SUSPENDED' })).toEqual([])
    expect(await list({ status: 'ACTIVE' })).toContain(ofAda)
    app.clock.advance(1000)
    expect(await list({ status: 'EXPIRED' })).toEqual([ofAda])
    app.clock.advance(-1000)
  })
})

describe('approvals', () => {
  const query = `query ($filter: McpToolApprovalFilter) {
    mcpToolApprovals(first: 100, filter: $filter) { nodes { id status requestedBy { id } } } }`

  test('name the keys that made the call, to those who may read keys', async () => {
    const id = await createIdIn('mcp_apr', scope())
    const { requestedBy } = await acme.em.findOneOrFail(McpToolApproval, { id }, { filters: { owner: false } })
    const mine = async (credential: string, headers: Record<string, string> = {}): Promise<unknown> =>
      (await app.run(credential, query, {}, headers)).data.mcpToolApprovals.nodes.find((node) => node.id === id)?.requestedBy
    expect(await mine(acme.adminToken)).toEqual(requestedBy.map((keyId) => ({ id: keyId })))
    const keys = await Promise.all(Array.from({ length: 5 }, () => acme.apiKey({ permissions: [] })))
    for (const count of [3, 4, 5]) {
      const ids = keys.slice(0, count).map((key) => key.id)
      await acme.em.nativeUpdate(McpToolApproval, { id }, { requestedBy: ids }, { filters: { owner: false } })
      expect(await mine(acme.adminToken)).toEqual(ids.slice(0, 4).map((keyId) => ({ id: keyId })))
    }
    const reader = await acme.apiKey({ permissions: ['mcp_approval:read'] })
    expect(await mine(reader.secret)).toBeNull()
  })

  test('are found by several statuses', async () => {
    const [denied, pending] = [await createIdIn('mcp_apr', scope()), await createIdIn('mcp_apr', scope())]
    await app.mutate(acme.adminToken, 'decideMcpToolCall', { id: denied, decision: 'DENY' }, 'approval { id }')
    const statuses = async (list: string[]): Promise<string[]> =>
      (await app.run(acme.adminToken, query, { filter: { statuses: list } })).data.mcpToolApprovals.nodes.map(({ id }) => id)
    expect(await statuses(['DENIED', 'USED'])).toEqual([denied])
    expect(await statuses(['PENDING', 'DENIED'])).toEqual(expect.arrayContaining([denied, pending]))
    expect(await statuses([])).toEqual([])
  })
})
