/** Whatever a grant depends on ends it at once: the next request, the open stream and the refresh token (OAUTH.md E, AS 12). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'

import type { App } from '../../src/app.js'
import { systemContext, type Context } from '../../src/context/context.js'
import { OAuthCode } from '../../src/entities/oauth-code.js'
import { OAuthConfiguration } from '../../src/entities/oauth-configuration.js'
import { OAuthGrant } from '../../src/entities/oauth-grant.js'
import { OAuthRefreshToken } from '../../src/entities/oauth-refresh-token.js'
import { resumeOrganization } from '../../src/organizations/resume-organization.js'
import { suspendOrganization } from '../../src/organizations/suspend-organization.js'
import { GrantWorld, type TokenAnswer } from '../support/oauth-grants.js'
import type { SeededKey } from '../support/seed.js'

let world: GrantWorld
let replica: App
beforeAll(async () => {
  world = await GrantWorld.start()
  replica = await world.replica()
  world.gateway.upstream.answer = ({ request, response, body }) => {
    const isStream = request.method === 'GET'
    response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' })
    if (isStream) response.write(': open\n\n')
    else response.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result: { content: [] } }))
  }
})
afterAll(async () => {
  await replica.close()
  await world.close()
})

interface Connected {
  readonly externalId: string
  readonly serverId: string
  readonly key: SeededKey
  readonly grant: OAuthGrant
  readonly tokens: TokenAnswer['body']
}

let endUsers = 0

/** A client with a grant of an end user, a key and a server of its own. */
async function connect(): Promise<Connected> {
  const { acme } = world.gateway
  const externalId = `user-${++endUsers}`
  const key = await acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'] })
  const serverId = await world.gateway.server()
  await world.configure({ apiKeyId: key.id, allowsRegistration: true })
  // Before the consent, which would ask the server for its authorization server.
  await world.gateway.credential(serverId, { none: 'NONE' }, { 'x-on-behalf-of': externalId })
  const tokens = await world.tokens(externalId, { resource: `${world.at}/mcp/${serverId}` })
  const grant = await acme.em.findOneOrFail(OAuthGrant, { serverId })
  return { externalId, serverId, key, grant, tokens }
}

const admin = (field: string, input: object): Promise<unknown> =>
  world.gateway.app
    .mutate(world.gateway.acme.adminToken, field as 'revokeApiKey', input, '__typename')
    .then(({ userErrors }) => expect(userErrors).toEqual([]))

const system = (): Context => systemContext(world.gateway.app.services, world.gateway.acme.id)

const ends: Record<string, (connected: Connected) => Promise<unknown>> = {
  'an admin revokes the grant': ({ grant }) => admin('revokeOAuthGrant', { id: grant.id }),
  'the backend revokes the grant': ({ grant }) =>
    world.gateway.app.mutate(world.gateway.acme.sandboxKey, 'revokeOAuthGrant', { id: grant.id }, 'revokedTokens'),
  'the end user revokes the grant': ({ grant, externalId }) =>
    world.gateway.app.mutate(world.gateway.acme.sandboxKey, 'revokeOAuthGrant', { id: grant.id }, 'revokedTokens', {
      'x-on-behalf-of': externalId,
    }),
  'the key is revoked': ({ key }) => admin('revokeApiKey', { id: key.id }),
  'the key is suspended': ({ key }) => admin('suspendApiKey', { id: key.id }),
  'the key may no longer act for the end user': ({ key }) => admin('updateApiKey', { id: key.id, endUsers: { preset: 'NOBODY' } }),
  'the end user is forgotten': ({ externalId }) => admin('forgetEndUser', { externalId }),
  'the server is deleted': ({ serverId }) =>
    world.gateway.app.mutate(world.gateway.acme.sandboxKey, 'deleteMcpServer', { id: serverId }, 'deletedServerId'),
  'the sandbox is reset': () => admin('resetSandbox', { projectId: world.gateway.acme.projectId }),
  'the configuration is deleted': async () => {
    const { id } = await world.gateway.acme.em.findOneOrFail(OAuthConfiguration, { projectId: world.gateway.acme.projectId })
    return admin('deleteOAuthConfiguration', { id })
  },
  'the configuration names another key': async () => {
    const { id } = await world.gateway.acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'] })
    return admin('setOAuthConfiguration', { apiKeyId: id, signIn: { product: { signInUrl: 'https://product.example/sign-in' } } })
  },
  'the organization is suspended': () => suspendOrganization(system()),
}

