/** An API key for one end user cannot act for or name another, wherever an end user is named, whether that one exists or not. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { getNamedType, isInputObjectType, type GraphQLInputType } from 'graphql'

import { OAuthConfiguration } from '../src/entities/oauth-configuration.js'
import { codeOf, type Answer } from './support/app.js'
import { chainFaults } from './support/audit-trail.js'
import { Gateway } from './support/gateway.js'
import { fields, statusAndBody } from './support/id-variables.js'
import { signInRequest } from './support/resources.js'
import type { SeededKey } from './support/seed.js'
import { audience, exchange, exchangePayload } from './support/tokens.js'
import { isAccepted } from './support/users.js'

let world: Gateway
let key: SeededKey
beforeAll(async () => {
  world = await Gateway.start()
})
afterAll(() => world.close())
beforeEach(async () => {
  key = await world.acme.apiKey({ permissions: ['*'], endUsers: { externalIds: ['jane'] } })
})

const viewer = '{ viewer { kind } }'
const onBehalfOf = (externalId: string): Record<string, string> => ({ 'x-on-behalf-of': externalId })
const narrow = (id: string, endUsers: object): Promise<unknown> =>
  world.app.mutate(world.acme.adminToken, 'updateApiKey', { id, endUsers }, 'apiKey { endUsers { mode externalIds prefix } }')

/** Path of every argument and input field that names an end user by its external id → a document that names it there. */
const namings: Readonly<Record<string, [document: string, variables: (externalId: string) => object | Promise<object>]>> = {
  'accessTokens filter.externalUserId': [
    'query ($id: String!) { accessTokens(filter: { externalUserId: $id }) { nodes { id } } }',
    (id) => ({ id }),
  ],
  'approveSignIn input.externalUserId': [
    'mutation ($input: ApproveSignInInput!) { approveSignIn(input: $input) { url userErrors { code message path } } }',
    async (externalUserId) => {
      const { app, acme } = world
      const here = { app, organization: acme, projectId: acme.projectId, environment: 'SANDBOX', externalUserId: null } as const
      const request = await signInRequest(here)
      await app.services.orm.em.fork().nativeUpdate(OAuthConfiguration, {}, { apiKeyId: key.id }, { filters: false })
      return { input: { request, externalUserId } }
    },
  ],
  'auditEvents filter.externalUserId': [
    'query ($id: String!) { auditEvents(filter: { externalUserId: $id }) { nodes { id } } }',
    (id) => ({ id }),
  ],
  'endUser externalId': ['query ($id: String!) { endUser(externalId: $id) { id } }', (id) => ({ id })],
  'explainAccess input.externalUserId': [
    'query ($input: ExplainAccessInput!) { explainAccess(input: $input) { allowed } }',
    (id) => ({ input: { subjectId: key.id, externalUserId: id } }),
  ],
  'mcpCredentials filter.externalUserId': [
    'query ($id: String!) { mcpCredentials(filter: { externalUserId: $id }) { nodes { id } } }',
    (id) => ({ id }),
  ],
  'mcpServers filter.externalUserId': [
    'query ($id: String!) { mcpServers(filter: { externalUserId: $id }) { nodes { id } } }',
    (id) => ({ id }),
  ],
  'mcpToolApprovals filter.externalUserId': [
    'query ($id: String!) { mcpToolApprovals(filter: { externalUserId: $id }) { nodes { id } } }',
    (id) => ({ id }),
  ],
  'oauthGrants filter.externalUserId': [
    'query ($id: String!) { oauthGrants(filter: { externalUserId: $id }) { nodes { id } } }',
    (id) => ({ id }),
  ],
  'usage filter.externalUserIds': [
    'query ($from: DateTime!, $to: DateTime!, $ids: [String!]) { usage(interval: HOUR, from: $from, to: $to, filter: { externalUserIds: $ids }) { start } }',
    (id) => ({ from: world.app.clock.now(), to: new Date(world.app.clock.now().getTime() + 1), ids: ['jane', id] }),
  ],
  'exchangeApiKey input.externalUserId': [
    'mutation ($input: ExchangeApiKeyInput!) { exchangeApiKey(input: $input) { token userErrors { code message path } } }',
    (id) => ({ input: { audience, externalUserId: id } }),
  ],
  'forgetEndUser input.externalId': [
    'mutation ($input: ForgetEndUserInput!) { forgetEndUser(input: $input) { forgottenEndUserId userErrors { code message path } } }',
    (id) => ({ input: { externalId: id } }),
  ],
}

