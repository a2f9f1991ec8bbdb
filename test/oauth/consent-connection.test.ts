/** Consent to a client of an MCP server whose account is not connected: the browser connects it on the way to the client. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'

import { McpConnection } from '../../src/entities/mcp-connection.js'
import { McpCredential } from '../../src/entities/mcp-credential.js'
import { OAuthGrant } from '../../src/entities/oauth-grant.js'
import { freePort, listen, type Listening } from '../support/local-server.js'
import { challengeOf, GrantWorld, newVerifier, ticketOf, wordsOf } from '../support/oauth-grants.js'
import { OAuthUpstream } from '../support/oauth-upstream.js'
import { UserAgent, type Visit } from '../support/user-agent.js'

let world: GrantWorld
let upstream: OAuthUpstream
/** The application: its redirect URI answers. */
let client: Listening
let clientId: string
/** `KEYHOUSE_PREVIOUS_URL`, which leads to the same server. */
let previousUrl: string
/** Requests that the foreign authorization server got. */
let asked: string[]
beforeAll(async () => {
  upstream = await OAuthUpstream.start()
  client = await listen((_request, response) => void response.end('arrived'))
  const port = await freePort()
  previousUrl = `http://localhost:${port}`
  const env = { PORT: port, KEYHOUSE_URL: `http://127.0.0.1:${port}`, KEYHOUSE_PREVIOUS_URL: previousUrl }
  world = await GrantWorld.start({}, env, { name: 'Notes', serverUrl: upstream.serverUrl })
  const registration = await world.register({ client_name: 'Acme Agent', redirect_uris: [`${client.origin}/callback`] })
  clientId = String(registration.body['client_id'])
})
afterAll(async () => {
  await Promise.all([world.close(), upstream.close(), client.close()])
})
beforeEach(() => {
  asked = []
  interceptWith(() => false)
  upstream.interceptResource = ({ url }) => void asked.push(url!) as never
})

const interceptWith = (intercept: OAuthUpstream['intercept']): void => {
  upstream.intercept = (request, response) => {
    asked.push(request.url!)
    return intercept(request, response)
  }
}

const words = ({ text }: Visit): string => wordsOf({ text } as never)
const rows = <T extends object>(entity: new () => T): Promise<T[]> => world.gateway.acme.em.fork().find<T>(entity, {}, { filters: false })
const countGrants = async (): Promise<number> => (await rows(OAuthGrant)).length

/** A browser in which the end user is signed in. */
async function browserOf(externalId: string): Promise<UserAgent> {
  const agent = new UserAgent()
  const [name, value] = (await world.signIn(externalId)).split('=') as [string, string]
  agent.cookies(world.at).set(name, value)
  return agent
}

interface Asked {
  readonly agent: UserAgent
  readonly page: Visit
  readonly verifier: string
}

/** The consent page in a browser of the end user. */
async function consentPage(externalId: string, serverId = world.serverId): Promise<Asked> {
  const agent = await browserOf(externalId)
  const verifier = newVerifier()
  const redirect = { client_id: clientId, redirect_uri: `${client.origin}/callback`, resource: `${world.at}/mcp/${serverId}` }
  const parameters = await world.parameters({ ...redirect, code_challenge: challengeOf(verifier) })
  return { agent, verifier, page: await agent.get(`${world.issuer}/oauth/authorize?${parameters.toString()}`) }
}

const decide = ({ agent, page }: Asked, decision: 'allow' | 'deny'): Promise<Visit> =>
  agent.post(`${world.issuer}/oauth/consent`, { request: ticketOf(page as never), decision, 'permission-1': 'on' })

/** Presses the button of a page whose connection failed. */
const continueWithout = (agent: UserAgent, page: Visit, headers: Record<string, string> = {}): Promise<Visit> =>
  agent.post(`${world.issuer}/oauth/consent`, { request: ticketOf(page as never), decision: 'allow' }, headers)

/** Where the browser went, without queries and ids. */
const route = ({ path }: Visit): string[] =>
  path.map((url) => {
    const { origin, pathname } = new URL(url)
    const name = { [world.at]: 'keyhouse', [upstream.issuer]: 'upstream', [client.origin]: 'client' }[origin]
    return `${name} ${pathname
      .replace(/\/o\/org_\w+/, '')
      .replace(/mcp_\w+/, '{id}')
      .replace(/\/(auth|interaction)\/.+/, '/$1')}`
  })

