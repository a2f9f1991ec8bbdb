/** Length limits of input lists, checked before the entries. A list without a row here fails. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { getNamedType, getNullableType, isInputObjectType, isListType, type GraphQLInputType } from 'graphql'

import { buildSchema } from '../src/schema.js'
import { startApp, type Answer, type TestApp } from './support/app.js'
import { measureStall } from './support/event-loop-stall.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let serverId: string
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  const server = { name: 'Notes', serverLabel: 'notes', serverUrl: 'https://mcp.example/mcp' }
  serverId = (await app.mutate(acme.sandboxKey, 'createMcpServer', server, 'server { id }')).server.id
})
afterAll(() => app.close())

interface ListInput {
  readonly most: number
  /** The variables with these entries in the list. */
  readonly variables: (entries: readonly unknown[]) => object | Promise<object>
  /** An entry that is refused for what it is; left out: any text may stand there. */
  readonly unlawful?: unknown
  readonly by?: () => string
}

/** A permission that no key may hold: a second rule would name each. */
const never = 'member:invite'
const times = (): object => ({ from: '2026-06-01T00:00:00Z', to: '2026-06-01T12:00:00Z', interval: 'HOUR' })
const ownKey = async (): Promise<string> => (await acme.apiKey()).id
const admin = (): string => acme.adminToken
const productSignIn = { product: { signInUrl: 'https://product.example/sign-in' } }

