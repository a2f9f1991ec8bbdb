/** `client_credentials`: a token for an API key itself, which never passes for an end user. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { codeOf } from '../support/app.js'
import { Gateway } from '../support/gateway.js'
import { IssuerClient, refusalOf } from '../support/oauth-endpoints.js'
import type { SeededKey } from '../support/seed.js'
import { audience, claimsOf, exchangePayload } from '../support/tokens.js'

let gateway: Gateway
let sandbox: IssuerClient
let key: SeededKey
let serverId: string
let resource: string
beforeAll(async () => {
  gateway = await Gateway.start()
  sandbox = new IssuerClient(gateway.app, gateway.acme)
  key = await gateway.agent(['search'], ['agent:read'])
  serverId = await gateway.server()
  await gateway.credential(serverId, { bearerToken: 'backend-secret' })
  resource = `${gateway.app.config.url}/mcp/${serverId}`
})
afterAll(() => gateway.close())

const tokenFor = async (form: Record<string, string> = {}, of = key): Promise<string> =>
  (await sandbox.clientCredentials(of, form)).body.access_token

test('its subject is its client, and it is recorded without an end user', async () => {
  const token = await tokenFor()
  expect(claimsOf(token)).toMatchObject({
    iss: sandbox.issuer,
    sub: key.id,
    client_id: key.id,
    aud: audience,
    permissions: ['mcp_server:use', 'mcp_tool:search', 'agent:read'],
    scope: 'mcp_server:use mcp_tool:search agent:read',
  })
  const event = (await gateway.acme.events('api_key:exchange')).at(-1)
  expect(event).toMatchObject({ outcome: 'ALLOWED', actorId: key.id, endUserId: null, subjectId: claimsOf(token).jti })
  const { data } = await gateway.app.run<{ accessTokens: { edges: { node: object }[] } }>(
    gateway.acme.sandboxKey,
    '{ accessTokens(first: 1) { edges { node { id audience endUser { id } apiKey { id } status } } } }',
  )
  expect(data.accessTokens.edges[0]?.node).toEqual({
    id: claimsOf(token).jti,
    audience,
    endUser: null,
    apiKey: { id: key.id },
    status: 'ACTIVE',
  })
})

describe('at the gateway', () => {
  test('it acts as the backend of its key', async () => {
    const answer = await gateway.call(serverId, await tokenFor({ resource }), 'search')
    expect(answer.status).toBe(200)
    expect(gateway.upstream.received.at(-1)?.request.headers.authorization).toBe('Bearer backend-secret')
    expect((await gateway.events('mcp_tool:call', serverId)).at(-1)).toMatchObject({ actorId: key.id, endUserId: null })
  })

  test('it names no end user', async () => {
    const { status, text } = await gateway.call(serverId, await tokenFor({ resource }), 'search', {}, { 'x-on-behalf-of': 'jane' })
    expect([status, text]).toEqual([
      400,
      expect.stringContaining('X-On-Behalf-Of is not allowed with an access token that acts for no end user.'),
    ])
  })

  test('it ends with its key', async () => {
    const other = await gateway.agent(['search'])
    const token = await tokenFor({ resource }, other)
    expect((await gateway.call(serverId, token, 'search')).status).toBe(200)
    await gateway.app.mutate(gateway.acme.sandboxKey, 'revokeApiKey', { id: other.id }, 'apiKey { id }')
    expect((await gateway.call(serverId, token, 'search')).status).toBe(401)
  })
})

test('at /graphql it is refused, for every audience', async () => {
  for (const target of [gateway.app.config.url, resource]) {
    const answer = await gateway.app.run(await tokenFor({ resource: target }), '{ viewer { kind } }')
    expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED'])
  }
})

test('the id of an API key is the external id of nobody', async () => {
  const payload = await exchangePayload(gateway.app, key.secret, { audience, externalUserId: key.id })
  expect(payload.userErrors).toEqual([
    {
      code: 'INVALID',
      message:
        '"externalUserId" must be 1 to 150 printable ASCII characters without a space at either end, and not "*" or the id of an API key.',
      path: ['input', 'externalUserId'],
    },
  ])
  expect(refusalOf(await sandbox.exchange(key, key.id))).toBe('400 invalid_request')
  expect((await gateway.app.run(key.secret, '{ viewer { kind } }', {}, { 'x-on-behalf-of': key.id })).status).toBe(400)
  expect((await exchangePayload(gateway.app, key.secret, { audience, externalUserId: key.id.slice(0, -1) })).userErrors).toEqual([])
})

describe('scope', () => {
  test.each([
    ['agent:read', 'agent:read'],
    // Of a challenge: the tools that the key has.
    ['mcp_server:use mcp_tool:*', 'mcp_server:use mcp_tool:search'],
    ['mcp_server:*', 'mcp_server:use'],
    ['  agent:read agent:read ', 'agent:read'],
  ])('%p grants %p', async (scope, granted) => {
    expect((await sandbox.clientCredentials(key, { scope })).body.scope).toBe(granted)
  })

  test.each([
    ['agent:read agent:delete', 'invalid_scope', 'You cannot grant permissions that this credential does not hold: agent:delete.'],
    ['other:*', 'invalid_scope', 'You cannot grant permissions that this credential does not hold: other:*.'],
    ['mcp_server:frob', 'invalid_scope', 'scope is not a permission of Keyhouse; did you mean mcp_server:read?'],
    ['offline_access', 'invalid_scope', expect.stringMatching(/^scope must be resource:action in lower case/)],
  ])('%p is refused by name', async (scope, error, error_description) => {
    const { status, body } = await sandbox.clientCredentials(key, { scope })
    expect([status, body]).toEqual([400, { error, error_description }])
  })
})

describe('the target', () => {
  test('is resource or audience, and the same if both are sent', async () => {
    for (const form of [{ resource }, { audience: resource, resource }]) expect(claimsOf(await tokenFor(form)).aud).toBe(resource)
    expect(refusalOf(await sandbox.post('token', { grant_type: 'client_credentials' }, key))).toBe('400 invalid_target')
    expect(refusalOf(await sandbox.clientCredentials(key, { audience: 'https://other.example' }))).toBe('400 invalid_target')
  })

  test.each([
    ['nowhere', 'audience must be an absolute http or https URL.'],
    ['https://a.example/#part', 'audience must not have a fragment.'],
    [
      'http://keyhouse.test/',
      'audience must be http://keyhouse.test (KEYHOUSE_URL) without the trailing slash, or this server would refuse the token.',
    ],
    [
      'http://keyhouse.test/mcp/mcp_srv_1',
      'audience must be http://keyhouse.test/mcp/{serverId}, with the id of an MCP server and nothing after it, or the gateway would refuse the token.',
    ],
  ])('%p is invalid_target', async (target, error_description) => {
    const { status, body } = await sandbox.clientCredentials(key, { resource: target })
    expect([status, body]).toEqual([400, { error: 'invalid_target', error_description }])
  })

  test('must be one of allowedAudiences of the key', async () => {
    const bound = await gateway.acme.apiKey({ allowedAudiences: [resource], permissions: ['mcp_server:use'] })
    expect((await sandbox.clientCredentials(bound, { resource })).status).toBe(200)
    expect(refusalOf(await sandbox.clientCredentials(bound, { resource: gateway.app.config.url }))).toBe('400 invalid_target')
  })
})

test('a header that names an end user is refused', async () => {
  const { body } = await sandbox.post('token', { grant_type: 'client_credentials', resource }, key, { 'x-on-behalf-of': 'jane' })
  expect(body.error).toBe('invalid_request')
})
