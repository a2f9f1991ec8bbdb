/** Effective access, activity and unused permissions of an API key. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { rootFieldPermissions } from '../src/access/operations.js'
import { McpServer } from '../src/entities/mcp-server.js'
import { UsageCount } from '../src/entities/usage-count.js'
import { newId } from '../src/lib/id.js'
import { codeOf, type Answer } from './support/app.js'
import { Gateway } from './support/gateway.js'
import { mutations, queries } from './support/operations.js'
import { newMcpServer } from './support/resources.js'
import type { SeededKey } from './support/seed.js'

const day = 86_400_000

let world: Gateway
/** FULL_ACCESS token that outlasts the clock of these tests. */
let admin: string
beforeAll(async () => {
  world = await Gateway.start()
  const { userId } = await world.acme.member('ADMIN')
  admin = (await world.acme.personalToken(userId, 'FULL_ACCESS', null, 365 * day)).token
})
afterAll(() => world.close())

interface Reviewed {
  readonly effectiveAccess: {
    readonly audiences: string[] | null
    readonly endUsers: { readonly mode: string }
    readonly liveTokenCount: number | null
    readonly liveGrantCount: number | null
    readonly mcpServers: {
      readonly hasMore: boolean
      readonly servers: { server: { serverLabel: string }; tools: string[] | null }[]
    } | null
  } | null
  readonly activity: {
    readonly operations: { operation: string | null; requests: number; denied: number; lastOn: string }[] | null
    readonly actions: { action: string; outcome: string; count: number; lastAt: string }[] | null
  }
  readonly unusedPermissions: string[] | null
}

const selection = `effectiveAccess { audiences endUsers { mode externalIds } liveTokenCount liveGrantCount mcpServers { hasMore servers { server { serverLabel } tools } } }
  activity(since: $since) { operations { operation requests denied lastOn } actions { action outcome count lastAt } }
  unusedPermissions(since: $since)`

async function ask(id: string, sinceMs: number, by = admin): Promise<Answer<{ apiKey: Reviewed }>> {
  await world.app.services.writeBehind.flush()
  const since = new Date(world.app.clock.now().getTime() - sinceMs)
  return world.app.run(by, `query ($id: ID!, $since: DateTime!) { apiKey(id: $id) { ${selection} } }`, { id, since })
}

async function review(id: string, sinceMs = day, by = admin): Promise<Reviewed> {
  const { data, errors, text } = await ask(id, sinceMs, by)
  if (errors) throw new Error(text)
  return data.apiKey
}

const unused = async ({ id }: SeededKey, sinceMs = day): Promise<string[] | null> => (await review(id, sinceMs)).unusedPermissions
const exchange = (secret: string, input: object = {}): Promise<{ token: string }> =>
  world.app.mutate(secret, 'exchangeApiKey', { audience: world.app.config.url, externalUserId: 'jane', ...input }, 'token')

test('every root field says which permissions it may use, and its own is among them', () => {
  const operations = { ...queries, ...mutations }
  expect(Object.keys(rootFieldPermissions).toSorted()).toEqual(Object.keys(operations).toSorted())
  for (const [name, { permission }] of Object.entries(operations)) {
    if (permission !== null) expect([name, rootFieldPermissions[name]]).toEqual([name, expect.arrayContaining([permission])])
    else expect([name, rootFieldPermissions[name]]).toEqual([name, []])
  }
})

