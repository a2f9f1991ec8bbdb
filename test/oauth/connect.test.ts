/** An account is connected once through a link, by the browser of its end user alone. */
import { createHash } from 'node:crypto'

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'

import { McpOAuthClient } from '../../src/entities/mcp-oauth-client.js'
import { executeSql } from '../support/database-access.js'
import { bodyOf } from '../support/local-server.js'
import { OAuthBrowser } from '../support/oauth-browser.js'
import { ConnectionWorld, publicOrigin, type CallError } from '../support/oauth-connections.js'

let world: ConnectionWorld
beforeAll(async () => {
  world = await ConnectionWorld.start()
})
afterAll(() => world.close())
beforeEach(() => {
  world.upstream.intercept = () => false
  world.upstream.interceptResource = () => false
})

const isCallback = (url: string): boolean => url.startsWith(`${publicOrigin}/oauth/callback/`)

/** The callback that the authorization server sends this browser to, not visited yet. */
async function callbackFor(externalId: string): Promise<{ url: URL; browser: OAuthBrowser }> {
  const browser = await world.browser(externalId)
  const { url } = await browser.open(await world.link(externalId), isCallback)
  return { url: new URL(url), browser }
}

const pageAt = async (browser: OAuthBrowser, url: string | URL): Promise<string> => {
  const response = await browser.get(String(url))
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(response.headers.get('referrer-policy')).toBe('no-referrer')
  return response.text()
}
const count = async (): Promise<number> => (await world.acme.credentialRows()).length

test('an end user connects an account, calls, and calls again after the token expired', async () => {
  expect(await world.connect('jane')).toContain('Notes is connected')
  expect(await world.call('jane')).toBe('jane-upstream')
  const { renewals } = world.upstream
  world.app.clock.advance(3_600_000)
  expect(await world.call('jane')).toBe('jane-upstream')
  expect(world.upstream.renewals).toBe(renewals + 1)
  expect(await world.call('bob')).toMatchObject({ data: { reason: 'NO_CREDENTIAL' } })
})

test('a second connection replaces the first one in place, and the client is registered once', async () => {
  await world.connect('kim')
  const before = await world.credential()
  world.upstream.account = 'kim-upstream'
  await world.connect('kim')
  world.upstream.account = 'jane-upstream'
  const after = await world.credential()
  expect(after).toMatchObject({ id: before.id, version: before.version + 1, healthStatus: 'UNKNOWN', authType: 'OAUTH', expiresAt: null })
  expect(await world.call('kim')).toBe('kim-upstream')
  expect(await world.acme.em.count(McpOAuthClient, {})).toBe(1)
})

test('a link is opened by its end user only: another one, and nobody, are not sent to the authorization server', async () => {
  const link = await world.link('jane')
  expect(await pageAt(await world.browser('bob'), link)).toContain('This link is not for you')
  const stranger = new OAuthBrowser(publicOrigin, world.app.url)
  const { status, headers } = await stranger.get(link)
  expect(status).toBe(303)
  expect(headers.get('location')).toMatch(/^https:\/\/product\.example\/sign-in\?/)
})

test('a link is valid for 10 minutes, and not at its last millisecond', async () => {
  const browser = await world.browser('jane')
  const link = await world.link('jane')
  world.app.clock.advance(599_999)
  expect((await browser.get(link)).status).toBe(303)
  world.app.clock.advance(1)
  expect(await pageAt(browser, link)).toContain('This link has expired')
})

