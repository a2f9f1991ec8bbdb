/** The page of an end user's connections: what it shows, what it ends, and for whom. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { AuditEvent } from '../../src/entities/audit-event.js'
import { McpCredential } from '../../src/entities/mcp-credential.js'
import { OAuthGrant } from '../../src/entities/oauth-grant.js'
import { deriveEndUserId } from '../../src/lib/external-id.js'
import { GrantWorld, wordsOf } from '../support/oauth-grants.js'
import { OAuthUpstream } from '../support/oauth-upstream.js'
import { organization } from '../support/seed.js'
import { UserAgent, type Visit } from '../support/user-agent.js'

let world: GrantWorld
let upstream: OAuthUpstream
let notesId: string
beforeAll(async () => {
  upstream = await OAuthUpstream.start()
  world = await GrantWorld.start({}, { KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' }, { name: 'Echo' })
  notesId = await world.gateway.server({ name: 'Notes', serverUrl: upstream.serverUrl })
})
afterAll(async () => {
  await world.close()
  await upstream.close()
})

const pageUrl = (projectId = world.gateway.acme.projectId, environment = 'sandbox'): string =>
  `${world.at}/oauth/account/${projectId}/${environment}`
const words = ({ text }: Visit): string => wordsOf({ text } as never)
const tokenOf = ({ text }: Visit): string => /name="token" value="([^"]+)"/.exec(text)![1]!
const grantOf = (externalId: string): Promise<OAuthGrant[]> => {
  const { id, projectId, em } = world.gateway.acme
  return em.fork().find(OAuthGrant, { endUserId: deriveEndUserId(id, projectId, 'SANDBOX', externalId) }, { filters: false })
}

/** A browser in which the end user is signed in. */
async function browserOf(externalId: string): Promise<UserAgent> {
  const agent = new UserAgent()
  const [name, value] = (await world.signIn(externalId)).split('=') as [string, string]
  agent.cookies(world.at).set(name, value)
  return agent
}

/** Access token for the server that takes OAuth, of an end user whose account was connected only when it consented. */
async function notesToken(externalId: string): Promise<string> {
  const { acme, app } = world.gateway
  const user = { 'x-on-behalf-of': externalId }
  const input = { serverId: notesId, auth: { bearerToken: 'a token' } }
  const { credential } = await app.mutate(acme.sandboxKey, 'createMcpCredential', input, 'credential { id }', user)
  const { access_token: token } = await world.tokens(externalId, { resource: `${world.at}/mcp/${notesId}` })
  await app.mutate(acme.sandboxKey, 'revokeMcpCredential', { id: credential.id }, 'credential { id }', user)
  return token
}

/** Presses a button of the page. */
const press = async (agent: UserAgent, name: string, value: string, headers: Record<string, string> = {}): Promise<Visit> =>
  agent.post(pageUrl(), { token: tokenOf(await agent.get(pageUrl())), [name]: value }, headers)