describe('unused permissions', () => {
  test('are those that no request has exercised: by the key, for an end user, or by a token of it', async () => {
    const key = await world.acme.apiKey({
      permissions: ['api_key:read', 'usage:read', 'mcp_server:read', 'mcp_approval:read', 'mcp_server:create'],
    })
    expect(await unused(key)).toEqual(['api_key:read', 'usage:read', 'mcp_server:read', 'mcp_approval:read', 'mcp_server:create'])
    await world.app.run(key.secret, '{ apiKeys { nodes { id } } }')
    await world.app.run(key.secret, '{ mcpServers { nodes { id } } }', {}, { 'x-on-behalf-of': 'jane' })
    const { token } = await exchange(key.secret)
    await world.app.run(token, '{ mcpToolApprovals { nodes { id } } }')
    await world.app.mutate(key.secret, 'createMcpServer', newMcpServer(), 'server { id }')
    expect(await unused(key)).toEqual(['usage:read'])
  })

  test('include one whose requests were all refused', async () => {
    const key = await world.acme.apiKey({ permissions: ['api_key:read', 'usage:read'] })
    await world.app.run(key.secret, '{ apiKeys(first: 1, last: 1) { nodes { id } } }')
    const { data } = await ask(key.id, day)
    expect(data.apiKey.activity.operations).toMatchObject([{ operation: 'apiKeys', requests: 1, denied: 1 }])
    expect(data.apiKey.unusedPermissions).toEqual(['api_key:read', 'usage:read'])
  })

  test('include a wildcard only if nothing within it was exercised', async () => {
    const key = await world.acme.apiKey({ permissions: ['api_key:*', 'access_token:*', 'mcp_server:*'] })
    await world.app.run(key.secret, '{ apiKeys { nodes { id } } }')
    expect(await unused(key)).toEqual(['access_token:*', 'mcp_server:*'])
    const all = await world.acme.apiKey({ permissions: ['*'] })
    expect(await unused(all)).toEqual(['*'])
    await world.app.run(all.secret, '{ organization { id } }')
    expect(await unused(all)).toEqual([])
  })

  test('leave out every read permission after a request by id, which may have used any', async () => {
    const key = await world.acme.apiKey({ permissions: ['api_key:read', 'project:read', 'api_key:create'] })
    await world.app.run(key.secret, 'query ($id: ID!) { node(id: $id) { id } }', { id: key.id })
    expect(await unused(key)).toEqual(['api_key:create'])
  })

  test('tell the tools apart that the key called, and none once a token of it may have called them', async () => {
    const server = await world.server()
    await world.credential(server, { none: 'NONE' })
    await world.credential(server, { none: 'NONE' }, { 'x-on-behalf-of': 'jane' })
    const key = await world.agent(['echo', 'send_mail'], ['agent:read'])
    expect(await unused(key)).toEqual(['mcp_server:use', 'mcp_tool:echo', 'mcp_tool:send_mail', 'agent:read'])
    expect((await world.call(server, key.secret, 'echo')).body.result).toBeDefined()
    expect(await unused(key)).toEqual(['mcp_tool:send_mail'])
    const { token } = await exchange(key.secret)
    expect(await unused(key)).toEqual([])
    expect((await world.call(server, token, 'send_mail')).body.result).toBeDefined()
    expect(await unused(key)).toEqual([])
  })

  test('include one of your own services only if the key was not used and had no unexpired token', async () => {
    const key = await world.acme.apiKey({ permissions: ['agent:read', 'application:*', 'api_key:read'] })
    expect(await unused(key)).toEqual(['agent:read', 'application:*', 'api_key:read'])
    await world.app.mutate(world.acme.sandboxKey, 'verifyApiKey', { secret: key.secret, permissions: ['agent:read'] }, 'verdict { code }')
    expect(await unused(key)).toEqual(['api_key:read'])
    const exchanged = await world.acme.apiKey({ permissions: ['agent:read'] })
    await exchange(exchanged.secret, { expiresIn: 86_400 })
    world.app.clock.advance(day)
    // The token ended at the very start of the range: it was refused from then on.
    expect(await unused(exchanged, 0)).toEqual(['agent:read'])
    expect(await unused(exchanged, 1)).toEqual([])
    expect(await unused(key, day - 1)).toEqual(['agent:read', 'application:*', 'api_key:read'])
  })

  test('count a change that usage lost in a crash, from the audit trail', async () => {
    const key = await world.acme.apiKey({ permissions: ['mcp_server:create', 'mcp_server:read'] })
    await world.app.mutate(key.secret, 'createMcpServer', newMcpServer(), 'server { id }')
    await world.app.services.writeBehind.flush()
    await world.acme.em.nativeDelete(UsageCount, { apiKeyId: key.id })
    expect(await unused(key)).toEqual(['mcp_server:read'])
  })

  test('can be dropped by updateApiKey', async () => {
    const key = await world.acme.apiKey({ permissions: ['api_key:read', 'usage:read'] })
    await world.app.run(key.secret, '{ apiKeys { nodes { id } } }')
    const dropped = await unused(key)
    const permissions = ['api_key:read', 'usage:read'].filter((one) => !dropped?.includes(one))
    await world.app.mutate(admin, 'updateApiKey', { id: key.id, permissions }, 'apiKey { id }')
    expect(await unused(key)).toEqual([])
    expect((await world.app.run(key.secret, '{ apiKeys { nodes { id } } }')).errors).toBeUndefined()
  })
})