async function accessToken({ verifier }: Asked, arrived: Visit, serverId = world.serverId): Promise<string> {
  const code = new URL(arrived.url).searchParams.get('code')!
  const form = { redirect_uri: `${client.origin}/callback`, resource: `${world.at}/mcp/${serverId}` }
  return (await world.redeem({ code, verifier, clientId }, form)).body.access_token
}

const call = async (token: string, serverId = world.serverId): Promise<string> => {
  const response = await fetch(`${world.at}/mcp/${serverId}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-06-18',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
  })
  return response.text()
}

/** The end user refuses at the foreign authorization server. */
const denyUpstream: OAuthUpstream['intercept'] = ({ url }, response) => {
  if (!url?.startsWith('/auth?')) return false
  const { searchParams } = new URL(url, upstream.issuer)
  const answer = new URLSearchParams({ error: 'access_denied', state: searchParams.get('state')!, iss: upstream.issuer })
  response.writeHead(303, { location: `${searchParams.get('redirect_uri')}?${answer.toString()}` }).end()
  return true
}

test('allowing leads to the other service, which connects the account, and from there to the client with a code', async () => {
  const consent = await consentPage('ada')
  expect(asked).toEqual([])
  const grants = await countGrants()
  const seen: number[] = []
  interceptWith(async ({ url }) => {
    if (!url?.startsWith('/auth?')) return false
    seen.push(await countGrants())
    // A code lives for a minute, the link for ten.
    world.gateway.app.clock.advance(300_000)
    return false
  })
  const arrived = await decide(consent, 'allow')
  expect(route(arrived)).toEqual([
    'keyhouse /sandbox/oauth/consent',
    'keyhouse /oauth/connect/{id}',
    'upstream /auth',
    'upstream /interaction',
    'upstream /auth',
    'keyhouse /oauth/callback/{id}',
    'client /callback',
  ])
  expect([arrived.text, seen, await countGrants()]).toEqual(['arrived', [grants], grants + 1])
  const { searchParams } = new URL(arrived.url)
  expect([searchParams.get('state'), searchParams.get('iss')]).toEqual(['state of the client', world.issuer])
  expect(await call(await accessToken(consent, arrived))).toContain('jane-upstream')
  const actions = (await world.gateway.acme.events()).map(({ action }) => action)
  expect(actions.filter((action) => /^mcp_connection|^oauth_grant:create/.test(action))).toEqual([
    'mcp_connection:offer',
    'mcp_connection:finish',
    'oauth_grant:create',
  ])
  // Used, the connection has nothing more to continue with.
  expect(await rows(McpConnection)).toMatchObject([{ sealedVerifier: null, sealedConsent: null }])
})

test('denying, and the page itself, ask no other service', async () => {
  const answer = await decide(await consentPage('bob'), 'deny')
  expect([answer.path.length, new URL(answer.url).searchParams.get('error')]).toEqual([2, 'access_denied'])
  expect(asked).toEqual([])
})

test('the next consent of an end user whose account is connected leads to the client at once', async () => {
  await decide(await consentPage('cid'), 'allow')
  expect(route(await decide(await consentPage('cid'), 'allow'))).toEqual(['keyhouse /sandbox/oauth/consent', 'client /callback'])
})

test.each<[string, () => Promise<string>]>([
  ['takes no OAuth', () => world.gateway.server({ name: 'Echo' })],
  [
    'shares a credential',
    async () => {
      const { acme, app } = world.gateway
      const serverId = await world.gateway.server({ name: 'Shared', serverUrl: upstream.serverUrl })
      const input = { serverId, auth: { bearerToken: 'a shared token' } }
      const { credential } = await app.mutate(acme.sandboxKey, 'createMcpCredential', input, 'credential { id }')
      await app.mutate(acme.sandboxKey, 'updateMcpServer', { id: serverId, sharedCredentialId: credential.id }, 'server { id }')
      return serverId
    },
  ],
  ['cannot be reached', () => world.gateway.server({ name: 'Away', serverUrl: 'http://127.0.0.1:1/mcp' })],
  ['has metadata that are not valid', () => world.gateway.server({ name: 'Parent', serverUrl: `${upstream.serverUrl}-other` })],
])('a server that %s is consented to without a connection', async (_name, server) => {
  const arrived = await decide(await consentPage('dan', await server()), 'allow')
  expect(route(arrived)).toEqual(['keyhouse /sandbox/oauth/consent', 'client /callback'])
  expect(new URL(arrived.url).searchParams.get('code')).toMatch(/^kh_code_/)
})

test('at the previous URL, where links do not lead, the client gets its code at once', async () => {
  const agent = await browserOf('dot')
  for (const [name, value] of agent.cookies(world.at)) agent.cookies(previousUrl).set(name, value)
  const redirect = { client_id: clientId, redirect_uri: `${client.origin}/callback`, resource: `${previousUrl}/mcp/${world.serverId}` }
  const issuer = world.issuer.replace(world.at, previousUrl)
  const page = await agent.get(`${issuer}/oauth/authorize?${(await world.parameters(redirect)).toString()}`)
  const arrived = await agent.post(`${issuer}/oauth/consent`, { request: ticketOf(page as never), decision: 'allow' })
  expect([arrived.path.length, new URL(arrived.url).searchParams.get('iss')]).toEqual([2, issuer])
})

test('refused at the other service, the page says why, and continues without the account, once', async () => {
  const consent = await consentPage('eve')
  interceptWith(denyUpstream)
  const refused = await decide(consent, 'allow')
  expect([refused.status, words(refused)]).toEqual([400, expect.stringContaining('You or the other service did not allow it')])
  expect(words(refused)).toContain('Continue to Acme Agent without the account')
  expect(refused.headers.get('content-security-policy')).toContain(`form-action 'self' ${client.origin};`)
  const grants = await countGrants()
  const arrived = await continueWithout(consent.agent, refused)
  expect(route(arrived)).toEqual(['keyhouse /sandbox/oauth/consent', 'client /callback'])
  const answer = await call(await accessToken(consent, arrived))
  expect(JSON.parse(answer)).toMatchObject({ error: { data: { reason: 'NO_CREDENTIAL', connectUrl: expect.any(String) } } })
  const replayed = await continueWithout(consent.agent, refused)
  expect([replayed.status, words(replayed)]).toEqual([400, expect.stringContaining('You have answered this already')])
  // The link still works, and the grant was made.
  interceptWith(() => false)
  const late = await consent.agent.get(refused.path[1]!)
  expect([late.status, words(late)]).toEqual([400, expect.stringContaining('You have answered this already')])
  expect(await countGrants()).toBe(grants + 1)
})

test('a code that the other service does not redeem leaves the button too', async () => {
  const consent = await consentPage('fay')
  interceptWith(({ url }, response) => {
    if (url !== '/token') return false
    response.writeHead(500).end()
    return true
  })
  const failed = await decide(consent, 'allow')
  expect([failed.status, words(failed)]).toEqual([502, expect.stringContaining('did not answer, or not as it should')])
  expect(route(await continueWithout(consent.agent, failed)).at(-1)).toBe('client /callback')
})

test('the button keeps what the end user left out', async () => {
  const serverId = await world.gateway.server({ serverUrl: upstream.serverUrl, allowedTools: ['whoami', 'delete'] })
  interceptWith(denyUpstream)
  const consent = await consentPage('gil', serverId)
  await continueWithout(consent.agent, await decide(consent, 'allow'))
  expect((await rows(OAuthGrant)).find((grant) => grant.serverId === serverId)?.permissions).toEqual(['mcp_server:use', 'mcp_tool:whoami'])
})

test('a consent form that is sent twice makes one grant', async () => {
  const consent = await consentPage('hal')
  const grants = await countGrants()
  interceptWith(denyUpstream)
  const [first, second] = [await decide(consent, 'allow'), await decide(consent, 'allow')]
  interceptWith(() => false)
  expect((await consent.agent.get(first.path[1]!)).text).toBe('arrived')
  expect(words(await consent.agent.get(second.path[1]!))).toContain('You have answered this already')
  expect(await countGrants()).toBe(grants + 1)
})

test.each<[string, (page: Visit, agent: UserAgent) => Promise<Visit>]>([
  ['from another site', (page, agent) => continueWithout(agent, page, { 'sec-fetch-site': 'cross-site' })],
  ['by nobody', (page) => continueWithout(new UserAgent(), page)],
  ['by another end user', async (page) => continueWithout(await browserOf('bob'), page)],
  ['by another session of the same end user', async (page) => continueWithout(await browserOf('ivy'), page)],
])('the button pressed %s grants nothing', async (_name, press) => {
  const consent = await consentPage('ivy')
  interceptWith(denyUpstream)
  const refused = await decide(consent, 'allow')
  const grants = await countGrants()
  expect((await press(refused, consent.agent)).status).toBe(403)
  expect(await countGrants()).toBe(grants)
})

test('the button works for 10 minutes, and not at the last millisecond', async () => {
  const { clock } = world.gateway.app
  const [early, late] = [await consentPage('jil'), await consentPage('jil')]
  interceptWith(denyUpstream)
  const [refusedEarly, refusedLate] = [await decide(early, 'allow'), await decide(late, 'allow')]
  clock.advance(599_999)
  expect(route(await continueWithout(early.agent, refusedEarly)).at(-1)).toBe('client /callback')
  clock.advance(1)
  expect(words(await continueWithout(late.agent, refusedLate))).toContain('within 10 minutes')
  // The link has expired as well, and what waited for it does not continue.
  const expired = await late.agent.get(refusedLate.path[1]!)
  expect(words(expired)).toContain('This link has expired')
  expect(ticketOf(expired as never)).toBe('')
})

test('the link is for its end user and session, and a forged response continues nothing', async () => {
  const consent = await consentPage('kim')
  interceptWith(denyUpstream)
  const { path } = await decide(consent, 'allow')
  const callback = path.find((url) => url.includes('/oauth/callback/'))!
  const grants = await countGrants()
  const stranger = await (await browserOf('bob')).get(path[1]!)
  expect([words(stranger), ticketOf(stranger as never)]).toEqual([expect.stringContaining('This link is not for you'), ''])
  const forged = await consent.agent.get(callback.replace(/(state=[^&]+)/, '$1x'))
  expect([words(forged), ticketOf(forged as never)]).toEqual([expect.stringContaining('does not belong to this browser'), ''])
  interceptWith(() => false)
  // Another session of the same end user connects the account, but does not carry the consent on.
  const other = await (await browserOf('kim')).get(path[1]!)
  expect([other.status, words(other)]).toEqual([200, expect.stringContaining('You can close this page')])
  expect(await countGrants()).toBe(grants)
})

type Change = (agent: UserAgent, externalId: string) => Promise<unknown>
const signOut: Change = (agent) => agent.post(`${world.at}/oauth/sign-out`)
const forget: Change = (_agent, externalId) =>
  world.gateway.app.mutate(world.gateway.acme.sandboxKey, 'forgetEndUser', { externalId }, 'userErrors { code }')

test.each<[string, string, Change, string]>([
  ['signed out at the other service', '/auth?', signOut, 'does not belong to this browser'],
  ['signed out while the other service redeemed the code', '/token', signOut, 'You are no longer signed in'],
  ['forgotten while the other service redeemed the code', '/token', forget, 'You are no longer signed in'],
])('an end user that was %s grants nothing, and connects no account', async (_when, path, change, text) => {
  const consent = await consentPage('max')
  const count = async (): Promise<number[]> => [await countGrants(), (await rows(McpCredential)).length]
  const before = await count()
  interceptWith(async ({ url }) => {
    if (url?.startsWith(path)) await change(consent.agent, 'max')
    return false
  })
  const refused = await decide(consent, 'allow')
  expect([route(refused).at(-1), words(refused), ticketOf(refused as never)]).toEqual([
    'keyhouse /oauth/callback/{id}',
    expect.stringContaining(text),
    '',
  ])
  expect(await count()).toEqual(before)
})

test('the gateway offers a link of its own, which carries no consent on', async () => {
  const consent = await consentPage('lea')
  interceptWith(denyUpstream)
  const refused = await decide(consent, 'allow')
  const arrived = await continueWithout(consent.agent, refused)
  interceptWith(() => false)
  const answer = JSON.parse(await call(await accessToken(consent, arrived))) as { error: { data: { connectUrl: string } } }
  const { connectUrl } = answer.error.data
  expect(refused.path).not.toContain(connectUrl)
  expect(words(await consent.agent.get(connectUrl))).toContain('You can close this page')
})