test('a callback is honoured once, in the browser that opened the link, with its own state and issuer', async () => {
  const { url, browser } = await callbackFor('ann')
  const before = await count()
  const other = await world.browser('ann')
  expect(await pageAt(other, url)).toContain('does not belong to this browser')
  expect(await pageAt(await world.browser('bob'), url)).toContain('does not belong to this browser')
  expect(await pageAt(new OAuthBrowser(publicOrigin, world.app.url), url)).toContain('does not belong to this browser')
  const changed = (name: string, value: string | null): URL => {
    const copy = new URL(url)
    if (value === null) copy.searchParams.delete(name)
    else copy.searchParams.set(name, value)
    return copy
  }
  const state = url.searchParams.get('state')!
  const foreign = (await callbackFor('ann')).url.searchParams.get('state')!
  expect(await pageAt(browser, changed('state', null))).toContain('does not belong to this browser')
  expect(await pageAt(browser, changed('state', foreign))).toContain('does not belong to this browser')
  expect(await pageAt(browser, `${String(url)}&state=${state}`)).toContain('does not belong to this browser')
  expect(await pageAt(browser, changed('iss', 'https://attacker.example'))).toContain('another service')
  expect(await pageAt(browser, changed('iss', null))).toContain('another service')
  expect(await count()).toBe(before)
  expect(await pageAt(browser, url)).toContain('Notes is connected')
  expect(await pageAt(browser, url)).toContain('used before')
  expect(await count()).toBe(before + 1)
})

test('a callback after 10 minutes stores nothing', async () => {
  const { url, browser } = await callbackFor('uma')
  const before = await count()
  world.app.clock.advance(600_000)
  expect(await pageAt(browser, url)).toContain('This link has expired')
  expect(await count()).toBe(before)
})

test('a callback at the redirect URI of another client stores nothing (mix-up, RFC 9700 §4.4.2)', async () => {
  const { url, browser } = await callbackFor('ida')
  const create = { issuer: 'https://as.example', clientId: 'other' }
  const { client } = await world.app.mutate(world.acme.sandboxKey, 'createMcpOAuthClient', create, 'client { redirectUri }')
  const before = await count()
  expect(await pageAt(browser, `${client.redirectUri}${url.search}`)).toContain('does not belong to this browser')
  expect(await count()).toBe(before)
  expect(await pageAt(browser, url)).toContain('Notes is connected')
})

test('each request of a connection and its renewal names the resource and proves the same challenge', async () => {
  const bodies: URLSearchParams[] = []
  world.upstream.intercept = async (request) => {
    if (request.url !== '/token') return false
    const text = await bodyOf(request)
    bodies.push(new URLSearchParams(text))
    // oidc-provider reads the parsed body where there is one.
    Object.assign(request, { body: Object.fromEntries(new URLSearchParams(text)) })
    return false
  }
  const browser = await world.browser('eva')
  await browser.open(await world.link('eva'))
  world.app.clock.advance(3_600_000)
  await world.call('eva')
  const authorization = new URL(browser.visited.find((url) => url.startsWith(`${world.upstream.issuer}/auth?`))!).searchParams
  expect([authorization, ...bodies].map((parameters) => parameters.getAll('resource'))).toEqual([
    [world.upstream.serverUrl],
    [world.upstream.serverUrl],
    [world.upstream.serverUrl],
  ])
  const challenge = createHash('sha256').update(bodies[0]!.get('code_verifier')!).digest('base64url')
  expect([authorization.get('code_challenge_method'), authorization.get('code_challenge')]).toEqual(['S256', challenge])
})

test('an error of the authorization server stores nothing, and the link can be opened again', async () => {
  const { url, browser } = await callbackFor('eve')
  const denied = new URL(url)
  denied.searchParams.delete('code')
  denied.searchParams.set('error', 'access_denied')
  const before = await count()
  expect(await pageAt(browser, denied)).toContain('You or the other service did not allow it')
  denied.searchParams.set('iss', 'https://attacker.example')
  expect(await pageAt(browser, denied)).toContain('another service')
  expect(await count()).toBe(before)
  expect(await pageAt(browser, url)).toContain('Notes is connected')
})

