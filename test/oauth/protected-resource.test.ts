/** The gateway as a protected resource: metadata, challenges, and the audience of each MCP server. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { maxUnknownCredentials } from '../../src/http/rate-limits.js'
import { newId } from '../../src/lib/id.js'
import { startApp } from '../support/app.js'
import { Gateway } from '../support/gateway.js'
import { IssuerClient } from '../support/oauth-endpoints.js'
import { requestText, sendRaw } from '../support/raw-http.js'
import { openSqlConnection } from '../support/sql-connection.js'
import { claimsOf, exchange, signClaims } from '../support/tokens.js'

const url = 'https://keyhouse.test'
const former = 'https://keys.former.test'

let gateway: Gateway
let serverId: string
let otherId: string
let secret: string
beforeAll(async () => {
  gateway = await Gateway.start({}, { KEYHOUSE_URL: url, KEYHOUSE_PREVIOUS_URL: former })
  serverId = await gateway.server({ allowedTools: ['echo', 'search'] })
  otherId = await gateway.server()
  for (const id of [serverId, otherId]) await gateway.credential(id, { bearerToken: 'jane-secret' }, { 'x-on-behalf-of': 'jane' })
  secret = (await gateway.agent(['echo', 'search', 'other'])).secret
})
afterAll(() => gateway.close())

const challengeFor = (id: string, details = '', origin = url): string =>
  `Bearer realm="keyhouse"${details}, resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp/${id}", scope="mcp_server:use mcp_tool:*"`
const resource = (id: string, origin = url): string => `${origin}/mcp/${id}`
const tokenFor = async (audience: string, input: object = {}): Promise<string> =>
  (await exchange(gateway.app, secret, { audience, ...input })).token
const status = async (id: string, token: string): Promise<number> => (await gateway.call(id, token)).status

describe('the metadata of an MCP server', () => {
  const path = (id: string): string => `/.well-known/oauth-protected-resource/mcp/${id}`

  test('names the resource and its issuer, to everyone, for a minute', async () => {
    const {
      status: code,
      headers,
      ...response
    } = await fetch(gateway.app.url + path(serverId)).then(async (answer) => ({
      status: answer.status,
      headers: answer.headers,
      body: await answer.json(),
    }))
    expect([code, headers.get('cache-control'), headers.get('access-control-allow-origin')]).toEqual([200, 'public, max-age=60', '*'])
    expect(response.body).toEqual({
      resource: resource(serverId),
      authorization_servers: [`${url}/o/${gateway.acme.id}/sandbox`],
      scopes_supported: ['mcp_server:use', 'mcp_tool:*'],
      bearer_methods_supported: ['header'],
    })
  })

  test('is that of its environment', async () => {
    const { secret: production } = await gateway.acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })
    const { body } = await sendRaw(
      gateway.app.url,
      requestText(['Host: keyhouse.test'], '', 'GET', path(await gateway.server({}, production))),
    )
    expect(JSON.parse(body)).toMatchObject({ authorization_servers: [`${url}/o/${gateway.acme.id}/production`] })
  })

  test('names the origin that was addressed, of the two', async () => {
    for (const [host, origin] of [
      ['keys.former.test', former],
      ['keyhouse.test', url],
      ['other.test', url],
    ]) {
      const { body } = await sendRaw(gateway.app.url, requestText([`Host: ${host}`], '', 'GET', path(serverId)))
      expect(JSON.parse(body)).toMatchObject({
        resource: resource(serverId, origin),
        authorization_servers: [`${origin}/o/${gateway.acme.id}/sandbox`],
      })
    }
  })

  test('may be read by a page of any origin', async () => {
    const preflight = await fetch(gateway.app.url + path(serverId), {
      method: 'OPTIONS',
      headers: {
        origin: 'https://page.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'mcp-protocol-version',
      },
    })
    expect([
      preflight.status,
      preflight.headers.get('access-control-allow-origin'),
      preflight.headers.get('access-control-allow-headers'),
    ]).toEqual([204, '*', 'mcp-protocol-version'])
  })

  test('of a server that does not exist is a 404, which counts for its address', async () => {
    const app = await startApp()
    try {
      const ask = async (id: string): Promise<Response> => fetch(app.url + path(id))
      for (let i = 0; i < maxUnknownCredentials; i++) {
        const { status: code } = await ask(i % 2 ? newId('mcp_srv', app.clock.now()) : 'mcp_srv_%00')
        expect(code).toBe(404)
      }
      const over = await ask(newId('mcp_srv', app.clock.now()))
      expect([over.status, over.headers.get('retry-after')]).toEqual([429, '60'])
    } finally {
      await app.close()
    }
  })
})

describe('a 401 of the gateway', () => {
  const ask = async (method: string, id: string, authorization?: string): Promise<[number, string | null]> => {
    const response = await fetch(`${gateway.app.url}/mcp/${id}`, {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      },
      ...(method === 'POST' ? { body: '{"jsonrpc":"2.0","id":1,"method":"initialize"}' } : {}),
    })
    return [response.status, response.headers.get('www-authenticate')]
  }

  test.each(['POST', 'GET', 'DELETE'])('names the metadata and the scope, to %s', async (method) => {
    expect(await ask(method, serverId)).toEqual([401, challengeFor(serverId)])
    expect(await ask(method, serverId, 'Bearer unknown')).toEqual([
      401,
      challengeFor(
        serverId,
        ', error="invalid_token", error_description="The credential is not valid. Check that it is complete and was issued by this server."',
      ),
    ])
  })

  test('does so for every malformed, unknown, expired and revoked credential', async () => {
    const token = await tokenFor(resource(serverId))
    const revoked = await tokenFor(resource(serverId))
    await gateway.app.mutate(gateway.acme.sandboxKey, 'revokeAccessToken', { id: claimsOf(revoked).jti }, 'accessToken { id }')
    const expired = await signClaims(gateway.app, 'at+jwt', { ...claimsOf(token), exp: 1 })
    for (const authorization of [
      'Basic a',
      'Bearer',
      'Bearer a.b.c',
      `Bearer ${token.slice(0, -4)}AAAA`,
      `Bearer ${revoked}`,
      `Bearer ${await tokenFor(resource(otherId))}`,
    ]) {
      const [code, challenge] = await ask('POST', serverId, authorization)
      expect([
        code,
        challenge?.startsWith('Bearer realm="keyhouse", error="invalid_token"'),
        challenge?.endsWith(challengeFor(serverId).slice(23)),
      ]).toEqual([401, true, true])
    }
    // The record decides, not the claim.
    expect((await ask('POST', serverId, `Bearer ${expired}`))[0]).toBe(200)
  })

  test('looks no server up, and names no metadata for what is no id', async () => {
    const unknown = newId('mcp_srv', gateway.app.clock.now())
    expect(await ask('POST', unknown)).toEqual([401, challengeFor(unknown)])
    for (const id of ['mcp_srv_1', `${serverId}0`, `${serverId}%22`])
      expect(await ask('POST', id)).toEqual([401, 'Bearer realm="keyhouse"'])
  })

  test('names the origin that was addressed', async () => {
    const { headers } = await sendRaw(gateway.app.url, requestText(['Host: keys.former.test'], '', 'GET', `/mcp/${serverId}`))
    expect(headers['www-authenticate']).toBe(challengeFor(serverId, '', former))
  })
})

describe('a token for one MCP server', () => {
  test('is accepted by the gateway for that server only, and not by /graphql', async () => {
    const token = await tokenFor(resource(serverId))
    expect([await status(serverId, token), await status(otherId, token)]).toEqual([200, 401])
    expect((await gateway.app.run(token, '{ viewer { kind } }')).status).toBe(401)
  })

  test('for the deployment is accepted by all', async () => {
    const token = await tokenFor(url)
    expect([await status(serverId, token), await status(otherId, token)]).toEqual([200, 200])
    expect((await gateway.app.run(token, '{ viewer { kind } }')).status).toBe(200)
  })

  test('of the former address is verified with its issuer', async () => {
    const claims = claimsOf(await tokenFor(resource(serverId)))
    const signed = (origin: string, issuer: string): Promise<string> =>
      signClaims(gateway.app, 'at+jwt', { ...claims, aud: resource(serverId, origin), iss: claims.iss.replace(url, issuer) })
    expect(await status(serverId, await signed(former, former))).toBe(200)
    expect(await status(serverId, await signed(former, url))).toBe(401)
    expect(await status(serverId, await signed(url, former))).toBe(401)
  })

  test('that its metadata names at the former address is issued for the present one', async () => {
    const { body } = await new IssuerClient(gateway.app, gateway.acme).clientCredentials(await gateway.agent(['echo']), {
      resource: resource(serverId, former),
    })
    expect(claimsOf(body.access_token)).toMatchObject({ aud: resource(serverId), iss: `${url}/o/${gateway.acme.id}/sandbox` })
  })

  test('is compared as an exact string', async () => {
    const claims = claimsOf(await tokenFor(resource(serverId)))
    for (const aud of [
      `${resource(serverId)}/`,
      resource(serverId.toUpperCase()),
      `${url}/mcp/`,
      `${url}/mcp`,
      `${url}//mcp/${serverId}`,
      [resource(serverId)],
      null,
    ])
      expect(await status(serverId, await signClaims(gateway.app, 'at+jwt', { ...claims, aud }))).toBe(401)
    const personal = claimsOf(gateway.acme.adminToken)
    expect(await status(serverId, await signClaims(gateway.app, 'kh-personal+jwt', { ...personal, aud: resource(serverId) }))).toBe(401)
  })

  test('is introspected and explained as one', async () => {
    const token = await tokenFor(resource(serverId))
    const { introspection } = await gateway.app.mutate(
      gateway.acme.sandboxKey,
      'introspectToken',
      { token, audience: resource(serverId) },
      'introspection { active audience }',
    )
    expect(introspection).toEqual({ active: true, audience: resource(serverId) })
    const explain = async (subject: string, input: object): Promise<object | undefined> => {
      const { data } = await gateway.app.run<{ explainAccess: { links: { kind: string }[] } }>(
        gateway.acme.adminToken,
        'query ($input: ExplainAccessInput!) { explainAccess(input: $input) { links { kind allowed rule } } }',
        { input: { subjectId: claimsOf(subject).jti, ...input } },
      )
      return data.explainAccess.links.find(({ kind }) => kind === 'AUDIENCE')
    }
    const accepted = { kind: 'AUDIENCE', allowed: true, rule: 'The access token is for the gateway route of this MCP server.' }
    const refused = {
      kind: 'AUDIENCE',
      allowed: false,
      rule: `The access token is for the gateway route of the MCP server ${serverId} alone.`,
    }
    expect(await explain(token, { serverId, tool: 'echo' })).toEqual(accepted)
    expect(await explain(token, { permission: 'mcp_tool:echo' })).toEqual(accepted)
    expect(await explain(token, { serverId: otherId })).toEqual(refused)
    expect(await explain(token, { permission: 'mcp_server:read' })).toEqual(refused)
    expect(await explain(token, { permission: 'agent:create' })).toBeUndefined()
    const machine = await gateway.agent(['echo'])
    const { body } = await new IssuerClient(gateway.app, gateway.acme).clientCredentials(machine, { resource: url })
    expect(await explain(body.access_token, { serverId })).toMatchObject({ allowed: true })
    expect(await explain(body.access_token, { permission: 'mcp_server:read' })).toEqual({
      kind: 'AUDIENCE',
      allowed: false,
      rule: 'The access token acts for no end user, so the gateway alone accepts it.',
    })
  })

  test('counts as use of the tools of its key', async () => {
    const { id, secret: own } = await gateway.agent(['echo'])
    const { token } = await exchange(gateway.app, own, { audience: resource(otherId) })
    expect(await status(otherId, token)).toBe(200)
    await gateway.app.services.writeBehind.flush()
    const { data } = await gateway.app.run<{ apiKey: { unusedPermissions: string[] } }>(
      gateway.acme.adminToken,
      'query ($id: ID!, $since: DateTime!) { apiKey(id: $id) { unusedPermissions(since: $since) } }',
      { id, since: new Date(gateway.app.clock.now().getTime() - 1000) },
    )
    expect(data.apiKey.unusedPermissions).toEqual([])
  })
})

describe('a token of an OAuth grant that lacks a permission', () => {
  const ofGrant = async (permissions: string[]): Promise<string> => {
    const token = await tokenFor(resource(serverId), { permissions })
    const database = await openSqlConnection(gateway.app.env)
    await database.run("update access_token set grant_id = 'grant' where id = ?", [claimsOf(token).jti])
    await database.close()
    return token
  }
  const metadata = `${url}/.well-known/oauth-protected-resource/mcp/`

  test.each<[string[], string, object, string]>([
    [['agent:read'], 'tools/list', {}, 'mcp_server:use'],
    [['agent:read'], 'tools/call', { name: 'echo' }, 'mcp_server:use mcp_tool:echo'],
    [['mcp_server:use', 'mcp_tool:search'], 'tools/call', { name: 'echo' }, 'mcp_server:use mcp_tool:echo'],
  ])('%j is asked for all that %s needs', async (permissions, method, params, scope) => {
    const { secret: broad } = await gateway.agent(['echo', 'search'], ['agent:read'])
    const { token } = await exchange(gateway.app, broad, { audience: resource(serverId), permissions })
    const database = await openSqlConnection(gateway.app.env)
    await database.run("update access_token set grant_id = 'grant' where id = ?", [claimsOf(token).jti])
    await database.close()
    const answer = await gateway.rpc(serverId, token, method, params)
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      403,
      `Bearer error="insufficient_scope", scope="${scope}", resource_metadata="${metadata}${serverId}"`,
    ])
    expect(answer.body.error).toMatchObject({ code: 1001, data: { reason: 'INSUFFICIENT_SCOPE' } })
  })

  test('gets the JSON-RPC error where another authorization would not help', async () => {
    const token = await ofGrant(['mcp_server:use', 'mcp_tool:echo'])
    for (const name of ['other', 'unheld', 'not a tool']) {
      const answer = await gateway.call(serverId, token, name)
      expect([answer.status, answer.headers.get('www-authenticate'), answer.body.error.data.reason]).toEqual([
        200,
        null,
        'TOOL_NOT_ALLOWED',
      ])
    }
    expect(await status(serverId, token)).toBe(200)
  })

  test('is recorded as a refused call', async () => {
    await gateway.call(serverId, await ofGrant(['mcp_server:use']), 'search')
    expect((await gateway.events('mcp_tool:call', serverId)).at(-1)).toMatchObject({ outcome: 'DENIED' })
  })

  test('unlike an exchanged token or a key, whose errors stay as they are', async () => {
    const { secret: narrow } = await gateway.acme.apiKey({ permissions: ['mcp_server:use'] })
    for (const credential of [await tokenFor(resource(serverId), { permissions: ['mcp_server:use'] }), narrow]) {
      const answer = await gateway.call(serverId, credential)
      expect([answer.status, answer.headers.get('www-authenticate'), answer.body.error.data.reason]).toEqual([
        200,
        null,
        'TOOL_NOT_ALLOWED',
      ])
    }
  })
})
