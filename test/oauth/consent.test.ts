/** The consent page and its form (OAUTH.md E, AS 6): who asks, for what, until when, and whose answer counts. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { OAuthCode } from '../../src/entities/oauth-code.js'
import { OAuthGrant } from '../../src/entities/oauth-grant.js'
import { GrantWorld, redirectUri, ticketOf, wordsOf } from '../support/oauth-grants.js'

let world: GrantWorld
beforeAll(async () => {
  world = await GrantWorld.start()
})
afterAll(() => world.close())

const rows = async (): Promise<number[]> => {
  const { em } = world.gateway.acme
  return [await em.count(OAuthGrant), await em.count(OAuthCode)]
}

test('the page says who asks, for which server, what it will be able to do, where the answer goes, and until when', async () => {
  const page = await world.authorize(await world.signIn('ada'))
  expect(page.status).toBe(200)
  const words = wordsOf(page)
  expect(words).toContain('Let Acme Agent use server-1?')
  expect(words).toContain('You are signed in as ada . Sign out')
  expect(words).toContain('Application Acme Agent, which registered itself: nobody checked its name')
  expect(words).toContain('The answer goes to 127.0.0.1')
  expect(words).toContain('Until You or an administrator revoke it, or the application does not use it for 30 days.')
  expect(words).toContain('The application says that it runs on this device, and nobody can check that.')
  expect(words).toContain('Call every tool, also those that the server adds later')
  expect(page.text).not.toContain('<script')
})

test('the page is in no frame and no cache, sends no referrer, and its form goes here and to the redirect URI alone', async () => {
  const { headers } = await world.authorize(await world.signIn('ada'))
  const policy = headers.get('content-security-policy')
  expect(policy).toContain(`default-src 'none'`)
  expect(policy).toContain(`frame-ancestors 'none'`)
  expect(policy).toContain(`form-action 'self' http://127.0.0.1:7777;`)
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('cache-control')).toBe('no-store')
})

test('allowing redirects by 303 with code, state and issuer; denying with an error, and leaves no grant', async () => {
  const cookie = await world.signIn('ada')
  const allowed = await world.allow(cookie, await world.authorize(cookie))
  expect([allowed.status, allowed.location!.origin + allowed.location!.pathname]).toEqual([303, redirectUri])
  expect(Object.fromEntries(allowed.location!.searchParams)).toEqual({
    code: expect.stringMatching(/^kh_code_[\w-]{43}$/),
    state: 'state of the client',
    iss: world.issuer,
  })
  const before = await rows()
  const denied = await world.answer(cookie, { request: ticketOf(await world.authorize(cookie)), decision: 'deny' })
  expect([denied.status, Object.fromEntries(denied.location!.searchParams)]).toEqual([
    303,
    { error: 'access_denied', error_description: 'The end user denied the request.', state: 'state of the client', iss: world.issuer },
  ])
  expect(await rows()).toEqual(before)
})

test('the end user leaves out what it does not want to allow', async () => {
  const serverId = await world.gateway.server({ allowedTools: ['echo', 'add', 'delete'] })
  const cookie = await world.signIn('ada')
  const page = await world.authorize(cookie, { resource: `${world.at}/mcp/${serverId}` })
  expect(wordsOf(page)).toContain('Call the tool echo Call the tool add Call the tool delete')
  await world.allow(cookie, page, ['permission-3'])
  const { em } = world.gateway.acme
  expect((await em.findOneOrFail(OAuthGrant, { serverId })).permissions).toEqual(['mcp_server:use', 'mcp_tool:echo', 'mcp_tool:add'])
})

test.each([
  [50, 'Call the tool tool-49'],
  [51, 'Call every tool'],
])('a server that lists %i tools has them %s', async (count, text) => {
  const allowedTools = Array.from({ length: count }, (_, i) => `tool-${i}`)
  const resource = `${world.at}/mcp/${await world.gateway.server({ allowedTools })}`
  expect(wordsOf(await world.authorize(await world.signIn('ada'), { resource }))).toContain(text)
})

test('nothing but what the page offers can be granted', async () => {
  const cookie = await world.signIn('ada')
  const page = await world.authorize(cookie, { scope: 'mcp_tool:echo' })
  await world.answer(cookie, { request: ticketOf(page), decision: 'allow', 'permission-1': 'on', 'permission-2': 'on', permissions: '*' })
  const [grant] = await world.gateway.acme.em.find(OAuthGrant, {}, { orderBy: { id: 'DESC' }, limit: 1 })
  expect(grant!.permissions).toEqual(['mcp_server:use', 'mcp_tool:echo'])
})

test('a key that may no longer use MCP servers, and a scheme that is no longer allowed, grant nothing', async () => {
  const { acme } = world.gateway
  const cookie = await world.signIn('ada')
  await world.configure({ redirectSchemes: ['cursor'] })
  const { body } = await world.register({ client_name: 'Editor', redirect_uris: ['cursor://callback'] })
  const ofEditor = await world.authorize(cookie, { client_id: String(body['client_id']), redirect_uri: 'cursor://callback' })
  const page = await world.authorize(cookie)
  const grants = await acme.em.count(OAuthGrant, {})
  await world.configure({ redirectSchemes: [] })
  expect(wordsOf(await world.allow(cookie, ofEditor))).toContain('The OAuth configuration changed meanwhile.')
  await world.configure({ apiKeyId: (await acme.apiKey({ permissions: ['mcp_tool:*'] })).id })
  expect(wordsOf(await world.allow(cookie, page))).toContain('The OAuth configuration changed meanwhile.')
  await world.configure({ apiKeyId: world.key.id })
  expect(await acme.em.count(OAuthGrant, {})).toBe(grants)
})

test('a form that is sent twice makes one grant', async () => {
  const cookie = await world.signIn('ada')
  const page = await world.authorize(cookie)
  const before = await rows()
  expect((await world.allow(cookie, page)).status).toBe(303)
  const second = await world.allow(cookie, page)
  expect([second.status, wordsOf(second)]).toEqual([400, expect.stringContaining('You have answered this already')])
  expect(await rows()).toEqual(before.map((count) => count + 1))
  expect((await world.gateway.acme.events('oauth_grant:create')).at(-1)).toMatchObject({ outcome: 'DENIED', details: { code: 'CONFLICT' } })
})

test('a form must be sent within 10 minutes', async () => {
  const { clock } = world.gateway.app
  const cookie = await world.signIn('ada')
  const [early, late] = [await world.authorize(cookie), await world.authorize(cookie)]
  clock.advance(599_999)
  expect((await world.allow(cookie, early)).status).toBe(303)
  clock.advance(1)
  const page = await world.allow(cookie, late)
  expect([page.status, wordsOf(page)]).toEqual([400, expect.stringContaining('within 10 minutes')])
})

test.each<[string, (ticket: string, cookie: string) => Promise<{ status: number; location: URL | null }>, number]>([
  ['without the cookie', (request) => world.answer(null, { request, decision: 'allow' }), 403],
  ['by another end user', async (request) => world.answer(await world.signIn('bob'), { request, decision: 'allow' }), 403],
  [
    'by another session of the same end user',
    async (request) => world.answer(await world.signIn('ada'), { request, decision: 'allow' }),
    403,
  ],
  ['from another site', (request, cookie) => world.answer(cookie, { request, decision: 'allow' }, { 'sec-fetch-site': 'cross-site' }), 403],
  [
    'from a site of the same domain',
    (request, cookie) => world.answer(cookie, { request, decision: 'allow' }, { 'sec-fetch-site': 'same-site' }),
    403,
  ],
  ['without a ticket', (_request, cookie) => world.answer(cookie, { decision: 'allow' }), 400],
  ['with a changed ticket', (request, cookie) => world.answer(cookie, { request: `${request}A`, decision: 'allow' }), 400],
  ['without a decision', (request, cookie) => world.answer(cookie, { request }), 400],
])('a form %s grants nothing', async (_name, send, status) => {
  const cookie = await world.signIn('ada')
  const ticket = ticketOf(await world.authorize(cookie))
  const before = await rows()
  const answer = await send(ticket, cookie)
  expect([answer.status, answer.location]).toEqual([status, null])
  expect(await rows()).toEqual(before)
})

test('a ticket of the sandbox is none in production', async () => {
  const cookie = await world.signIn('ada')
  const request = ticketOf(await world.authorize(cookie))
  const response = await fetch(`${world.issuer.replace('/sandbox', '/production')}/oauth/consent`, {
    method: 'POST',
    headers: { cookie, 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ request, decision: 'allow' }),
  })
  expect(response.status).toBe(400)
})

test('consent for one client, server or end user serves no other: each request asks again', async () => {
  const cookie = await world.signIn('ada')
  await world.allow(cookie, await world.authorize(cookie))
  const other = String((await world.register({ client_name: 'Other', redirect_uris: [redirectUri] })).body['client_id'])
  for (const changes of [{}, { client_id: other }, { resource: `${world.at}/mcp/${await world.gateway.server()}` }]) {
    const page = await world.authorize(cookie, changes)
    expect([page.status, page.location, wordsOf(page)]).toEqual([200, null, expect.stringContaining('It will be able to')])
  }
})

test('what changes between the page and its form counts', async () => {
  const cookie = await world.signIn('ada')
  const serverId = await world.gateway.server()
  const page = await world.authorize(cookie)
  const ofDeleted = await world.authorize(cookie, { resource: `${world.at}/mcp/${serverId}` })
  await world.gateway.app.mutate(world.gateway.acme.sandboxKey, 'deleteMcpServer', { id: serverId }, 'deletedServerId')
  expect(wordsOf(await world.allow(cookie, ofDeleted))).toContain('The MCP server was deleted meanwhile.')
  await world.configure({ allowsRegistration: false })
  expect(wordsOf(await world.allow(cookie, page))).toContain('The OAuth configuration changed meanwhile.')
  await world.configure({ allowsRegistration: true })
  const narrower = await world.gateway.acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:echo'] })
  await world.configure({ apiKeyId: narrower.id })
  await world.allow(cookie, page)
  await world.configure({ apiKeyId: world.key.id })
  const [grant] = await world.gateway.acme.em.find(OAuthGrant, {}, { orderBy: { id: 'DESC' }, limit: 1 })
  expect(grant!.permissions).toEqual(['mcp_server:use', 'mcp_tool:echo'])
})

test('names of clients, servers and end users are text, and never markup', async () => {
  const name = `<b onload="x">'&</b>`
  const { body } = await world.register({ client_name: name, redirect_uris: [redirectUri] })
  const page = await world.authorize(await world.signIn(`"><script>`), { client_id: String(body['client_id']) })
  expect(page.text).not.toMatch(/<b |<script/)
  expect(wordsOf(page)).toContain(`Let ${name} use`)
})

test('the key ends the grant on the page, and approvals are announced', async () => {
  const expiresAt = new Date(world.gateway.app.clock.now().getTime() + 86_400_000)
  const key = await world.gateway.acme.apiKey({ permissions: ['mcp_server:use'], expiresAt })
  await world.configure({ apiKeyId: key.id })
  const resource = `${world.at}/mcp/${await world.gateway.server({ requireApproval: 'ALWAYS' })}`
  const words = wordsOf(await world.authorize(await world.signIn('ada'), { resource }))
  expect(words).toContain(`at the latest on ${expiresAt.toISOString().slice(0, 10)}.`)
  expect(words).toContain('A person must approve each call of a tool.')
  await world.configure({ apiKeyId: world.key.id })
})