describe('activity', () => {
  test('counts requests by operation with the last day, and actions by outcome with the last time', async () => {
    const key = await world.acme.apiKey({ permissions: ['mcp_server:create', 'mcp_server:read'] })
    await world.app.run(key.secret, '{ mcpServers { nodes { id } } }')
    world.app.clock.advance(day)
    for (let i = 0; i < 2; i++) await world.app.mutate(key.secret, 'createMcpServer', newMcpServer(), 'server { id }')
    await world.app.mutate(key.secret, 'createMcpServer', { ...newMcpServer(), name: '' }, 'server { id }')
    await exchange(key.secret)
    const now = world.app.clock.now()
    const midnight = (ms: number): string => `${new Date(ms).toISOString().slice(0, 10)}T00:00:00.000Z`
    const { operations, actions } = (await review(key.id, 2 * day)).activity
    expect(operations).toEqual([
      { operation: 'createMcpServer', requests: 3, denied: 1, lastOn: midnight(now.getTime()) },
      { operation: 'exchangeApiKey', requests: 1, denied: 0, lastOn: midnight(now.getTime()) },
      { operation: 'mcpServers', requests: 1, denied: 0, lastOn: midnight(now.getTime() - day) },
    ])
    expect(actions).toEqual([
      { action: 'mcp_server:create', outcome: 'ALLOWED', count: 2, lastAt: now.toISOString() },
      { action: 'mcp_server:create', outcome: 'DENIED', count: 1, lastAt: now.toISOString() },
    ])
    world.app.clock.advance(1)
    expect((await review(key.id, 0)).activity.actions).toEqual([])
    expect((await review(key.id, 0)).activity.operations).toHaveLength(2)
  })

  test.each([
    [90 * day, undefined],
    [90 * day + 1, 'at most 90 days ago'],
    [91 * day, 'at most 90 days ago'],
    [0, undefined],
    [-1, 'must not be in the future'],
  ])('since %i ms ago: %p', async (ms, message) => {
    const { id } = await world.acme.apiKey()
    const { data, errors } = await ask(id, ms)
    const expected = message === undefined ? undefined : expect.stringContaining(message)
    expect([errors?.[0]?.extensions.code, errors?.[0]?.message]).toEqual([message && 'BAD_USER_INPUT', expected])
    expect(data.apiKey.activity === null).toBe(message !== undefined)
    expect(data.apiKey.unusedPermissions).toEqual(message === undefined ? [] : null)
  })

  test('is seen by permission: without it, the field is null', async () => {
    const { id } = await world.acme.apiKey({ permissions: ['*'] })
    const { secret } = await world.acme.apiKey({ permissions: ['api_key:read'] })
    expect(await review(id, day, secret)).toEqual({
      effectiveAccess: {
        audiences: null,
        endUsers: { mode: 'ANYONE', externalIds: null },
        liveTokenCount: null,
        liveGrantCount: null,
        mcpServers: null,
      },
      activity: { operations: null, actions: null },
      unusedPermissions: null,
    })
    const reader = await world.acme.apiKey({
      permissions: ['api_key:read', 'usage:read', 'audit_event:read', 'access_token:read', 'mcp_server:read'],
    })
    expect(await review(id, day, reader.secret)).toEqual({
      effectiveAccess: {
        audiences: null,
        endUsers: { mode: 'ANYONE', externalIds: null },
        liveTokenCount: 0,
        liveGrantCount: null,
        mcpServers: expect.any(Object),
      },
      activity: { operations: [], actions: [] },
      unusedPermissions: ['*'],
    })
  })

  test('of many keys costs a query each, so that not many fit into a document', async () => {
    const query = `{ apiKeys(first: 100) { nodes { unusedPermissions(since: "${world.app.clock.now().toISOString()}") } } }`
    expect(codeOf(await world.app.run(admin, query))).toBe('OPERATION_TOO_COMPLEX')
  })
})