function namesWithin(type: GraphQLInputType, path: string): string[] {
  const named = getNamedType(type)
  if (isInputObjectType(named)) return Object.values(named.getFields()).flatMap((field) => namesWithin(field.type, `${path}.${field.name}`))
  // `endUsers` of a key lists ids without acting for them.
  return /external(User)?Ids?$/i.test(path) && !path.includes('endUsers') ? [path] : []
}

test('every argument that names an end user has a row', () => {
  const paths = Object.values(fields).flatMap((field) =>
    field.args.flatMap((arg) => namesWithin(arg.type, arg.name).map((path) => `${field.name} ${path}`)),
  )
  expect(paths.toSorted()).toEqual(Object.keys(namings).toSorted())
})

test.each(Object.entries(namings))(
  '%s: FORBIDDEN for another end user, the same whether it is recorded or not',
  async (name, [document, variables]) => {
    const { app, acme } = world
    await exchange(app, acme.sandboxKey, { externalUserId: 'bob' })
    const bob = await app.run(key.secret, document, await variables('bob'))
    const nobody = await app.run(key.secret, document, await variables('nob'))
    expect(statusAndBody(bob)).toEqual(statusAndBody(nobody))
    const [payload] = Object.values(bob.data ?? {}) as ({ userErrors?: { code: string; path: string[] }[] } | null)[]
    const [fault] = payload?.userErrors ?? []
    expect(fault?.code ?? codeOf(bob)).toBe('FORBIDDEN')
    if (fault) expect(fault.path.join('.')).toBe(name.split(' ')[1])
    expect(bob.text).toContain('may not act for this end user')
    const jane = await app.run(key.secret, document, await variables('jane'))
    expect(jane.text).not.toContain('FORBIDDEN')
  },
)

describe('X-On-Behalf-Of', () => {
  test('of another end user is 403 before execution, the same whether it is recorded or not', async () => {
    const { app, acme } = world
    await exchange(app, acme.sandboxKey, { externalUserId: 'bob' })
    const bob = await app.run(key.secret, viewer, {}, onBehalfOf('bob'))
    expect([bob.status, codeOf(bob), bob.data]).toEqual([403, 'FORBIDDEN', undefined])
    expect(statusAndBody(await app.run(key.secret, viewer, {}, onBehalfOf('nob')))).toEqual(statusAndBody(bob))
    expect((await app.run(key.secret, viewer, {}, onBehalfOf('jane'))).status).toBe(200)
    expect((await app.run(key.secret, viewer)).status).toBe(200)
  })

  test.each(['Jane', 'jane2', 'jan', 'janE'])('is compared byte for byte: %s is refused', async (externalId) => {
    expect((await world.app.run(key.secret, viewer, {}, onBehalfOf(externalId))).status).toBe(403)
  })

  test('of another end user reaches no MCP server, credential or approval', async () => {
    const { app, upstream } = world
    const serverId = await world.server({ requireApproval: 'ALWAYS' })
    await world.credential(serverId, { bearerToken: 'the-secret-of-bob' }, onBehalfOf('bob'))
    await world.credential(serverId, { bearerToken: 'the-secret-of-jane' }, onBehalfOf('jane'))
    upstream.reset()
    const refused = await world.call(serverId, key.secret, 'echo', {}, onBehalfOf('bob'))
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('"FORBIDDEN"')])
    expect((await world.call(serverId, key.secret, 'echo', {}, onBehalfOf('jane'))).body.error.data.reason).toBe('APPROVAL_PENDING')
    expect(upstream.received).toEqual([])
    for (const document of ['{ mcpServers { nodes { id } } }', '{ mcpToolApprovals { nodes { id } } }'])
      expect((await app.run(key.secret, document, {}, onBehalfOf('bob'))).status).toBe(403)
    const { mcpToolApprovals } = (await app.run(key.secret, '{ mcpToolApprovals { nodes { id } } }')).data
    expect(mcpToolApprovals.nodes).toEqual([])
  })
})