/** By the path of the argument. */
const lists: Readonly<Record<string, ListInput>> = {
  'nodes.ids': { most: 100, variables: (ids) => ({ ids }) },
  'usage.groupBy': { most: 3, variables: (groupBy) => ({ ...times(), groupBy }), unlawful: 'API_KEY' },
  'usage.filter.apiKeyIds': { most: 100, variables: (apiKeyIds) => ({ ...times(), filter: { apiKeyIds } }) },
  'usage.filter.externalUserIds': { most: 100, variables: (externalUserIds) => ({ ...times(), filter: { externalUserIds } }) },
  'usage.filter.operations': { most: 100, variables: (operations) => ({ ...times(), filter: { operations } }) },
  'apiKeys.filter.statuses': { most: 100, variables: (statuses) => ({ filter: { statuses } }), unlawful: 'ACTIVE' },
  'mcpToolApprovals.filter.statuses': { most: 100, variables: (statuses) => ({ filter: { statuses } }), unlawful: 'PENDING' },
  'auditEvents.filter.actions': { most: 100, variables: (actions) => ({ filter: { actions } }), by: admin },
  'createApiKey.input.permissions': { most: 100, variables: (permissions) => ({ input: { permissions } }), unlawful: never },
  'createApiKey.input.allowedAudiences': { most: 20, variables: (allowedAudiences) => ({ input: { allowedAudiences } }), unlawful: 'x' },
  'createApiKey.input.rateLimits': {
    most: 4,
    variables: (rateLimits) => ({ input: { rateLimits } }),
    unlawful: { window: 'DAY', max: 0 },
  },
  'createApiKey.input.endUsers.externalIds': {
    most: 500,
    variables: (externalIds) => ({ input: { endUsers: { externalIds } } }),
    unlawful: '*',
  },
  'createApiKey.input.allowedIps': { most: 50, variables: (allowedIps) => ({ input: { allowedIps } }), unlawful: 'x' },
  'updateApiKey.input.endUsers.externalIds': {
    most: 500,
    variables: async (externalIds) => ({ input: { id: await ownKey(), endUsers: { externalIds } } }),
    unlawful: '*',
  },
  'updateApiKey.input.allowedIps': {
    most: 50,
    variables: async (allowedIps) => ({ input: { id: await ownKey(), allowedIps } }),
    unlawful: 'x',
  },
  'importApiKeys.input.keys': { most: 100, variables: (keys) => ({ input: { keys } }), unlawful: { digest: 'x', permissions: [] } },
  'updateApiKey.input.permissions': {
    most: 100,
    variables: async (permissions) => ({ input: { id: await ownKey(), permissions } }),
    unlawful: never,
  },
  'updateApiKey.input.allowedAudiences': {
    most: 20,
    variables: async (allowedAudiences) => ({ input: { id: await ownKey(), allowedAudiences } }),
    unlawful: 'x',
  },
  'updateApiKey.input.rateLimits': {
    most: 4,
    variables: async (rateLimits) => ({ input: { id: await ownKey(), rateLimits } }),
    unlawful: { window: 'DAY', max: 0 },
  },
  'verifyApiKey.input.permissions': {
    most: 100,
    variables: (permissions) => ({ input: { secret: acme.sandboxKey, permissions } }),
    unlawful: never,
  },
  'exchangeApiKey.input.permissions': {
    most: 100,
    variables: (permissions) => ({ input: { audience: 'https://a.example', externalUserId: 'jane', permissions } }),
    unlawful: never,
  },
  'createPersonalToken.input.permissions': {
    most: 100,
    variables: (permissions) => ({ input: { type: 'RESTRICTED', permissions } }),
    unlawful: never,
    by: admin,
  },
  'inviteMember.input.projectIds': {
    most: 100,
    variables: (projectIds) => ({ input: { email: 'x@example.com', role: 'MEMBER', projectIds } }),
    by: admin,
  },
  'updateMember.input.projectIds': {
    most: 100,
    variables: async (projectIds) => ({ input: { id: (await acme.member('MEMBER')).memberId, projectIds } }),
    by: admin,
  },
  'createMcpServer.input.allowedTools': {
    most: 256,
    variables: (allowedTools) => ({ input: { name: 'n', serverLabel: 'n', serverUrl: 'https://mcp.example', allowedTools } }),
    unlawful: 'not a tool',
  },
  'updateMcpServer.input.allowedTools': {
    most: 256,
    variables: (allowedTools) => ({ input: { id: serverId, allowedTools } }),
    unlawful: 'not a tool',
  },
  'createMcpCredential.input.auth.headers': {
    most: 32,
    variables: (headers) => ({ input: { serverId, auth: { headers } } }),
    unlawful: { name: 'no header', value: '' },
  },
  'updateMcpCredential.input.auth.headers': {
    most: 32,
    variables: (headers) => ({ input: { id: serverId, auth: { headers } } }),
    unlawful: { name: 'no header', value: '' },
  },
  'createMcpServer.input.oauth.scopes': {
    most: 64,
    variables: (scopes) => ({ input: { name: 'n', serverLabel: 'n', serverUrl: 'https://mcp.example', oauth: { scopes } } }),
    unlawful: 'not a scope',
  },
  'createMcpServer.input.oauth.authorizationParameters': {
    most: 16,
    variables: (authorizationParameters) => ({
      input: { name: 'n', serverLabel: 'n', serverUrl: 'https://mcp.example', oauth: { authorizationParameters } },
    }),
    unlawful: { name: 'state', value: 'x' },
  },
  'updateMcpServer.input.oauth.scopes': {
    most: 64,
    variables: (scopes) => ({ input: { id: serverId, oauth: { scopes } } }),
    unlawful: 'not a scope',
  },
  'updateMcpServer.input.oauth.authorizationParameters': {
    most: 16,
    variables: (authorizationParameters) => ({ input: { id: serverId, oauth: { authorizationParameters } } }),
    unlawful: { name: 'state', value: 'x' },
  },
  'setOAuthConfiguration.input.clientHosts': {
    most: 50,
    variables: async (clientHosts) => ({ input: { apiKeyId: await ownKey(), signIn: productSignIn, clientHosts } }),
    unlawful: 'not a host',
    by: admin,
  },
  'setOAuthConfiguration.input.redirectSchemes': {
    most: 20,
    variables: async (redirectSchemes) => ({ input: { apiKeyId: await ownKey(), signIn: productSignIn, redirectSchemes } }),
    unlawful: 'not a scheme',
    by: admin,
  },
  'setOAuthConfiguration.input.signIn.oidc.scopes': {
    most: 20,
    variables: async (scopes) => ({
      input: { apiKeyId: await ownKey(), signIn: { oidc: { issuer: 'https://idp.example', clientId: 'keyhouse', scopes } } },
    }),
    unlawful: 'not a scope',
    by: admin,
  },
}

