/** Explanations of access: each link with the rule that decides it, for keys, access tokens and members. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { codeOf, type Answer } from './support/app.js'
import { Gateway } from './support/gateway.js'

let world: Gateway
let server: string
beforeAll(async () => {
  world = await Gateway.start()
  server = await world.server({ serverLabel: 'tracker', allowedTools: ['echo', 'send_mail'] })
  await world.credential(server, { none: 'NONE' })
})
afterAll(() => world.close())

interface Explained {
  readonly allowed: boolean
  readonly links: readonly { readonly kind: string; readonly allowed: boolean; readonly rule: string }[]
}

const ask = (
  input: object,
  by = world.acme.adminToken,
  headers: Record<string, string> = {},
): Promise<Answer<{ explainAccess: Explained }>> =>
  world.app.run(
    by,
    'query ($input: ExplainAccessInput!) { explainAccess(input: $input) { allowed links { kind allowed rule } } }',
    { input },
    headers,
  )

async function explain(input: object): Promise<Explained> {
  const { data, text } = await ask(input)
  if (!data?.explainAccess) throw new Error(text)
  return data.explainAccess
}

/** Rules of the links that refuse. */
const refusals = ({ links }: Explained): string[] => links.filter(({ allowed }) => !allowed).map(({ rule }) => rule)
const kinds = ({ links }: Explained): string[] => links.map(({ kind }) => kind)

const exchange = async (secret: string, input: object = {}): Promise<string> => {
  const { accessToken } = await world.app.mutate(
    secret,
    'exchangeApiKey',
    { audience: world.app.config.url, externalUserId: 'jane', ...input },
    'accessToken { id }',
  )
  return accessToken.id
}

