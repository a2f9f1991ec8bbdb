/** The audit trail through the API: filters, pages, who sees what, and that nobody rewrites it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { executeSql } from './support/database-access.js'
import { isPostgres } from './support/database.js'
import type { Results } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
})
beforeEach(async () => {
  acme = await organization(app)
})
afterAll(() => app.close())

const query = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: AuditEventFilter) {
  auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    nodes {
      id action outcome actorId subjectId endUserId details requestId ipAddress at endUser { externalId }
      actor { __typename ... on ApiKey { id } ... on User { id } }
    }
    edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
  }
}`
const ask = (credential: string, variables: object = {}): Promise<Answer> => app.run(credential, query, variables)
async function events(filter: object = {}, credential = acme.adminToken): Promise<Results['auditEvents']['nodes']> {
  const { data, text } = await ask(credential, { first: 100, filter })
  if (!data?.auditEvents) throw new Error(text)
  return data.auditEvents.nodes
}
const ids = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id)

describe('auditEvents', () => {
  test('tells who did what to what, refused attempts too, newest first', async () => {
    const made = await app.mutate(acme.sandboxKey, 'createApiKey', { label: 'x', permissions: [] }, 'apiKey { id }')
    app.clock.advance(1000)
    await app.mutate(acme.sandboxKey, 'revokeApiKey', { id: made.apiKey.id, reason: 'leaked' }, 'apiKey { id }')
    app.clock.advance(1000)
    await app.mutate(acme.sandboxKey, 'createApiKey', { permissions: ['member:invite'] }, 'apiKey { id }')
    const [denied, revoked, created] = await events()
    const key = (await app.run(acme.sandboxKey, '{ viewer { apiKey { id } } }')).data.viewer.apiKey.id
    const actor = { __typename: 'ApiKey', id: key }
    expect(created).toMatchObject({
      action: 'api_key:create',
      outcome: 'ALLOWED',
      actor,
      actorId: key,
      subjectId: made.apiKey.id,
      details: {},
    })
    expect(revoked).toMatchObject({
      action: 'api_key:revoke',
      outcome: 'ALLOWED',
      subjectId: made.apiKey.id,
      details: { reason: 'leaked' },
    })
    expect(denied).toMatchObject({ action: 'api_key:create', outcome: 'DENIED', actor, subjectId: null, details: { code: 'INVALID' } })
    expect(denied!.at).toBe(app.clock.now().toISOString())
    expect(denied!.requestId).toMatch(/^req_/)
    expect(denied!.ipAddress).toMatch(/127\.0\.0\.1|::1/)
    expect((await app.run(acme.adminToken, `{ node(id: "${denied!.id}") { id __typename } }`)).data.node).toEqual({
      id: denied!.id,
      __typename: 'AuditEvent',
    })
  })

  test('filters by everything that it names', async () => {
    const production = await acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })
    app.clock.advance(10_000)
    const start = app.clock.now()
    const exchange = { audience: 'https://api.example.com', externalUserId: 'ada' }
    await app.mutate(acme.sandboxKey, 'exchangeApiKey', exchange, 'accessToken { id }')
    const own = await app.mutate(acme.sandboxKey, 'exchangeApiKey', { audience: exchange.audience }, 'accessToken { id }', {
      'x-on-behalf-of': 'ada',
    })
    app.clock.advance(1000)
    await app.mutate(production.secret, 'revokeApiKey', { id: 'key_none' }, 'apiKey { id }')
    const kinds = async (filter: object): Promise<string[]> =>
      (await events({ from: start.toISOString(), ...filter })).map(({ action, outcome }) => `${action} ${outcome}`)
    const exchanged = 'api_key:exchange ALLOWED'
    const refused = 'api_key:revoke DENIED'
    expect(await kinds({})).toEqual([refused, exchanged, exchanged])
    expect(await kinds({ environment: 'PRODUCTION' })).toEqual([refused])
    expect(await kinds({ projectId: acme.projectId })).toEqual([refused, exchanged, exchanged])
    expect(await kinds({ projectId: 'prj_none' })).toEqual([])
    expect(await kinds({ actions: ['api_key:revoke', 'nonsense'] })).toEqual([refused])
    expect(await kinds({ actions: [] })).toEqual([])
    expect(await kinds({ actions: ['\0'] })).toEqual([])
    expect(await kinds({ subjectId: '\0' })).toEqual([])
    expect(await kinds({ externalUserId: '\0' })).toEqual([])
    expect(await kinds({ from: '0001-01-01T00:00:00Z', to: '9999-12-31T23:59:59.999Z' })).not.toEqual([])
    expect(await kinds({ actorId: production.id })).toEqual([refused])
    expect(await kinds({ externalUserId: 'ada' })).toEqual([exchanged, exchanged])
    expect(await kinds({ externalUserId: 'bob' })).toEqual([])
    expect(await kinds({ subjectId: own.accessToken.id })).toEqual([exchanged])
    expect(await kinds({ outcome: 'DENIED' })).toEqual([refused])
    const now = app.clock.now()
    expect(await kinds({ from: now.toISOString() })).toEqual([refused])
    expect(await kinds({ to: now.toISOString() })).toEqual([exchanged, exchanged])
    expect(await kinds({ to: new Date(now.getTime() + 1).toISOString() })).toHaveLength(3)
    expect((await events({ externalUserId: 'ada' }))[0]).toMatchObject({ endUser: { externalId: 'ada' } })
  })

  test('is paged in both directions, stable while events are added', async () => {
    for (let i = 0; i < 7; i++) {
      await acme.apiKey()
      if (i % 3 === 0) app.clock.advance(1)
    }
    const all = ids(await events())
    expect(all.length).toBeGreaterThan(9)
    const pages: string[][] = []
    let after: string | null = null
    do {
      const { data }: Answer = await ask(acme.adminToken, { first: 3, after })
      pages.push(ids(data.auditEvents.nodes))
      after = data.auditEvents.pageInfo.hasNextPage ? data.auditEvents.pageInfo.endCursor : null
      await acme.apiKey()
    } while (after !== null)
    expect(pages.flat()).toEqual(all)
    const back: string[][] = []
    let before: string | null = null
    do {
      const { data }: Answer = await ask(acme.adminToken, { last: 4, before })
      back.unshift(ids(data.auditEvents.nodes))
      before = data.auditEvents.pageInfo.hasPreviousPage ? data.auditEvents.pageInfo.startCursor : null
    } while (before !== null)
    expect(back.flat().slice(-all.length)).toEqual(all)
    const codes = await Promise.all(
      [
        { filter: { from: '0000-12-31T23:59:59Z' } },
        { filter: { to: '9999-12-31T23:59:59-00:01' } },
        { first: 0 },
        { first: 101 },
        { first: 1, last: 1 },
        { after: 'nonsense' },
        { filter: { actions: Array(101).fill('x') } },
      ].map(async (one) => codeOf(await ask(acme.adminToken, one))),
    )
    expect(codes).toEqual(Array.from({ length: 7 }, () => 'BAD_USER_INPUT'))
  })

  test('shows a key what belongs to its project and environment, and needs the permission', async () => {
    const globex = await organization(app)
    const production = await acme.apiKey({ environment: 'PRODUCTION' })
    const neighbour = await acme.apiKey({ projectId: await acme.project() })
    const own = await acme.apiKey({ permissions: ['audit_event:read'] })
    const subjects = async (credential: string): Promise<string[]> => (await events({}, credential)).map(({ subjectId }) => subjectId)
    const seen = await subjects(own.secret)
    expect(seen).toContain(own.id)
    expect(seen).not.toContain(production.id)
    expect(seen).not.toContain(neighbour.id)
    expect(await subjects(acme.adminToken)).toEqual(expect.arrayContaining([own.id, production.id, neighbour.id]))
    expect((await subjects(globex.adminToken)).some((id) => [own.id, production.id, acme.id].includes(id))).toBe(false)
    const foreign = (await events())[0]!.id
    expect((await app.run(globex.adminToken, `{ node(id: "${foreign}") { id } }`)).data.node).toBeNull()
    for (const credential of [production.secret, (await acme.member('MEMBER')).token])
      expect(codeOf(await ask(credential))).toBe('FORBIDDEN')
    expect(codeOf(await app.run(own.secret, query, {}, { 'x-on-behalf-of': 'ada' }))).toBe('FORBIDDEN')
    expect(codeOf(await ask(own.secret, { filter: { environment: 'PRODUCTION' } }))).toBe('BAD_USER_INPUT')
  })
})

describe('the table', () => {
  const sql = (text: string): Promise<unknown> => executeSql(app, text)

  test('takes no UPDATE, DELETE or TRUNCATE, not even from the application itself', async () => {
    const before = await events()
    const attempts = [
      `update audit_event set action = 'x'`,
      `update audit_event set action = 'x' where organization_id = '${acme.id}'`,
      `delete from audit_event where organization_id = '${acme.id}'`,
      `delete from audit_event`,
      ...(isPostgres
        ? ['truncate audit_event']
        : [`insert or replace into audit_event select * from audit_event where organization_id = '${acme.id}'`]),
    ]
    for (const attempt of attempts) await expect(sql(attempt)).rejects.toThrow('append-only')
    expect(await events()).toEqual(before)
    await acme.apiKey()
    expect(await events()).toHaveLength(before.length + 1)
  })
})