const call = (accessToken: string, serverId = world.serverId): Promise<Response> =>
  fetch(`${world.at}/mcp/${serverId}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-06-18',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
  })

test('who is not signed in signs in first, and comes back to the page', async () => {
  const { status, headers } = await fetch(pageUrl(), { redirect: 'manual' })
  expect([status, headers.get('location')]).toEqual([303, expect.stringMatching(/^https:\/\/product\.example\/sign-in\?request=/)])
  const agent = new UserAgent()
  agent.cookies(world.at).set(headers.getSetCookie()[0]!.split('=')[0]!, headers.getSetCookie()[0]!.split(/[=;]/)[1]!)
  const input = { request: new URL(headers.get('location')!).searchParams.get('request'), externalUserId: 'newcomer' }
  const { url } = await world.gateway.app.mutate(world.key.secret, 'approveSignIn', input, 'url')
  const page = await agent.get(url)
  expect([page.url, words(page)]).toEqual([pageUrl(), expect.stringContaining('You are signed in as newcomer')])
})

test('an unknown project is refused like one where nobody signs in, and other paths do not exist', async () => {
  const visits = [pageUrl(undefined, 'production'), pageUrl(`prj_${'0'.repeat(32)}`), pageUrl('x'), pageUrl(undefined, 'staging')]
  const pages = await Promise.all(visits.map((url) => new UserAgent().get(url)))
  const text = ({ status, text: markup }: Visit): unknown => [status, markup.replaceAll(/req_\w+/g, '')]
  expect(new Set(pages.map((page) => JSON.stringify(text(page)))).size).toBe(1)
  expect([pages[0]!.status, words(pages[0]!)]).toEqual([403, expect.stringContaining('Sign-in is not available here')])
})

test('the page has the grants, accounts and actions of its end user, and nothing of another one', async () => {
  await world.tokens('ada')
  await call(await notesToken('bob'), notesId)
  const [ada, bob] = [await (await browserOf('ada')).get(pageUrl()), await (await browserOf('bob')).get(pageUrl())]
  expect(words(ada)).toContain('Acme Agent uses Echo Call every tool, also those that the server adds later Registered itself')
  expect(words(ada)).toMatch(/Since 20\d\d-\d\d-\d\d \d\d:\d\d UTC/)
  expect(words(ada)).toMatch(
    /Echo Not connected\. Connect Last 20 actions in your name First access of an application Allowed, .* Your permission for an application Allowed/,
  )
  expect(words(ada)).not.toMatch(/Notes|bob|whoami/)
  expect(words(bob)).toContain('Call of a tool: whoami Refused')
  expect(words(bob)).not.toMatch(/Echo|ada/)
  const policy = ada.headers.get('content-security-policy')
  expect(policy).toContain(`default-src 'none'`)
  expect(policy).toContain(`form-action 'self'; frame-ancestors 'none'`)
  expect([ada.headers.get('cache-control'), ada.headers.get('referrer-policy')]).toEqual(['no-store', 'no-referrer'])
  expect(ada.text).not.toContain('<script')
})

test('the page has the last 20 actions, newest first', async () => {
  await world.tokens('may')
  const { acme } = world.gateway
  const endUserId = deriveEndUserId(acme.id, acme.projectId, 'SANDBOX', 'may')
  const agent = await browserOf('may')
  const entries = async (): Promise<number> => (await agent.get(pageUrl())).text.split('<p class="note">Allowed').length - 1
  const count = (): Promise<number> => acme.em.fork().count(AuditEvent, { endUserId })
  const before = await count()
  expect(await entries()).toBe(before)
  while ((await count()) <= 20) await world.code(await world.signIn('may'))
  expect([await entries(), await count()]).toEqual([20, 21])
})

test('revoking ends the tokens of the grant with the next call, and names the end user in the trail', async () => {
  const { access_token: accessToken } = await world.tokens('eve')
  const [{ id }] = (await grantOf('eve')) as [OAuthGrant]
  expect((await call(accessToken)).status).toBe(200)
  const page = await press(await browserOf('eve'), 'revoke', id)
  expect([page.status, page.path, words(page)]).toEqual([200, [pageUrl(), pageUrl()], expect.stringContaining('act for you None.')])
  expect((await call(accessToken)).status).toBe(401)
  const event = (await world.gateway.acme.events('oauth_grant:revoke_own')).at(-1)!
  expect(event).toMatchObject({ outcome: 'ALLOWED', subjectId: id, actorId: event.endUserId, details: { revokedTokens: 1 } })
})

test('an account is connected, called and disconnected, with a key that may only use servers', async () => {
  const accessToken = await notesToken('kim')
  const agent = await browserOf('kim')
  const answer = await press(agent, 'connect', notesId)
  expect(words(answer)).toContain('Notes is connected')
  expect(answer.text).toContain(`href="${new URL(pageUrl()).pathname}">your connections`)
  expect(await (await call(accessToken, notesId)).text()).toContain('jane-upstream')
  // Renewals are no actions in its name.
  world.gateway.app.clock.advance(3_570_000)
  expect(await (await call(accessToken, notesId)).text()).toContain('jane-upstream')
  expect(await world.gateway.acme.events('mcp_credential:refresh')).toHaveLength(1)
  const connected = await agent.get(pageUrl())
  expect(words(connected)).toMatch(/your name Call of a tool: whoami Allowed, [-\d :]+ UTC Call of a tool: whoami Allowed/)
  expect(words(connected)).toContain(`Notes Connected at ${new URL(upstream.issuer).host} , since`)
  expect(words(connected)).toContain('Reconnect Disconnect')
  const { em } = world.gateway.acme
  const credential = (): Promise<McpCredential | null> =>
    em.fork().findOne(McpCredential, { serverId: notesId }, { filters: false, orderBy: { id: 'DESC' } })
  const { id } = (await credential())!

  await press(await browserOf('ada'), 'disconnect', id)
  expect((await credential())!.revokedAt).toBeNull()

  const disconnected = await press(agent, 'disconnect', id)
  expect([disconnected.url, words(disconnected)]).toEqual([
    `${pageUrl()}?server=${notesId}`,
    expect.stringContaining('Notes Not connected. Connect'),
  ])
  expect(await credential()).toMatchObject({ sealedValue: null, sealedRefresh: null, revokedAt: expect.any(Date) })
  expect(await (await call(accessToken, notesId)).text()).toContain('NO_CREDENTIAL')
  expect(await world.gateway.acme.events('mcp_credential:revoke_own')).toMatchObject([{ outcome: 'ALLOWED', subjectId: id }])
})

test('the address names a server to connect, through the sign-in and the form, and none that does not exist for the end user', async () => {
  const named = `${pageUrl()}?server=${notesId}`
  const { headers } = await fetch(named, { redirect: 'manual' })
  expect(headers.get('location')).toMatch(/^https:\/\/product\.example\/sign-in\?request=/)
  const agent = await browserOf('sue')
  expect(words(await agent.get(pageUrl()))).not.toContain('Notes')
  const page = await agent.get(named)
  expect(words(page)).toContain('Notes Not connected. Connect')
  // The form takes what its own page shows: without the name, nothing is connected.
  expect(await agent.post(pageUrl(), { token: tokenOf(page), connect: notesId })).toMatchObject({ url: pageUrl() })

  const foreign = await organization(world.gateway.app)
  const server = { name: 'Foreign', serverLabel: 'foreign', serverUrl: upstream.serverUrl }
  const { server: other } = await foreign.app.mutate(foreign.sandboxKey, 'createMcpServer', server, 'server { id }')
  const of = { 'x-on-behalf-of': 'bob' }
  const { server: own } = await foreign.app.mutate(world.gateway.acme.sandboxKey, 'createMcpServer', server, 'server { id }', of)
  for (const id of [other.id, own.id, `mcp_srv_${'0'.repeat(32)}`, '"><b>', `${notesId}&server=${notesId}`])
    expect(words(await agent.get(`${pageUrl()}?server=${id}`))).toContain('Your accounts at other services None.')

  const answer = await agent.post(named, { token: tokenOf(page), connect: notesId })
  expect(words(answer)).toContain('Notes is connected')
})

test('a server that takes no OAuth cannot be connected, and the page says so', async () => {
  await world.tokens('lea')
  const page = await press(await browserOf('lea'), 'connect', world.serverId)
  expect([page.status, words(page)]).toEqual([502, expect.stringContaining('cannot be connected now')])
})

test('the id of a grant of somebody else, and of nothing, changes nothing', async () => {
  await world.tokens('mia')
  const [grant] = (await grantOf('mia')) as [OAuthGrant]
  const agent = await browserOf('ada')
  for (const [name, value] of [
    ['revoke', grant.id],
    ['revoke', `grant_${'0'.repeat(32)}`],
    ['connect', notesId],
    ['other', 'x'],
  ] as const)
    expect(await press(agent, name, value)).toMatchObject({ status: 200, url: pageUrl() })
  expect((await grantOf('mia'))[0]!.revokedAt).toBeNull()
})

test.each<[string, (agent: UserAgent, id: string) => Promise<Visit>]>([
  ['another site', (agent, id) => press(agent, 'revoke', id, { 'sec-fetch-site': 'cross-site' })],
  ['another port', (agent, id) => press(agent, 'revoke', id, { 'sec-fetch-site': 'same-site' })],
  ['no page', (agent, id) => agent.post(pageUrl(), { revoke: id })],
  [
    'the page of another session of the same end user',
    async (agent, id) => agent.post(pageUrl(), { token: tokenOf(await (await browserOf('zoe')).get(pageUrl())), revoke: id }),
  ],
  [
    'a browser that is not signed in',
    async (agent, id) => new UserAgent().post(pageUrl(), { token: tokenOf(await agent.get(pageUrl())), revoke: id }),
  ],
])('a form of %s changes nothing', async (_, send) => {
  await world.tokens('zoe')
  const before = await grantOf('zoe')
  const answer = await send(await browserOf('zoe'), before[0]!.id)
  expect(answer.status).toBe(403)
  expect((await grantOf('zoe')).every(({ revokedAt }) => revokedAt === null)).toBe(true)
})