describe('a tool call', () => {
  test('that passes names every check of the gateway, in its order', async () => {
    const { id } = await world.agent(['*'])
    expect(await explain({ subjectId: id, serverId: server, tool: 'echo' })).toEqual({
      allowed: true,
      links: [
        { kind: 'API_KEY', allowed: true, rule: 'The API key is active.' },
        { kind: 'GATEWAY', allowed: true, rule: 'The gateway accepts API keys and access tokens.' },
        { kind: 'PERMISSION', allowed: true, rule: 'The API key holds "mcp_server:use" by the grant "mcp_server:use".' },
        { kind: 'MCP_SERVER', allowed: true, rule: 'MCP server "tracker" is within reach of the credential.' },
        { kind: 'TOOL', allowed: true, rule: 'allowedTools of MCP server "tracker" has "echo".' },
        { kind: 'PERMISSION', allowed: true, rule: 'The API key holds "mcp_tool:echo" by the grant "mcp_tool:*".' },
        { kind: 'MCP_CREDENTIAL', allowed: true, rule: 'The backend has a usable credential for the server.' },
        { kind: 'APPROVAL', allowed: true, rule: 'requireApproval of MCP server "tracker" is NEVER.' },
      ],
    })
  })

  test('that is refused names each rule that refuses it', async () => {
    const { id } = await world.agent(['echo'])
    expect(refusals(await explain({ subjectId: id, serverId: server, tool: 'send_mail' }))).toEqual([
      'The API key lacks the permission "mcp_tool:send_mail".',
    ])
    expect(refusals(await explain({ subjectId: id, serverId: server, tool: 'delete_all', externalUserId: 'jane' }))).toEqual([
      'allowedTools of MCP server "tracker" lacks "delete_all".',
      'The API key lacks the permission "mcp_tool:delete_all".',
      'The end user has no usable credential for the server: none is active and was stored for its current origin.',
    ])
    const careful = await world.server({ requireApproval: 'ALWAYS', serverLabel: 'careful' })
    await world.credential(careful, { none: 'NONE' })
    expect(refusals(await explain({ subjectId: id, serverId: careful, tool: 'echo' }))).toEqual([
      'Approval needed: requireApproval of MCP server "careful" is ALWAYS.',
    ])
  })

  test('for an end user passes with the credential that the server shares', async () => {
    const { id } = await world.agent(['echo'])
    const shared = await world.server({ serverLabel: 'shared' })
    const sharedCredentialId = await world.credential(shared, { none: 'NONE' })
    await world.app.mutate(world.acme.adminToken, 'updateMcpServer', { id: shared, sharedCredentialId }, 'server { id }')
    const { allowed, links } = await explain({ subjectId: id, externalUserId: 'jane', serverId: shared, tool: 'echo' })
    const rule = 'The server shares its credential with end users.'
    expect([allowed, links.find(({ kind }) => kind === 'MCP_CREDENTIAL')]).toEqual([true, { kind: 'MCP_CREDENTIAL', allowed: true, rule }])
  })

  test('of a member is refused by the gateway, which then checks nothing', async () => {
    const { memberId } = await world.acme.member('ADMIN')
    const explained = await explain({ subjectId: memberId, serverId: server, tool: 'echo' })
    expect(kinds(explained)).toEqual(['MEMBER', 'GATEWAY'])
    expect(refusals(explained)).toEqual(['The gateway accepts API keys and access tokens, not personal tokens.'])
  })

  test('to a server of another project is refused, if the caller sees both', async () => {
    const elsewhere = await world.acme.apiKey({ projectId: await world.acme.project(), permissions: ['*'] })
    expect(refusals(await explain({ subjectId: elsewhere.id, serverId: server, tool: 'echo' }))).toEqual([
      'The MCP server is outside the project and environment of the credential, or belongs to an end user that it does not act for.',
    ])
    expect((await ask({ subjectId: elsewhere.id, serverId: server }, elsewhere.secret)).data).toEqual({ explainAccess: null })
  })

  test("to an end user's own server is explained to a backend that names the end user, and does not exist without", async () => {
    const { id, secret } = await world.acme.apiKey({ permissions: ['*'] })
    const input = { name: 'own', serverLabel: 'janes', serverUrl: `${world.upstream.origin}/mcp`, requireApproval: 'NEVER' }
    const { server: own } = await world.app.mutate(secret, 'createMcpServer', input, 'server { id }', { 'x-on-behalf-of': 'jane' })
    const asked = { subjectId: id, serverId: own.id }
    expect((await ask({ ...asked, externalUserId: 'jane' }, secret)).data.explainAccess).toMatchObject({ allowed: false })
    expect((await ask(asked, secret)).data).toEqual({ explainAccess: null })
    expect((await ask({ ...asked, externalUserId: 'bob' }, secret)).data).toEqual({ explainAccess: null })
  })
})

