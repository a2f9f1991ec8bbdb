/** Authorization requests: what gets a page, what the client is told, and what an end user is asked (OAUTH.md E, AS 1, 2 and 4). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { newId } from '../../src/lib/id.js'
import { GrantWorld, redirectUri, wordsOf } from '../support/oauth-grants.js'

let world: GrantWorld
let cookie: string
beforeAll(async () => {
  world = await GrantWorld.start()
  cookie = await world.signIn('ada')
})
afterAll(() => world.close())

const told = async (changes: Record<string, string | undefined>, browser: string | null = cookie): Promise<Record<string, string>> => {
  const { status, location } = await world.authorize(browser, changes)
  expect([status, location && location.origin + location.pathname]).toEqual([303, redirectUri])
  return Object.fromEntries(location!.searchParams)
}

test.each([
  ['no client', { client_id: undefined }, 'The parameter client_id is required.'],
  ['no redirect URI', { redirect_uri: undefined }, 'The parameter redirect_uri is required.'],
  ['an unknown client', { client_id: 'nobody' }, 'This application is not known here'],
  ['a foreign redirect URI', { redirect_uri: 'https://evil.example/' }, 'at an address that it may not use'],
  ['another path', { redirect_uri: `${redirectUri}/x` }, 'at an address that it may not use'],
  ['another loopback host', { redirect_uri: redirectUri.replace('127.0.0.1', 'localhost') }, 'at an address that it may not use'],
])('%s: a page, and never a redirect', async (_name, changes, text) => {
  const page = await world.authorize(cookie, changes)
  expect([page.status, page.location]).toEqual([400, null])
  expect(wordsOf(page)).toContain(text)
})

test.each(['client_id', 'redirect_uri'])('%s twice: a page, and never a redirect', async (name) => {
  const query = await world.parameters()
  query.append(name, query.get(name)!)
  const page = await world.authorize(cookie, query.toString())
  expect([page.status, page.location]).toEqual([400, null])
  expect(wordsOf(page)).toContain(`The parameter ${name} was sent twice. Send it once.`)
})

test('the port of a loopback redirect URI is free', async () => {
  expect((await world.authorize(cookie, { redirect_uri: redirectUri.replace('7777', '1') })).status).toBe(200)
})

const invalid = (text: string): object => ({ error: 'invalid_request', error_description: text })

test.each([
  ['no response type', { response_type: undefined }, invalid('The parameter response_type is required.')],
  [
    'the implicit flow',
    { response_type: 'token' },
    { error: 'unsupported_response_type', error_description: 'response_type must be code.' },
  ],
  ['another response mode', { response_mode: 'fragment' }, invalid('response_mode must be query, or omitted.')],
  ['no challenge', { code_challenge: undefined }, invalid('The parameter code_challenge is required (PKCE).')],
  ['no method, which means plain', { code_challenge_method: undefined }, invalid('code_challenge_method must be S256.')],
  ['the method plain', { code_challenge_method: 'plain' }, invalid('code_challenge_method must be S256.')],
  [
    'a challenge of 42 characters',
    { code_challenge: 'a'.repeat(42) },
    invalid('code_challenge must be a SHA-256 digest in base64url without padding: 43 characters.'),
  ],
  [
    'a challenge of 44 characters',
    { code_challenge: 'a'.repeat(44) },
    invalid('code_challenge must be a SHA-256 digest in base64url without padding: 43 characters.'),
  ],
  [
    'no resource',
    { resource: undefined },
    { error: 'invalid_target', error_description: 'The parameter resource is required. Send the URL of the MCP server.' },
  ],
  ['a resource elsewhere', { resource: 'https://evil.example/mcp' }, { error: 'invalid_target' }],
  ['prompt with none and login', { prompt: 'none login' }, invalid('prompt must not combine none with other values.')],
  ['a scope of others', { scope: 'openid profile invoices:read' }, { error: 'invalid_scope' }],
  ['prompt=none with a session', { prompt: 'none' }, { error: 'consent_required' }],
])('%s: the client is told, with state and issuer', async (_name, changes, expected) => {
  expect(await told(changes)).toMatchObject({ ...expected, state: 'state of the client', iss: world.issuer })
})

test.each([
  ['of nobody', () => `${world.at}/mcp/${newId('mcp_srv', new Date())}`],
  ['with a slash after it', () => `${world.resource}/`],
  ['in another case', () => world.resource.replace('/mcp/', '/MCP/')],
  [
    'of another organization',
    async () => {
      const { organization } = await import('../support/seed.js')
      const other = await organization(world.gateway.app)
      return `${world.at}/mcp/${await world.gateway.server({}, other.sandboxKey)}`
    },
  ],
])('a resource %s is no server of the issuer', async (_name, resource) => {
  expect(await told({ resource: await resource() })).toMatchObject({ error: 'invalid_target', iss: world.issuer })
})

test.each(['response_type', 'state', 'scope', 'resource', 'code_challenge'])(
  '%s twice is refused, without a repeated state',
  async (name) => {
    const query = await world.parameters({ scope: 'mcp_server:use' })
    query.append(name, query.get(name)!)
    const { location } = await world.authorize(cookie, query.toString())
    expect(location!.searchParams.get('error')).toBe(name === 'resource' ? 'invalid_target' : 'invalid_request')
    expect(location!.searchParams.get('state')).toBe(name === 'state' ? null : 'state of the client')
  },
)

test('nobody signed in: prompt=none is told, everybody else is sent to sign in and comes back without prompt', async () => {
  expect(await told({ prompt: 'none' }, null)).toMatchObject({ error: 'login_required', state: 'state of the client', iss: world.issuer })
  for (const [browser, prompt] of [
    [null, undefined],
    [null, 'consent'],
    [cookie, 'login'],
  ] as const) {
    const { status, location } = await world.authorize(browser, { prompt, scope: 'mcp_server:use' })
    expect([status, location!.origin]).toEqual([303, 'https://product.example'])
    const request = JSON.parse(Buffer.from(location!.searchParams.get('request')!.split('.')[0]!, 'base64url').toString()) as {
      returnTo: string
    }
    const returned = new URL(request.returnTo, world.at)
    expect(`${returned.origin}${returned.pathname}`).toBe(`${world.issuer}/oauth/authorize`)
    expect([returned.searchParams.get('prompt'), returned.searchParams.get('scope')]).toEqual([null, 'mcp_server:use'])
  }
})

test('prompt=consent shows the page as always', async () => {
  expect(wordsOf(await world.authorize(cookie, { prompt: 'consent' }))).toContain('Let Acme Agent use')
})

test.each([
  ['nothing', undefined, 'Call every tool'],
  ['offline_access and names of others', 'mcp_server:use mcp_tool:* offline_access openid', 'Call every tool'],
  ['one tool', 'mcp_tool:echo', 'Call the tool echo'],
])('scope with %s offers what can be granted', async (_name, scope, text) => {
  const page = await world.authorize(cookie, { scope })
  expect([page.status, wordsOf(page)]).toEqual([200, expect.stringContaining(text)])
})

test('an error before consent goes to an unknown site by a link, and not by itself', async () => {
  const { body } = await world.register({ client_name: 'Site', redirect_uris: ['https://site.example/cb'] })
  const page = await world.authorize(null, {
    client_id: String(body['client_id']),
    redirect_uri: 'https://site.example/cb',
    response_type: 'token',
  })
  expect([page.status, page.location]).toEqual([400, null])
  expect(wordsOf(page)).toContain('Go back to site.example')
  expect(page.text).toContain('href="https://site.example/cb?error=unsupported_response_type')
})

test('an app is answered by its scheme where the configuration has it, and not otherwise', async () => {
  const uri = 'cursor://anysphere.cursor-mcp/oauth/callback'
  const { body } = await world.register({ client_name: 'Cursor', redirect_uris: [uri, 'https://www.cursor.com/cb'] })
  const changes = { client_id: String(body['client_id']), redirect_uri: uri }
  const refused = await world.authorize(cookie, changes)
  expect([refused.status, wordsOf(refused)]).toEqual([400, expect.stringContaining('by a link that is not allowed here')])
  await world.configure({ redirectSchemes: ['cursor'] })
  const page = await world.authorize(cookie, changes)
  expect(wordsOf(page)).toContain('whichever app on this device opens cursor: links')
  expect(page.headers.get('content-security-policy')).toContain(`form-action 'self' cursor:;`)
  expect((await world.allow(cookie, page)).location!.href).toMatch(/^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?code=kh_code_/)
})

test('a request of 6,000 characters is answered, one of 6,001 gets a page', async () => {
  const query = (await world.parameters({ x: 'x' })).toString()
  const path = new URL(`${world.issuer}/oauth/authorize`).pathname
  const padding = 6000 - `${path}?${query}`.length
  expect((await world.authorize(cookie, `${query}${'x'.repeat(padding)}`)).status).toBe(200)
  const page = await world.authorize(cookie, `${query}${'x'.repeat(padding + 1)}`)
  expect([page.status, wordsOf(page)]).toEqual([400, expect.stringContaining('at most 6000 characters')])
})

test('state of 2,000 characters comes back, of 2,001 is refused', async () => {
  expect((await world.authorize(cookie, { state: 's'.repeat(2000) })).status).toBe(200)
  expect(await told({ state: 's'.repeat(2001) })).toMatchObject({ error_description: 'state must have at most 2000 characters.' })
})

test('without a configuration, and while its key is suspended, nobody signs in', async () => {
  const { app, acme } = world.gateway
  await app.mutate(acme.adminToken, 'suspendApiKey', { id: world.key.id }, 'apiKey { id }')
  const page = await world.authorize(null)
  expect([page.status, wordsOf(page)]).toEqual([403, expect.stringContaining('Sign-in is not available here')])
  await app.mutate(acme.adminToken, 'resumeApiKey', { id: world.key.id }, 'apiKey { id }')
  const elsewhere = await world.gateway.server({}, (await acme.apiKey({ projectId: await acme.project(), permissions: ['*'] })).secret)
  expect((await world.authorize(null, { resource: `${world.at}/mcp/${elsewhere}` })).status).toBe(403)
})

test('a server of another end user is none', async () => {
  const { app, acme } = world.gateway
  const { server } = await app.mutate(
    acme.sandboxKey,
    'createMcpServer',
    { name: 'Of bob', serverLabel: 'bobs', serverUrl: 'https://mcp.invalid/mcp' },
    'server { id }',
    { 'x-on-behalf-of': 'bob' },
  )
  const resource = `${world.at}/mcp/${server.id}`
  expect((await world.authorize(cookie, { resource })).status).toBe(404)
  expect((await world.authorize(await world.signIn('bob'), { resource })).status).toBe(200)
})

test('the API key of the configuration must allow the server as an audience', async () => {
  const { acme } = world.gateway
  const limited = async (audience: string): Promise<string> =>
    (await acme.apiKey({ permissions: ['mcp_server:use'], allowedAudiences: [audience] })).id
  await world.configure({ apiKeyId: await limited('https://elsewhere.example') })
  expect(await told({}, null)).toMatchObject({ error: 'invalid_target' })
  await world.configure({ apiKeyId: await limited(world.resource) })
  expect((await world.authorize(await world.signIn('ada'))).status).toBe(200)
  await world.configure({ apiKeyId: world.key.id })
})