const schema = buildSchema()
const roots = [schema.getQueryType()!, schema.getMutationType()!]

/** Paths of the lists in a type. */
function listsIn(type: GraphQLInputType, path: string): string[] {
  const bare = getNullableType(type)
  if (isListType(bare)) return [path]
  return isInputObjectType(bare) ? Object.values(bare.getFields()).flatMap((field) => listsIn(field.type, `${path}.${field.name}`)) : []
}

test('every list of the schema has a row here', () => {
  const paths = roots.flatMap((root) =>
    Object.values(root.getFields()).flatMap((field) => field.args.flatMap((one) => listsIn(one.type, `${field.name}.${one.name}`))),
  )
  expect(Object.keys(lists).toSorted()).toEqual(paths.toSorted())
})

async function ask(path: string, entries: readonly unknown[]): Promise<Answer> {
  const { variables, by } = lists[path]!
  const [name = ''] = path.split('.')
  const root = roots.find((type) => name in type.getFields())!
  const { args } = root.getFields()[name]!
  const given = await variables(entries)
  const used = args.filter((one) => one.name in given)
  const selection = root.name === 'Mutation' ? '{ userErrors { code message path } }' : '{ __typename }'
  return app.run(
    by?.() ?? acme.sandboxKey,
    `${root.name.toLowerCase()} (${used.map((one) => `$${one.name}: ${String(one.type)}`).join(', ')}) {
      ${name}(${used.map((one) => `${one.name}: $${one.name}`).join(', ')}) ${selection} }`,
    given,
  )
}

/** What was refused, whether a mutation or a query says it. */
function faultsOf({ data, errors }: Answer): string[] {
  const payload: { userErrors?: { message: string }[] } = Object.values((data ?? {}) as object)[0] ?? {}
  return [...(errors ?? []), ...(payload.userErrors ?? [])].map(({ message }) => message)
}

const aboutTheNumber = /must have (at most|1 to) \d+ entries\.$/

describe('the number of entries', () => {
  test.each(Object.keys(lists))('%s', async (path) => {
    const { most, unlawful = 'x' } = lists[path]!
    // As many as a body of 100 kB holds.
    const huge = Math.floor(95_000 / (JSON.stringify(unlawful).length + 1))
    const of = (count: number): unknown[] => Array.from({ length: count }, () => unlawful)
    // Nothing is said about the entries themselves.
    expect(faultsOf(await ask(path, of(most + 1)))).toEqual([expect.stringMatching(aboutTheNumber)])
    for (const fault of faultsOf(await ask(path, of(most)))) expect(fault).not.toMatch(aboutTheNumber)
    const { result, longestMs } = await measureStall(() => ask(path, of(huge)))
    expect(faultsOf(result)).toEqual([expect.stringMatching(aboutTheNumber)])
    expect(longestMs).toBeLessThan(100)
  })
})

describe('the length of a search', () => {
  const searches = ['apiKeys', 'endUsers', 'mcpServers'] as const
  test('is that of three lists', () => {
    const found = Object.values(schema.getQueryType()!.getFields()).filter(({ args }) =>
      args.some(({ type }) => {
        const filter = getNamedType(type)
        return isInputObjectType(filter) && 'search' in filter.getFields()
      }),
    )
    expect(found.map(({ name }) => name)).toEqual(searches)
  })
  test.each(searches)('%s', async (list) => {
    const search = (length: number): Promise<Answer> =>
      app.run(acme.sandboxKey, `{ ${list}(filter: { search: "${'s'.repeat(length)}" }) { nodes { id } } }`)
    expect((await search(255)).data[list].nodes).toEqual([])
    expect((await search(256)).errors).toMatchObject([
      { message: '"search" must have at most 255 characters.', extensions: { code: 'BAD_USER_INPUT' } },
    ])
  })
})