describe('effective access', () => {
  test('names audiences, the tools of each server of the backend, and counts live tokens', async () => {
    const projectId = await world.acme.project()
    const permissions = ['mcp_server:*', 'mcp_tool:echo', 'mcp_tool:search']
    const key = await world.acme.apiKey({
      projectId,
      permissions,
      allowedAudiences: ['https://a.example', 'https://b.example'],
      endUsers: { externalIds: ['jane'] },
    })
    for (const [serverLabel, allowedTools] of Object.entries({ any: null, none: [], some: ['search', 'delete_all'] }))
      await world.server({ serverLabel, allowedTools }, key.secret)
    const own = { ...newMcpServer(), serverLabel: 'janes' }
    await world.app.mutate(key.secret, 'createMcpServer', own, 'server { id }', { 'x-on-behalf-of': 'jane' })
    for (const expiresIn of [300, 3600]) await exchange(key.secret, { audience: 'https://a.example', expiresIn })
    expect((await review(key.id)).effectiveAccess).toEqual({
      audiences: ['https://a.example', 'https://b.example'],
      endUsers: { mode: 'LISTED', externalIds: ['jane'] },
      liveTokenCount: 2,
      liveGrantCount: 0,
      mcpServers: {
        hasMore: false,
        servers: [
          { server: { serverLabel: 'any' }, tools: ['echo', 'search'] },
          { server: { serverLabel: 'none' }, tools: [] },
          { server: { serverLabel: 'some' }, tools: ['search'] },
        ],
      },
    })
    const all = await world.acme.apiKey({ projectId, permissions: ['*'] })
    const servers = async (id: string): Promise<unknown> =>
      (await review(id)).effectiveAccess?.mcpServers?.servers.map(({ tools }) => tools)
    expect(await servers(all.id)).toEqual([null, [], ['search', 'delete_all']])
    expect(await servers((await world.acme.apiKey({ projectId, permissions: ['mcp_tool:*'] })).id)).toEqual([])
    world.app.clock.advance(300_000)
    expect((await review(key.id)).effectiveAccess?.liveTokenCount).toBe(1)
    await world.app.mutate(admin, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
    expect((await review(key.id)).effectiveAccess).toBeNull()
  })

  test.each([
    [100, false],
    [101, true],
  ])('lists %i servers, and says that there are more: %p', async (count, hasMore) => {
    const projectId = await world.acme.project()
    const key = await world.acme.apiKey({ projectId, permissions: ['*'] })
    await world.server({}, key.secret)
    const [template] = await world.acme.em.find(McpServer, { projectId })
    const copies = Array.from({ length: count - 1 }, (_, i) => ({ id: newId('mcp_srv', world.app.clock.now()), serverLabel: `copy-${i}` }))
    await world.acme.em.persist(copies.map((copy) => Object.assign(new McpServer(), template, copy))).flush()
    const { mcpServers } = (await review(key.id)).effectiveAccess!
    expect([mcpServers!.servers.length, mcpServers!.hasMore]).toEqual([100, hasMore])
  })
})