test.each([
  [{ preset: 'ANYONE' as const }, { mode: 'ANYONE', externalIds: null, prefix: null }, ['jane', 'tenant-7:bob']],
  [{ preset: 'NOBODY' as const }, { mode: 'NOBODY', externalIds: null, prefix: null }, []],
  [{ externalIds: ['jane', 'x'] }, { mode: 'LISTED', externalIds: ['jane', 'x'], prefix: null }, ['jane']],
  [{ prefix: 'tenant-7:' }, { mode: 'PREFIX', externalIds: null, prefix: 'tenant-7:' }, ['tenant-7:bob']],
])('%j is read back as %j and accepts %j', async (endUsers, expected, accepted) => {
  const { app, acme } = world
  const created = await app.mutate(
    acme.adminToken,
    'createApiKey',
    { permissions: [], endUsers },
    'secret apiKey { endUsers { mode externalIds prefix } }',
  )
  expect(created.apiKey.endUsers).toEqual(expected)
  const subjects = ['jane', 'tenant-7:bob', 'tenant-70:x', 'Tenant-7:bob', 'bob']
  const results = await Promise.all(
    subjects.map(async (externalUserId) => (await exchangePayload(app, created.secret, { audience, externalUserId })).token),
  )
  const expectedSubjects = expected.mode === 'ANYONE' ? subjects : accepted
  expect(subjects.filter((_, i) => results[i])).toEqual(expectedSubjects)
})

describe('an access token', () => {
  const exchanged = async (externalUserId: string): Promise<{ token: string; id: string; key: SeededKey }> => {
    const wide = await world.acme.apiKey({ permissions: ['*'] })
    const { token, accessToken } = await exchange(world.app, wide.secret, { audience: world.app.config.url, externalUserId })
    return { token, id: accessToken.id, key: wide }
  }

  test('ends at the next request after the key was narrowed to others, and introspection says so', async () => {
    const { app, acme } = world
    const [jane, bob] = [await exchanged('jane'), await exchanged('bob')]
    for (const one of [jane, bob]) await narrow(one.key.id, { externalIds: ['jane'] })
    expect([await isAccepted(app, jane.token), await isAccepted(app, bob.token)]).toEqual([true, false])
    const refused = await app.run(bob.token, viewer)
    expect([refused.status, codeOf(refused)]).toEqual([401, 'UNAUTHENTICATED'])
    const introspect = async (token: string): Promise<unknown> =>
      (await app.mutate(acme.sandboxKey, 'introspectToken', { token }, 'introspection { active subject }')).introspection
    expect([await introspect(jane.token), await introspect(bob.token)]).toEqual([
      { active: true, subject: 'jane' },
      { active: false, subject: null },
    ])
    await narrow(bob.key.id, { preset: 'ANYONE' })
    expect(await isAccepted(app, bob.token)).toBe(true)
  })

  test('of a key for nobody is refused', async () => {
    const jane = await exchanged('jane')
    await narrow(jane.key.id, { preset: 'NOBODY' })
    expect(await isAccepted(world.app, jane.token)).toBe(false)
  })
})

