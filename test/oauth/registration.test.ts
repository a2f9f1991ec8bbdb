/** Dynamic client registration (RFC 7591) without a row: OAUTH.md E, AS 8. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { maxRegistrations } from '../../src/authorization-server/token/registration-endpoint.js'
import { issuerUrl } from '../../src/lib/issuer.js'
import { maxMetadataBytes } from '../../src/oauth/clients/registered-client.js'
import { executeSql } from '../support/database-access.js'
import { GrantWorld, redirectUri } from '../support/oauth-grants.js'

let world: GrantWorld
beforeAll(async () => {
  world = await GrantWorld.start()
})
afterAll(() => world.close())

/** The requests of one test come from an address of their own. */
const register = (metadata: unknown): ReturnType<GrantWorld['register']> => {
  world.gateway.app.clock.advance(60_000)
  return world.register(metadata)
}

const tables = ['oauth_grant', 'oauth_code', 'oauth_refresh_token', 'browser_session', 'end_user', 'audit_event'] as const
const countRows = (): Promise<unknown[]> =>
  Promise.all(
    tables.map(async (table) => Object.values((await executeSql(world.gateway.app, `select count(*) as n from ${table}`))[0]!)[0]),
  )

test('a client registers, and gets its metadata back as a public client', async () => {
  const { status, headers, body } = await register({
    client_name: 'Agent',
    redirect_uris: ['http://localhost/callback'],
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code'],
    client_uri: 'https://agent.example',
  })
  expect([status, headers.get('cache-control')]).toEqual([201, 'no-store'])
  expect(body).toEqual({
    client_id: expect.stringMatching(/^kh_client_[\w-]+\.[0-9a-f]{64}$/),
    client_id_issued_at: Math.floor(world.gateway.app.clock.now().getTime() / 1000),
    client_name: 'Agent',
    redirect_uris: ['http://localhost/callback'],
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  })
})

