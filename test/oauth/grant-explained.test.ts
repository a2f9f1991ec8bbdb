/** OAuth grants elsewhere: each link of their chain in explanations, the keys and end users that count them, and their tokens. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'

import { codeOf, type Answer } from '../support/app.js'
import { GrantWorld } from '../support/oauth-grants.js'
import { organization } from '../support/seed.js'

interface Explained {
  readonly allowed: boolean
  readonly links: readonly { readonly kind: string; readonly allowed: boolean; readonly rule: string }[]
}

let world: GrantWorld
let grantId: string
beforeAll(async () => {
  world = await GrantWorld.start({}, {}, { serverLabel: 'tracker', allowedTools: ['echo', 'search'] })
  const { app, acme } = world.gateway
  const sharedCredentialId = await world.gateway.credential(world.serverId, { none: 'NONE' })
  const changes = { id: world.serverId, sharedCredentialId, requireApproval: 'NEVER' }
  await app.mutate(acme.sandboxKey, 'updateMcpServer', changes, 'server { id }')
})
afterAll(() => world.close())

beforeEach(async () => {
  await world.tokens('ada', { scope: 'mcp_server:use mcp_tool:echo' })
  const document = '{ oauthGrants(first: 1) { nodes { id } } }'
  const { data } = await world.gateway.app.run(world.gateway.acme.adminToken, document)
  grantId = data.oauthGrants.nodes[0]!.id
})

function ask(input: object, by = world.gateway.acme.adminToken): Promise<Answer<{ explainAccess: Explained | null }>> {
  const document = 'query ($input: ExplainAccessInput!) { explainAccess(input: $input) { allowed links { kind allowed rule } } }'
  return world.gateway.app.run(by, document, { input: { subjectId: grantId, ...input } })
}

/** Rules of the links that refuse. */
async function refusals(input: object): Promise<string[] | undefined> {
  const { data, text } = await ask(input)
  if (!data) throw new Error(text)
  return data.explainAccess?.links.filter(({ allowed }) => !allowed).map(({ rule }) => rule)
}

test('a tool call that passes names the key, the grant, its client, its server and its end user', async () => {
  expect((await ask({ serverId: world.serverId, tool: 'echo' })).data.explainAccess).toEqual({
    allowed: true,
    links: [
      { kind: 'API_KEY', allowed: true, rule: 'The API key is active.' },
      { kind: 'OAUTH_GRANT', allowed: true, rule: 'The OAuth grant is active.' },
      { kind: 'OAUTH_CLIENT', allowed: true, rule: 'The OAuth configuration accepts the client.' },
      { kind: 'AUDIENCE', allowed: true, rule: 'The access token is for the gateway route of this MCP server.' },
      { kind: 'END_USER', allowed: true, rule: 'The API key may act for the end user: its endUsers are ANYONE.' },
      { kind: 'GATEWAY', allowed: true, rule: 'The gateway accepts API keys and access tokens.' },
      {
        kind: 'PERMISSION',
        allowed: true,
        rule: 'The API key holds "mcp_server:use" by the grant "mcp_server:use". The OAuth grant holds "mcp_server:use" by the grant "mcp_server:use".',
      },
      { kind: 'MCP_SERVER', allowed: true, rule: 'MCP server "tracker" is within reach of the credential.' },
      { kind: 'TOOL', allowed: true, rule: 'allowedTools of MCP server "tracker" has "echo".' },
      {
        kind: 'PERMISSION',
        allowed: true,
        rule: 'The API key holds "mcp_tool:echo" by the grant "mcp_tool:*". The OAuth grant holds "mcp_tool:echo" by the grant "mcp_tool:echo".',
      },
      { kind: 'MCP_CREDENTIAL', allowed: true, rule: 'The server shares its credential with end users.' },
      { kind: 'APPROVAL', allowed: true, rule: 'requireApproval of MCP server "tracker" is NEVER.' },
    ],
  })
})