test('a callback after the key that made the link was revoked, or the server moved, stores nothing', async () => {
  const key = await world.acme.apiKey({ permissions: ['mcp_credential:create', 'mcp_server:read'] })
  const headers = { 'x-on-behalf-of': 'lea' }
  const { url: link } = await world.app.mutate(key.secret, 'startMcpConnection', { serverId: world.serverId }, 'url', headers)
  const browser = await world.browser('lea')
  const { url } = await browser.open(link, isCallback)
  await world.app.mutate(world.acme.sandboxKey, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
  const before = await count()
  expect(await pageAt(browser, url)).toContain('may no longer connect accounts')
  expect(await count()).toBe(before)

  const serverId = await world.server(world.upstream.serverUrl)
  const moving = await world.browser('lea')
  const { url: late } = await moving.open(await world.link('lea', serverId), isCallback)
  await world.app.mutate(
    world.acme.sandboxKey,
    'updateMcpServer',
    { id: serverId, serverUrl: 'https://other.example/mcp' },
    'server { id }',
  )
  expect(await pageAt(moving, late)).toContain('There is nothing to connect any more')
  expect(await count()).toBe(before)
})

test('a call without a credential answers with the link, which is offered again until it is used', async () => {
  const first = await world.refusal('olga')
  expect(first).toMatchObject({
    reason: 'NO_CREDENTIAL',
    connectUrl: expect.stringMatching(/^http:\/\/localhost:4000\/oauth\/connect\/mcp_con_/),
  })
  expect(await world.refusal('olga')).toEqual(first)
  await (await world.browser('olga')).open(first.connectUrl!)
  expect(await world.call('olga')).toBe('jane-upstream')
  expect(await world.acme.events('mcp_connection:offer')).toHaveLength(2)
})

test('a link that would connect nothing is not offered again: of a key that may be revoked, or of a client that was', async () => {
  const offered = async (key?: string): Promise<string> => {
    const answer = await world.call('noa', key === undefined ? {} : { key })
    return (answer as CallError).data.connectUrl!
  }
  const first = await offered()
  const other = await world.acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'] })
  expect(await offered(other.secret)).not.toBe(first)
  expect(await offered()).toBe(first)
  await executeSql(world.app, `update mcp_oauth_client set retired_at = created_at where kind = 'DCR'`, [])
  expect(await pageAt(await world.browser('noa'), first)).toContain('There is nothing to connect any more')
  const second = await offered()
  expect(second).not.toBe(first)
  await (await world.browser('noa')).open(second)
  expect(await world.call('noa')).toBe('jane-upstream')
})

test('authorization requests have the parameters of the server, and none that Keyhouse sets', async () => {
  const oauth = {
    scopes: ['write'],
    authorizationParameters: [{ name: 'access_type', value: 'offline' }],
    omitsResource: true,
  }
  const serverId = await world.server(world.upstream.serverUrl, { oauth })
  const browser = await world.browser('jane')
  const location = (await browser.get(await world.link('jane', serverId))).headers.get('location')!
  const parameters = Object.fromEntries(new URL(location).searchParams)
  expect(parameters).toMatchObject({ access_type: 'offline', scope: 'write', response_type: 'code', code_challenge_method: 'S256' })
  expect(parameters).not.toHaveProperty('resource')
  const reserved = { oauth: { authorizationParameters: [{ name: 'redirect_uri', value: 'https://attacker.example' }] } }
  const { userErrors } = await world.app.mutate(world.acme.sandboxKey, 'updateMcpServer', { id: serverId, ...reserved }, 'server { id }')
  expect(userErrors).toMatchObject([{ code: 'INVALID', path: ['input', 'oauth', 'authorizationParameters', '0', 'name'] }])
})

test('without an OAuth configuration, and for no end user, no connection starts', async () => {
  const key = await world.acme.apiKey({ permissions: ['*'], environment: 'PRODUCTION' })
  const fields = { name: 'x', serverLabel: 'x', serverUrl: world.upstream.serverUrl }
  const { server } = await world.app.mutate(key.secret, 'createMcpServer', fields, 'server { id }')
  const headers = { 'x-on-behalf-of': 'jane' }
  const refused = await world.app.mutate(key.secret, 'startMcpConnection', { serverId: server.id }, 'url', headers)
  expect(refused.userErrors).toMatchObject([{ code: 'OAUTH_NOT_CONFIGURED', message: expect.stringContaining('setOAuthConfiguration') }])
  const nobody = await world.app.mutate(world.acme.sandboxKey, 'startMcpConnection', { serverId: world.serverId }, 'url')
  expect(nobody.userErrors).toMatchObject([{ code: 'FORBIDDEN', message: expect.stringContaining('X-On-Behalf-Of') }])
})