test.each([
  ['web', { redirect_uris: ['https://vscode.dev/redirect', 'http://127.0.0.1/'] }],
  ['native', { redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback', 'http://127.0.0.1/'] }],
  ['web', { redirect_uris: ['http://127.0.0.1/'], application_type: 'web' }],
])('application_type is derived where it is not given: %s', async (type, metadata) => {
  expect((await register(metadata)).body).toMatchObject({ client_name: 'Unnamed client', application_type: type })
})

test('the redirect URIs of VS Code and Cursor are accepted together', async () => {
  const uris = [
    'https://vscode.dev/redirect',
    'http://127.0.0.1/',
    'http://127.0.0.1:33418/',
    'cursor://anysphere.cursor-mcp/oauth/callback',
  ]
  expect((await register({ redirect_uris: uris })).body['redirect_uris']).toEqual(uris)
})

test.each([
  ['not an object', [], 'invalid_client_metadata', 'The client metadata must be a JSON object.'],
  ['no redirect URI', {}, 'invalid_redirect_uri', 'redirect_uris must be an array of 1 to 20 URIs.'],
  ['an empty list', { redirect_uris: [] }, 'invalid_redirect_uri', 'redirect_uris must be an array of 1 to 20 URIs.'],
  [
    '21 redirect URIs',
    { redirect_uris: Array.from({ length: 21 }, (_, i) => `http://localhost/${i}`) },
    'invalid_redirect_uri',
    '1 to 20 URIs',
  ],
  ['a foreign http URI', { redirect_uris: [redirectUri, 'http://h.example/'] }, 'invalid_redirect_uri', 'redirect_uris[1] must be https'],
  [
    'a name that is no string',
    { client_name: 1, redirect_uris: [redirectUri] },
    'invalid_client_metadata',
    'client_name must be a string.',
  ],
  [
    'another type',
    { application_type: 'x', redirect_uris: [redirectUri] },
    'invalid_client_metadata',
    'application_type must be native or web.',
  ],
  ['no JSON', '{', 'invalid_request', 'The request body must be a JSON object'],
])('registration with %s is refused', async (_name, metadata, error, text) => {
  const { status, body } = await register(metadata)
  expect([status, body['error']]).toEqual([400, error])
  expect(body['error_description']).toContain(text)
})

test('another media type than JSON is refused', async () => {
  const { status, body } = await world.register('a=b', { headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  expect([status, body]).toEqual([
    400,
    { error: 'invalid_client_metadata', error_description: 'Send the metadata as JSON with Content-Type: application/json.' },
  ])
})

test('a name shows no characters that could reorder the page, and has at most 100', async () => {
  const { body } = await register({ client_name: `  A\u202Egent\u0000\n${'x'.repeat(200)}`, redirect_uris: [redirectUri] })
  expect(body['client_name']).toBe(`A gent ${'x'.repeat(93)}`)
})

test('metadata of 2,048 bytes is accepted, of one more not', async () => {
  const bytesOf = (list: readonly string[]): number => Buffer.byteLength(JSON.stringify(['Unnamed client', ...list]))
  const uri = (i: number, length: number): string => `https://h.example/${i}`.padEnd(length, 'a')
  const four = Array.from({ length: 4 }, (_, i) => uri(i, 420))
  const full = [...four, uri(4, maxMetadataBytes - bytesOf([...four, '']))]
  expect(bytesOf(full)).toBe(maxMetadataBytes)
  expect((await register({ redirect_uris: full })).status).toBe(201)
  const { status, body } = await register({ redirect_uris: [...full.slice(0, -1), `${full.at(-1)}b`] })
  expect([status, body['error']]).toEqual([400, 'invalid_client_metadata'])
})

test('a changed id, and one of another issuer, is no client: 401 at the token endpoint, a page at authorize', async () => {
  const id = String((await register({ client_name: 'Agent', redirect_uris: [redirectUri] })).body['client_id'])
  const [payload, mac] = id.slice('kh_client_'.length).split('.') as [string, string]
  const forged = Buffer.from(JSON.stringify(['Agent', 'https://evil.example/'])).toString('base64url')
  const foreign = issuerUrl(world.at, world.gateway.acme.id, 'PRODUCTION')
  for (const clientId of [`kh_client_${forged}.${mac}`, `kh_client_${payload}.${'0'.repeat(64)}`, 'kh_client_']) {
    const { status, body } = await world.token({ grant_type: 'refresh_token', refresh_token: 'x', client_id: clientId })
    expect([status, body.error]).toEqual([401, 'invalid_client'])
    const page = await world.authorize(null, { client_id: clientId, redirect_uri: 'https://evil.example/' })
    expect([page.status, page.location]).toEqual([400, null])
    expect(page.text).toContain('This application is not known here')
  }
  const response = await fetch(`${foreign}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', client_id: id }),
  })
  expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([401, 'invalid_client'])
})

test('registration and requests of strangers leave no row', async () => {
  const before = await countRows()
  const clientId = String((await register({ redirect_uris: [redirectUri] })).body['client_id'])
  await world.authorize(null, { client_id: clientId })
  await world.authorize('keyhouse-forged=1', { client_id: clientId })
  await world.answer(null, { request: 'x', decision: 'allow' })
  await world.token({
    grant_type: 'authorization_code',
    code: 'x',
    code_verifier: 'v'.repeat(43),
    client_id: clientId,
    redirect_uri: redirectUri,
  })
  await world.gateway.app.services.writeBehind.flush()
  expect(await countRows()).toEqual(before)
})

test('nobody registers where no project of the issuer allows it', async () => {
  await world.configure({ allowsRegistration: false })
  const { status, body } = await register({ redirect_uris: [redirectUri] })
  expect([status, body['error']]).toEqual([403, 'invalid_request'])
  expect(body['error_description']).toBe(
    'No project of this issuer lets clients register. Use a client metadata document, or ask an administrator to allow it.',
  )
  await world.configure({ allowsRegistration: true })
})

test('an address registers 60 clients in a minute, and is then asked to wait', async () => {
  world.gateway.app.clock.advance(60_000)
  const statuses = []
  for (let i = 0; i <= maxRegistrations; i++) statuses.push((await world.register({ redirect_uris: [redirectUri] })).status)
  expect(statuses).toEqual([...Array.from({ length: maxRegistrations }, () => 201), 429])
  const { headers, body } = await world.register({ redirect_uris: [redirectUri] })
  expect([headers.get('retry-after'), body['error']]).toEqual(['60', 'temporarily_unavailable'])
  world.gateway.app.clock.advance(60_000)
  expect((await world.register({ redirect_uris: [redirectUri] })).status).toBe(201)
})

test('a page of any origin may register', async () => {
  world.gateway.app.clock.advance(60_000)
  const { headers } = await world.register({ redirect_uris: [redirectUri] }, { headers: { origin: 'https://inspector.example' } })
  expect(headers.get('access-control-allow-origin')).toBe('*')
})