describe('an access token', () => {
  test('holds what both it and its key hold, and the link names the one that lacks it', async () => {
    const key = await world.acme.apiKey({ permissions: ['mcp_server:*', 'mcp_tool:echo', 'agent:read'] })
    const subjectId = await exchange(key.secret, { permissions: ['mcp_server:use', 'agent:read'] })
    expect(await explain({ subjectId, permission: 'mcp_server:use' })).toMatchObject({ allowed: true })
    expect(refusals(await explain({ subjectId, permission: 'mcp_tool:echo' }))).toEqual([
      'The access token lacks the permission "mcp_tool:echo".',
    ])
    await world.app.mutate(world.acme.adminToken, 'updateApiKey', { id: key.id, permissions: ['mcp_server:use'] }, 'apiKey { id }')
    expect(refusals(await explain({ subjectId, permission: 'agent:read' }))).toEqual(['The API key lacks the permission "agent:read".'])
    expect(refusals(await explain({ subjectId, permission: 'mcp_tool:echo' }))).toEqual([
      'The API key lacks the permission "mcp_tool:echo". The access token lacks the permission "mcp_tool:echo".',
    ])
  })

  test('for another audience is refused here, and judged by its own services there', async () => {
    const key = await world.acme.apiKey({ permissions: ['mcp_server:use', 'agent:read'] })
    const subjectId = await exchange(key.secret, { audience: 'https://agents.example' })
    expect(refusals(await explain({ subjectId, permission: 'mcp_server:use' }))).toEqual([
      `The access token is for another audience. Exchange the key for "${world.app.config.url}".`,
    ])
    expect(await explain({ subjectId, permission: 'agent:read' })).toMatchObject({ allowed: true })
    expect(await explain({ subjectId })).toMatchObject({ allowed: true })
  })

  test('is cut by its end, its key and another X-On-Behalf-Of', async () => {
    const key = await world.acme.apiKey({ permissions: [] })
    const subjectId = await exchange(key.secret)
    expect(await explain({ subjectId, externalUserId: 'jane' })).toMatchObject({ allowed: true })
    expect(refusals(await explain({ subjectId, externalUserId: 'bob' }))).toEqual([
      'X-On-Behalf-Of must equal the subject (sub) of the access token.',
    ])
    await world.app.mutate(world.acme.adminToken, 'updateApiKey', { id: key.id, endUsers: { prefix: 'b' } }, 'apiKey { id }')
    await world.app.mutate(world.acme.adminToken, 'suspendApiKey', { id: key.id }, 'apiKey { id }')
    expect(refusals(await explain({ subjectId }))).toEqual([
      'The API key is suspended.',
      'The API key may not act for the end user: its endUsers are PREFIX.',
    ])
    await world.app.mutate(world.acme.adminToken, 'revokeAccessToken', { id: subjectId }, 'accessToken { id }')
    await world.app.mutate(world.acme.adminToken, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
    expect(refusals(await explain({ subjectId }))).toEqual([
      'The API key is revoked.',
      'The access token is revoked.',
      'The API key may not act for the end user: its endUsers are PREFIX.',
    ])
  })
})

describe('a permission', () => {
  test('that no end user has is refused with X-On-Behalf-Of, and one of your own services rides along', async () => {
    const { id } = await world.acme.apiKey({ permissions: ['*'] })
    expect(await explain({ subjectId: id, permission: 'api_key:read' })).toMatchObject({ allowed: true })
    expect(refusals(await explain({ subjectId: id, permission: 'api_key:read', externalUserId: 'jane' }))).toEqual([
      'The permission "api_key:read" is never available while acting for an end user.',
    ])
    expect(await explain({ subjectId: id, permission: 'agent:read', externalUserId: 'jane' })).toMatchObject({ allowed: true })
    expect(refusals(await explain({ subjectId: id, permission: 'member:invite' }))).toEqual([
      'The API key lacks the permission "member:invite".',
    ])
  })

  test('of a member is that of the role', async () => {
    const { memberId } = await world.acme.member('READER')
    expect(await explain({ subjectId: memberId, permission: 'api_key:read' })).toMatchObject({ allowed: true })
    expect(refusals(await explain({ subjectId: memberId, permission: 'api_key:create', externalUserId: 'jane' }))).toEqual([
      'X-On-Behalf-Of is not allowed with a personal token, which acts for a member.',
      'The role READER lacks the permission "api_key:create".',
    ])
  })
})

test('a key that ended is told by its status', async () => {
  const expiring = await world.acme.apiKey({ expiresAt: new Date(world.app.clock.now().getTime() + 1) })
  expect(await explain({ subjectId: expiring.id })).toMatchObject({ allowed: true })
  world.app.clock.advance(1)
  expect(refusals(await explain({ subjectId: expiring.id }))).toEqual(['The API key is expired.'])
})

test.each([
  [{ externalUserId: '*' }, '"externalUserId"'],
  [{ permission: 'agent:read', serverId: 'mcp_srv_1' }, '"permission" and "serverId"'],
  [{ tool: 'echo' }, '"serverId" is required'],
  [{ serverId: 'mcp_srv_1', tool: '' }, '"tool" must be'],
  [{ serverId: 'mcp_srv_1', tool: 'x'.repeat(129) }, '"tool" must be'],
  [{ permission: 'api_key:raed' }, 'did you mean "api_key:read"?'],
  [{ permission: 'api_key:*' }, 'without "*"'],
  [{ permission: 'mcp_tool:*' }, 'without "*"'],
  [{ permission: '*' }, 'without "*"'],
])('%j is BAD_USER_INPUT: %s', async (input, message) => {
  const answer = await ask({ subjectId: (await world.agent()).id, ...input })
  expect(codeOf(answer)).toBe('BAD_USER_INPUT')
  expect(answer.errors![0]!.message).toContain(message)
})

describe('the caller', () => {
  test.each([
    ['key', ['api_key:read']],
    ['token', ['access_token:read']],
    ['member', ['member:read']],
    ['server', ['api_key:read', 'mcp_server:read', 'mcp_credential:read']],
  ] as const)('of an explanation of a %s needs %j, each of them', async (kind, needed) => {
    const key = await world.agent()
    const subjectId = {
      key: key.id,
      token: await exchange(key.secret),
      member: (await world.acme.member('READER')).memberId,
      server: key.id,
    }[kind]
    const input = { subjectId, ...(kind === 'server' ? { serverId: server } : {}) }
    const holder = await world.acme.apiKey({ permissions: [...needed] })
    expect((await ask(input, holder.secret)).data.explainAccess).toMatchObject({ links: expect.any(Array) })
    for (const missing of needed) {
      const lacking = await world.acme.apiKey({ permissions: needed.filter((one) => one !== missing) })
      const answer = await ask(input, lacking.secret)
      expect([codeOf(answer), answer.errors?.[0]?.message]).toEqual(['FORBIDDEN', expect.stringContaining(missing)])
    }
  })

  test('with a key for some end users learns nothing of the servers and credentials of another', async () => {
    const limited = await world.acme.apiKey({ permissions: ['*'], endUsers: { externalIds: ['bob'] } })
    const subjectId = await exchange((await world.acme.apiKey({ permissions: ['*'] })).secret)
    const named = await ask({ subjectId: limited.id, externalUserId: 'jane' }, limited.secret)
    const ofToken = await ask({ subjectId, serverId: server }, limited.secret)
    for (const answer of [named, ofToken])
      expect([codeOf(answer), answer.errors![0]!.message]).toEqual(['FORBIDDEN', expect.stringContaining('may not act for this end user')])
    expect((await ask({ subjectId }, limited.secret)).data.explainAccess).toMatchObject({ allowed: true })
    expect((await ask({ subjectId: limited.id, externalUserId: 'bob' }, limited.secret)).data.explainAccess).toMatchObject({
      allowed: true,
    })
  })

  test('spends no rate limit of the explained key, and changes neither its last use nor the trail', async () => {
    const { id, secret } = await world.acme.apiKey({ permissions: ['*'], rateLimits: [{ window: 'DAY', max: 1 }] })
    const events = (await world.acme.events()).length
    for (let i = 0; i < 3; i++) await explain({ subjectId: id, serverId: server, tool: 'echo' })
    expect((await world.acme.events()).length).toBe(events)
    expect((await world.acme.keyRow(id)).lastUsedAt).toBeNull()
    expect((await world.app.run(secret, '{ viewer { kind } }')).status).toBe(200)
    expect((await world.app.run(secret, '{ viewer { kind } }')).status).toBe(429)
    expect(world.upstream.received).toEqual([])
  })

  test('learns nothing of what is not its own: it answers as for an id that was never issued', async () => {
    const other = await Promise.all(['PRODUCTION' as const, 'SANDBOX' as const].map((environment) => world.acme.apiKey({ environment })))
    const texts = new Set<string>()
    for (const subjectId of [other[0]!.id, 'key_00000000000070000000000000000000', 'nonsense', 'mcp_srv_1', server]) {
      texts.add((await ask({ subjectId, permission: 'agent:read' }, world.acme.sandboxKey)).text)
    }
    const mine = { subjectId: other[1]!.id, tool: 'echo' }
    for (const serverId of ['mcp_srv_00000000000070000000000000000000', 'nonsense'])
      texts.add((await ask({ ...mine, serverId }, world.acme.sandboxKey)).text)
    expect([...texts]).toEqual(['{"data":{"explainAccess":null}}'])
  })
})