test('a grant reaches its own server, with what the end user granted, and nothing of the API', async () => {
  expect(await refusals({})).toEqual([])
  expect(await refusals({ serverId: world.serverId, tool: 'search' })).toEqual(['The OAuth grant lacks the permission "mcp_tool:search".'])
  const other = await world.gateway.server({ requireApproval: 'NEVER' })
  expect(await refusals({ serverId: other })).toContain(
    `The access token is for the gateway route of the MCP server ${world.serverId} alone.`,
  )
  expect(await refusals({ permission: 'mcp_server:read' })).toEqual([
    `The access token is for the gateway route of the MCP server ${world.serverId} alone.`,
    'The API key lacks the permission "mcp_server:read". The OAuth grant lacks the permission "mcp_server:read".',
  ])
  expect(await refusals({ externalUserId: 'bob' })).toEqual(['X-On-Behalf-Of must equal the subject (sub) of the access token.'])
})

test('each link that ends a grant is named', async () => {
  const { acme, app } = world.gateway
  const change = async (changes: object): Promise<void> => {
    const { userErrors } = await app.mutate(acme.adminToken, 'updateApiKey', { id: world.key.id, ...changes }, 'apiKey { id }')
    expect(userErrors).toEqual([])
  }
  await world.configure({ allowsRegistration: false })
  expect(await refusals({})).toEqual(['The OAuth configuration no longer accepts the client.'])
  await world.configure({ allowsRegistration: true, apiKeyId: acme.id })
  expect(await refusals({})).toEqual(['The OAuth configuration names another API key.'])
  await world.configure({ apiKeyId: world.key.id })
  await change({ allowedAudiences: ['https://api.example.com'] })
  expect(await refusals({})).toEqual([`allowedAudiences of the API key lack the gateway URL of the MCP server, "${world.resource}".`])
  await change({ allowedAudiences: [world.resource], endUsers: { preset: 'NOBODY' } })
  expect(await refusals({})).toEqual(['The API key may not act for the end user: its endUsers are NOBODY.'])
  await change({ allowedAudiences: null, endUsers: { preset: 'ANYONE' } })
  await world.gateway.app.mutate(acme.adminToken, 'revokeOAuthGrant', { id: grantId }, 'grant { id }')
  expect(await refusals({})).toEqual(['The OAuth grant is revoked.'])
})

test('a grant is explained to those who may read it alone', async () => {
  const { acme, app } = world.gateway
  const reader = await acme.apiKey({ permissions: ['access_token:read', 'api_key:read'] })
  expect(codeOf(await ask({}, reader.secret))).toBe('FORBIDDEN')
  expect((await ask({}, (await organization(app)).adminToken)).data.explainAccess).toBeNull()
})

test('the key counts its live grants, and forgetting an end user those that it deletes', async () => {
  const { acme, app } = world.gateway
  const document = 'query ($id: ID!) { apiKey(id: $id) { effectiveAccess { liveGrantCount } } }'
  const count = async (): Promise<number> => {
    const { data } = await app.run<{ apiKey: { effectiveAccess: { liveGrantCount: number } } }>(acme.adminToken, document, {
      id: world.key.id,
    })
    return data.apiKey.effectiveAccess.liveGrantCount
  }
  await world.tokens('carl')
  const before = await count()
  await app.mutate(acme.adminToken, 'revokeOAuthGrant', { id: grantId }, 'grant { id }')
  expect(await count()).toBe(before - 1)
  const input = { externalId: 'carl', environment: 'SANDBOX' }
  expect(await app.mutate(acme.adminToken, 'forgetEndUser', input, 'deletedGrants revokedTokens')).toMatchObject({
    deletedGrants: 1,
    revokedTokens: 1,
  })
  expect(await count()).toBe(before - 2)
})

test('an access token names its grant, to those who may read grants', async () => {
  const { acme, app } = world.gateway
  const document = '{ accessTokens(first: 1) { nodes { grant { id clientName } } } }'
  const grantFor = async (credential: string): Promise<unknown> => {
    const { data } = await app.run<{ accessTokens: { nodes: { grant: object | null }[] } }>(credential, document)
    return data.accessTokens.nodes[0]?.grant
  }
  const [reader, blind] = [
    await acme.apiKey({ permissions: ['access_token:read', 'oauth_grant:read'] }),
    await acme.apiKey({ permissions: ['access_token:read'] }),
  ]
  expect(await grantFor(reader.secret)).toEqual({ id: grantId, clientName: 'Acme Agent' })
  expect(await grantFor(blind.secret)).toBeNull()
  await app.mutate(reader.secret, 'exchangeApiKey', { audience: 'https://api.example.com', externalUserId: 'ada' }, 'token')
  expect(await grantFor(reader.secret)).toBeNull()
})
