/** Separation of duties: neither the calling key nor a related key decides a call or loosens its server. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { Migration0009 as PostgresMigration } from '../src/database/migrations/postgres/0009-key-families.js'
import { Migration0009 as SqliteMigration } from '../src/database/migrations/sqlite/0009-key-families.js'
import { McpServerCaller } from '../src/entities/mcp-server-caller.js'
import { executeSql } from './support/database-access.js'
import { isPostgres } from './support/database.js'
import { Gateway, type RpcBody } from './support/gateway.js'
import type { Payloads } from './support/results.js'

interface Key {
  readonly id: string
  readonly secret: string
}

let world: Gateway
let serverId: string
let agent: Key
const alice = { 'x-on-behalf-of': 'alice' }
const permissions = [
  'mcp_server:use',
  'mcp_server:read',
  'mcp_server:update',
  'mcp_tool:*',
  'mcp_approval:read',
  'mcp_approval:decide',
  'api_key:create',
  'api_key:read',
  'api_key:rotate',
  'end_user:forget',
]

beforeAll(async () => {
  world = await Gateway.start()
})
afterAll(() => world.close())
beforeEach(async () => {
  serverId = await world.server({ requireApproval: 'ALWAYS' })
  await world.credential(serverId, { bearerToken: 'a-secret-of-the-server' }, alice)
  agent = await world.acme.apiKey({ permissions })
})

const childOf = async ({ secret: maker }: { secret: string }): Promise<Key> => {
  const { apiKey, secret, userErrors } = await world.app.mutate(maker, 'createApiKey', { permissions }, 'apiKey { id } secret')
  expect(userErrors).toEqual([])
  return { id: apiKey.id, secret }
}
const rotate = async (by: string, { id }: Key, more: object = {}): Promise<Key> => {
  const { secret, userErrors } = await world.app.mutate(by, 'rotateApiKey', { id, ...more }, 'secret')
  expect(userErrors).toEqual([])
  return { id, secret }
}
const tokenOf = async (key: Key): Promise<string> =>
  (await world.app.mutate(key.secret, 'exchangeApiKey', { audience: world.app.config.url }, 'token', alice)).token
let number = 0
const waitingFor = async (credential: string, headers: Record<string, string> = alice): Promise<string> => {
  const { body } = await world.call(serverId, credential, 'echo', { number: ++number }, headers)
  expect(body.error).toMatchObject({ code: 1002, data: { reason: 'APPROVAL_PENDING' } })
  return body.error.data.approvalId
}
const decide = (credential: string, id: string, headers: Record<string, string> = alice): Promise<Payloads['decideMcpToolCall']> =>
  world.app.mutate(credential, 'decideMcpToolCall', { id, decision: 'APPROVE' }, 'approval { status }', headers)
const loosen = async (credential: string): Promise<Payloads['updateMcpServer']['userErrors']> =>
  (await world.app.mutate(credential, 'updateMcpServer', { id: serverId, requireApproval: 'NEVER' }, 'server { id }')).userErrors
const forbidden = [{ code: 'FORBIDDEN' }]

describe('a call is decided by no key whose holder may have made it', () => {
  const relations: readonly [string, (caller: Key) => Promise<{ caller: Key; decider: Key }>][] = [
    ['a key that the caller made', async (caller) => ({ caller, decider: await childOf(caller) })],
    [
      'a key of the fourth generation',
      async (caller) => ({ caller, decider: await childOf(await childOf(await childOf(await childOf(caller)))) }),
    ],
    ['the key that made the caller', async (decider) => ({ caller: await childOf(decider), decider })],
    ['the key that made the maker of the caller', async (decider) => ({ caller: await childOf(await childOf(decider)), decider })],
    ['another key of the same maker', async (maker) => ({ caller: await childOf(maker), decider: await childOf(maker) })],
    [
      'a key whose text the caller replaced',
      async (caller) => ({ caller, decider: await rotate(caller.secret, await world.acme.apiKey({ permissions })) }),
    ],
    [
      'a key made by one whose text the caller replaced',
      async (caller) => ({ caller, decider: await childOf(await rotate(caller.secret, await world.acme.apiKey({ permissions }))) }),
    ],
    [
      'a key whose text a relative of the caller replaced, and then a person',
      async (caller) => {
        const other = await world.acme.apiKey({ permissions })
        await rotate((await childOf(caller)).secret, other)
        return { caller, decider: await rotate(world.acme.adminToken, other) }
      },
    ],
  ]
  test.each(relations)('%s, nor a token of it', async (_name, relate) => {
    const { caller, decider } = await relate(agent)
    const id = await waitingFor(caller.secret)
    expect((await decide(decider.secret, id)).userErrors).toMatchObject(forbidden)
    expect((await decide(await tokenOf(decider), id, {})).userErrors).toMatchObject(forbidden)
    expect(await loosen(decider.secret)).toMatchObject(forbidden)
    const byToken = await waitingFor(await tokenOf(caller), {})
    expect((await decide(decider.secret, byToken)).userErrors).toMatchObject(forbidden)
    expect((await decide(world.acme.adminToken, id, {})).approval.status).toBe('APPROVED')
  })

  const unrelatedKeys: readonly [string, () => Promise<Key>][] = [
    ['a key that nobody of the caller’s made', () => world.acme.apiKey({ permissions })],
    ['a key that it made', async () => childOf(await world.acme.apiKey({ permissions }))],
    ['a key that a person made', () => childOf({ secret: world.acme.adminToken })],
    [
      'a key that replaced its own text',
      async () => {
        const other = await world.acme.apiKey({ permissions })
        return rotate(other.secret, other)
      },
    ],
    ['a key whose text a person replaced', async () => rotate(world.acme.adminToken, await world.acme.apiKey({ permissions }))],
  ]
  test.each(unrelatedKeys)('it is decided by %s', async (_name, createKey) => {
    const child = await childOf(agent)
    const { secret } = await createKey()
    expect((await decide(secret, await waitingFor(child.secret))).approval.status).toBe('APPROVED')
    expect((await decide(secret, await waitingFor(agent.secret))).approval.status).toBe('APPROVED')
    expect(await loosen(secret)).toEqual([])
  })
})

describe('who has called a server does not loosen it', () => {
  const forget = async (credential: string): Promise<void> => {
    const { userErrors } = await world.app.mutate(credential, 'forgetEndUser', { externalId: 'alice' }, 'forgottenEndUserId')
    expect(userErrors).toEqual([])
  }

  test('after its end user was forgotten either, and nothing that remains names anybody', async () => {
    await waitingFor(agent.secret)
    await forget(agent.secret)
    expect(await loosen(agent.secret)).toMatchObject(forbidden)
    expect(await loosen((await childOf(agent)).secret)).toMatchObject(forbidden)
    const rows = await world.acme.em.find(McpServerCaller, { serverId })
    expect(JSON.stringify(rows)).not.toMatch(/alice|eu_/)
    expect(rows).toMatchObject([{ rootKeyId: agent.id }])
    const trusted = await world.acme.apiKey({ permissions })
    expect(await loosen(trusted.secret)).toEqual([])
  })

  test('if it asked for what waits already, was denied, or was approved', async () => {
    const [second, third, fourth] = [
      await world.acme.apiKey({ permissions }),
      await world.acme.apiKey({ permissions }),
      await world.acme.apiKey({ permissions }),
    ]
    const call = async ({ secret }: Key): Promise<RpcBody> => (await world.call(serverId, secret, 'echo', {}, alice)).body
    const { approvalId } = (await call(agent)).error.data
    expect((await call(second)).error.data.approvalId).toBe(approvalId)
    await decide(world.acme.adminToken, approvalId, {})
    expect((await call(third)).result).toBeDefined()
    const { error } = await call(agent)
    await world.app.mutate(world.acme.adminToken, 'decideMcpToolCall', { id: error.data.approvalId, decision: 'DENY' }, 'approval { id }')
    expect((await call(fourth)).error.data.reason).toBe('APPROVAL_DENIED')
    for (const key of [agent, second, third, fourth]) expect(await loosen(key.secret)).toMatchObject(forbidden)
  })

  test('and is remembered no longer than the server', async () => {
    await waitingFor(agent.secret)
    await world.app.mutate(world.acme.adminToken, 'deleteMcpServer', { id: serverId }, 'deletedServerId')
    expect(await world.acme.em.find(McpServerCaller, { serverId })).toEqual([])
  })
})

test('the upgrade finds the families that there are, and who has called', async () => {
  const grandchild = await childOf(await childOf(agent))
  const unrelatedKey = await world.acme.apiKey({ permissions })
  for (const { secret } of [grandchild, unrelatedKey]) await waitingFor(secret)
  await executeSql(world.app, 'update api_key set root_key_ids = null')
  await executeSql(world.app, 'delete from mcp_server_caller')
  const { em, config } = world.app.services.orm
  const migration = new (isPostgres ? PostgresMigration : SqliteMigration)(em.getDriver() as never, config)
  migration.up()
  const data = migration
    .getQueries()
    .map(String)
    .filter((sql) => /^(with|insert|create index api_key|drop)/.test(sql))
  expect(data).toHaveLength(4)
  for (const sql of data) await executeSql(world.app, sql)
  expect((await world.acme.keyRow(grandchild.id)).rootKeyIds).toEqual([agent.id])
  expect((await world.acme.keyRow(agent.id)).rootKeyIds).toBeNull()
  for (const key of [agent, grandchild, unrelatedKey]) expect(await loosen(key.secret)).toMatchObject(forbidden)
  expect(await loosen((await world.acme.apiKey({ permissions })).secret)).toEqual([])
})
