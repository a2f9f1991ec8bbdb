/** Answers of hostile or careless authorization servers: a coded refusal for each, and nothing of them in a header, a row or a page. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'

import { executeSql } from '../support/database-access.js'
import { ConnectionWorld, publicOrigin } from '../support/oauth-connections.js'
import type { Interceptor } from '../support/oauth-upstream.js'

let world: ConnectionWorld
beforeAll(async () => {
  world = await ConnectionWorld.start()
})
afterAll(() => world.close())

let users = 0
let user: string
beforeEach(() => {
  user = `user-${++users}`
  world.upstream.intercept = () => false
  world.upstream.interceptResource = () => false
})

/** Deeper than JSON.stringify can write. */
const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`

/** Answers requests to this path with this JSON. */
function answer(path: string, status: number, body: string | object): void {
  world.upstream.intercept = ({ url }, response) => {
    if (url !== path) return false
    response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body))
    return true
  }
}

/** Opens the link and brings back the answer of the authorization server, changed by `change`. Returns status and page. */
async function finish(change: (parameters: URLSearchParams) => void = () => undefined): Promise<[number, string]> {
  const browser = await world.browser(user)
  const { url } = await browser.open(await world.link(user), (next) => next.startsWith(`${publicOrigin}/oauth/callback/`))
  const callback = new URL(url)
  change(callback.searchParams)
  const response = await browser.get(callback.href)
  return [response.status, await response.text()]
}

test.each([
  ['is nested too deep', `{"client_id":5,"client_secret":"s","more":${deep}}`],
  ['has a control character in the id', { client_id: 'a\u0000b' }],
  ['has an id beyond ASCII', { client_id: 'é' }],
  ['has an id of 4097 characters', { client_id: 'a'.repeat(4097) }],
  ['has a line break in the secret', { client_id: 'a', client_secret: 'b\r\nc' }],
  ['has no id', {}],
  ['is no object', '[]'],
])('a registration that %s is refused', async (_, body) => {
  await executeSql(world.app, 'delete from mcp_oauth_client', [])
  answer('/reg', 201, body)
  const headers = { 'x-on-behalf-of': user }
  const refused = await world.app.mutate(world.acme.sandboxKey, 'startMcpConnection', { serverId: world.serverId }, 'url', headers)
  expect(refused.userErrors).toMatchObject([{ code: 'OAUTH_UNAVAILABLE', message: expect.stringContaining('violates OAuth') }])
})

const metadataService = 'http://169.254.169.254/latest/meta-data'

test.each<[string, RegExp, object]>([
  ['the MCP server, asked without a credential', /^\/mcp/, {}],
  ['the metadata of the MCP server', /^\/\.well-known\/oauth-protected/, {}],
  ['the metadata of the authorization server', /^\/\.well-known\/oauth-authorization/, {}],
  ['the registration', /^\/reg$/, {}],
  ['the endpoint of the registration itself', /^$/, { registration_endpoint: metadataService }],
  ['the authorization endpoint', /^$/, { authorization_endpoint: metadataService }],
  ['the token endpoint', /^$/, { token_endpoint: metadataService }],
])('%s leads to a metadata service of a cloud: refused at that hop', async (_, redirected, metadata) => {
  await executeSql(world.app, 'delete from mcp_oauth_client', [])
  world.app.clock.advance(300_001)
  const { upstream } = world
  const hop: Interceptor = ({ url = '' }, response) => {
    if (!redirected.test(url)) return false
    response.writeHead(307, { location: metadataService }).end()
    return true
  }
  upstream.interceptResource = hop
  upstream.intercept = async (request, response) => {
    if (await hop(request, response)) return true
    if (!request.url?.startsWith('/.well-known/') || Object.keys(metadata).length === 0) return false
    const { issuer } = upstream
    const endpoints = {
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/reg`,
    }
    const document = { issuer, ...endpoints, code_challenge_methods_supported: ['S256'], ...metadata }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
    return true
  }
  const headers = { 'x-on-behalf-of': user }
  const refused = await world.app.mutate(world.acme.sandboxKey, 'startMcpConnection', { serverId: world.serverId }, 'url', headers)
  expect(refused.userErrors).toMatchObject([{ code: 'OAUTH_UNAVAILABLE', message: expect.stringContaining('KEYHOUSE_OUTBOUND_ALLOW') }])
})

const tokens = { access_token: 'token', refresh_token: 'refresh', token_type: 'Bearer', expires_in: 3600 }

test.each([
  ['a line break in the token', { ...tokens, access_token: 'a\r\nx-header: b' }],
  ['a token of 8193 characters', { ...tokens, access_token: 'a'.repeat(8193) }],
  ['a control character in the refresh token', { ...tokens, refresh_token: 'a\u0000' }],
  ['a token of another type', { ...tokens, token_type: 'DPoP' }],
  ['no type', { ...tokens, token_type: undefined }],
  ['a lifetime below zero', { ...tokens, expires_in: -1 }],
  ['a lifetime that is no number', { ...tokens, expires_in: 'soon' }],
  ['an error with status 200', { error: 'bad_verification_code', error_description: '<b>Call us</b>' }],
])('a token response with %s connects nothing', async (_, body) => {
  const before = await world.acme.credentialRows()
  answer('/token', 200, body)
  const [status, page] = await finish()
  expect([status, page]).toEqual([502, expect.stringContaining('Nothing was connected')])
  expect(page).not.toContain('Call us')
  expect(await world.acme.credentialRows()).toHaveLength(before.length)
})

test.each([
  ['of 0', 0, 0],
  ['as a text', '60', 60],
  ['beyond ten years', 1e308, 10 * 365 * 86_400],
  ['of null', null, null],
])('a lifetime %s is read', async (_, lifetime, seconds) => {
  answer('/token', 200, { ...tokens, expires_in: lifetime, more: null })
  expect((await finish())[0]).toBe(200)
  const { accessExpiresAt } = await world.credential()
  expect(accessExpiresAt).toEqual(seconds === null ? null : new Date(world.app.clock.at.getTime() + seconds * 1000))
})

test('of the granted scopes, 64 that are scopes are stored, and ID tokens are not read', async () => {
  const scopes = Array.from({ length: 70 }, (_, i) => `s${i}`)
  answer('/token', 200, { ...tokens, scope: ['a\u0000', 'b\r\nc', '"', ...scopes].join(' '), id_token: 'a.b.c' })
  expect((await finish())[0]).toBe(200)
  expect((await world.credential()).oauthScopes).toEqual(scopes.slice(0, 64))
})

test.each(['id_token', 'token', 'response'])('an answer of another flow, with "%s", connects nothing', async (name) => {
  const before = await world.acme.credentialRows()
  const [status, page] = await finish((parameters) => parameters.set(name, 'x'))
  expect([status < 500 || status === 502, page]).toEqual([true, expect.stringContaining('Nothing was connected')])
  expect(await world.acme.credentialRows()).toHaveLength(before.length)
})

test('text of the authorization server is on no page', async () => {
  const [status, page] = await finish((parameters) => {
    parameters.set('error', '<script>alert(1)</script>')
    parameters.set('error_description', '<b>Call us</b>')
  })
  expect(status).toBe(502)
  expect(page).not.toMatch(/alert|Call us/)
})