test('of 200 calls in flight while the key is narrowed, none for another end user is recorded after it', async () => {
  const { app, acme } = world
  const wide = await acme.apiKey({ permissions: ['*'] })
  const server = { name: 'x', serverUrl: 'https://mcp.example/mcp' }
  const call = (i: number, externalId: string): Promise<Answer> =>
    i % 2 === 0
      ? app.run(wide.secret, namings['exchangeApiKey input.externalUserId']![0], { input: { audience, externalUserId: externalId } })
      : app.run(
          wide.secret,
          'mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { server { id } userErrors { code } } }',
          { input: { ...server, serverLabel: `raced-${i}` } },
          onBehalfOf(externalId),
        )
  const calls = Array.from({ length: 200 }, async (_, i) => {
    if (i === 100) await narrow(wide.id, { externalIds: ['jane'] })
    return call(i, i % 4 < 2 ? 'bob' : 'jane')
  })
  // The narrowing may come last of all: two calls for each end user certainly come after it.
  const answers = [...(await Promise.all(calls)), ...(await Promise.all([200, 201].flatMap((i) => [call(i, 'bob'), call(i, 'jane')])))]
  for (const { status, text } of answers) expect([status === 200 || text.includes('"FORBIDDEN"'), text]).toEqual([true, text])
  const events = await acme.events()
  const narrowed = events.findIndex(({ action, subjectId }) => action === 'api_key:update' && subjectId === wide.id)
  const late = events.slice(narrowed + 1).filter(({ actorId, outcome }) => actorId === wide.id && outcome === 'ALLOWED')
  const { endUser } = (await app.run(acme.sandboxKey, '{ endUser(externalId: "jane") { id } }')).data
  expect(new Set(late.map(({ endUserId }) => endUserId))).toEqual(new Set([endUser.id]))
  const denied = events.slice(narrowed + 1).filter(({ outcome }) => outcome === 'DENIED')
  for (const { details } of denied) expect(details).toMatchObject({ code: 'FORBIDDEN' })
  expect(await chainFaults(app.services.orm, acme.id)).toEqual([])
}, 60_000)

describe('the input', () => {
  const ids = (count: number, length: number): string[] => Array.from({ length: count }, (_, i) => String(i).padStart(length, 'u'))
  test.each([
    [{ externalIds: ids(500, 100) }, undefined],
    [{ externalIds: ids(501, 100) }, 'input.endUsers.externalIds'],
    [{ externalIds: [] }, 'input.endUsers.externalIds'],
    [{ externalIds: ids(500, 128) }, undefined],
    [{ externalIds: [...ids(499, 128), 'v'.repeat(129)] }, 'input.endUsers.externalIds'],
    [{ externalIds: ['x'.repeat(150)] }, undefined],
    [{ externalIds: ['x'.repeat(151)] }, 'input.endUsers.externalIds.0'],
    [{ externalIds: ['jane', '*'] }, 'input.endUsers.externalIds.1'],
    [{ externalIds: ['jane', 'jane'] }, 'input.endUsers.externalIds'],
    [{ prefix: 'x'.repeat(150) }, undefined],
    [{ prefix: 'x'.repeat(151) }, 'input.endUsers.prefix'],
    [{ prefix: '' }, 'input.endUsers.prefix'],
    [{ prefix: '*' }, 'input.endUsers.prefix'],
    [{ prefix: ' x' }, 'input.endUsers.prefix'],
    [{ prefix: 'x ' }, undefined],
    [{ prefix: 'ü' }, 'input.endUsers.prefix'],
    [null, 'input.endUsers'],
  ])('%#: %p', async (endUsers, path) => {
    for (const [field, input] of [
      ['createApiKey', { permissions: [], endUsers }],
      ['updateApiKey', { id: key.id, endUsers }],
    ] as const) {
      const { userErrors } = await world.app.mutate(world.acme.adminToken, field, input, 'apiKey { id }')
      expect(userErrors.map((fault) => [fault.code, fault.path.join('.')])).toEqual(path === undefined ? [] : [['INVALID', path]])
    }
  })

  test.each(['{}', '{ preset: NOBODY, prefix: "x" }', '{ preset: null }'])('must have exactly one field: %s', async (endUsers) => {
    const answer = await world.app.run(world.acme.adminToken, `mutation { createApiKey(input: { endUsers: ${endUsers} }) { secret } }`)
    expect(answer.status === 400 || answer.errors !== undefined).toBe(true)
  })
})