test.each(Object.keys(ends))(
  '%s: the next request on each replica is refused, the stream ends, and nothing can be refreshed',
  async (name) => {
    const connected = await connect()
    const { serverId, tokens } = connected
    const { gateway } = world
    const call = async (at: string): Promise<number> =>
      (
        await gateway.fetch(serverId, tokens.access_token, {
          at,
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: {} } }),
        })
      ).status
    expect([await call(world.at), await call(replica.url)]).toEqual([200, 200])
    const stream = await gateway.fetch(serverId, tokens.access_token, { method: 'GET', at: replica.url })
    expect(stream.status).toBe(200)
    const ended = stream.text().then(
      () => performance.now(),
      () => performance.now(),
    )
    await ends[name]!(connected)
    const endedAt = performance.now()
    const expected = name.includes('suspended') ? 403 : 401
    expect([await call(world.at), await call(replica.url)]).toEqual([expected, expected])
    expect((await ended) - endedAt).toBeLessThan(1500)
    for (const at of [world.at, replica.url]) {
      const { status, body } = await world.refresh(tokens.refresh_token, {}, at)
      expect([status, body.error]).toEqual([400, 'invalid_grant'])
    }
    if (name === 'the organization is suspended') await resumeOrganization(system())
  },
)

test('a key that lost a permission narrows the tokens that it has, and those that come', async () => {
  const { key, serverId, tokens } = await connect()
  await admin('updateApiKey', { id: key.id, permissions: ['mcp_server:use', 'mcp_tool:echo'] })
  const { gateway } = world
  expect((await gateway.call(serverId, tokens.access_token, 'echo')).body.result).toBeDefined()
  expect((await gateway.call(serverId, tokens.access_token, 'delete')).body.error.data.reason).toBe('TOOL_NOT_ALLOWED')
  const { body } = await world.refresh(tokens.refresh_token)
  expect(body.scope).toBe('mcp_server:use mcp_tool:echo')
  await admin('updateApiKey', { id: key.id, permissions: [] })
  expect((await world.refresh(body.refresh_token)).body.error_description).toContain('holds none of the granted permissions')
})

test('a client that the configuration no longer accepts can refresh nothing', async () => {
  const { tokens } = await connect()
  await world.configure({ allowsRegistration: false })
  expect((await world.refresh(tokens.refresh_token)).body.error_description).toContain('no longer allows this client')
  await world.configure({ allowsRegistration: true })
  expect((await world.refresh(tokens.refresh_token)).status).toBe(200)
})

test('revoked.json lists the tokens of a revoked grant', async () => {
  const { grant, tokens } = await connect()
  await admin('revokeOAuthGrant', { id: grant.id })
  const list = (await (await fetch(`${world.issuer}/.well-known/revoked.json`)).json()) as { revokedTokens: { jti: string }[] }
  expect(JSON.stringify(list.revokedTokens)).toContain(decodeJwt(tokens.access_token).jti)
})

test('nothing of a forgotten end user is left, and the records of others are', async () => {
  const [forgotten, kept] = [await connect(), await connect()]
  await admin('forgetEndUser', { externalId: forgotten.externalId })
  const { em } = world.gateway.acme
  for (const [{ grant }, count] of [
    [forgotten, 0],
    [kept, 1],
  ] as const) {
    expect(await em.count(OAuthGrant, { id: grant.id })).toBe(count)
    expect(await em.count(OAuthCode, { grantId: grant.id })).toBe(count)
    expect(await em.count(OAuthRefreshToken, { grantId: grant.id })).toBe(count)
  }
})
