/** Sign-in of end users by an OpenID provider: oidc-provider, which nobody here wrote. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import type { TestApp } from '../support/app.js'
import { eventsOf } from '../support/audit-trail.js'
import { executeSql } from '../support/database-access.js'
import type { Listening } from '../support/local-server.js'
import { beginIn, callbackOf, configureOAuth, sessionCookieName, sessionIn, signInCookieName, startOAuthApp } from '../support/oauth.js'
import { oidcClient, startOpenIdProvider } from '../support/openid-provider.js'
import { organization, type SeededKey, type SeededOrganization } from '../support/seed.js'
import { UserAgent, type Visit } from '../support/user-agent.js'

let app: TestApp
let provider: Listening
let acme: SeededOrganization
let key: SeededKey

beforeAll(async () => {
  app = await startOAuthApp()
  provider = await startOpenIdProvider(callbackOf(app), ['ada', 'bob'])
  acme = await organization(app)
  const endUsers = { externalIds: ['ada', 'emp-ada'] }
  key = await acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'], endUsers })
  await configure()
})
afterAll(async () => {
  await app.close()
  await provider.close()
})

const configure = (oidc: object = {}): Promise<string> =>
  configureOAuth(acme, key.id, { oidc: { issuer: provider.origin, ...oidcClient, ...oidc } })

/** Signs in at the provider as this user, and returns where the browser ends. */
async function signIn(agent: UserAgent, user: string, returnTo?: string): Promise<Visit> {
  const { url } = await agent.get(await beginIn(acme, agent, returnTo))
  return agent.get(`${url}/${user}`)
}

/** The address of the callback, with the code, that this browser was about to open. */
async function callbackFor(agent: UserAgent, user = 'ada'): Promise<URL> {
  const other = new UserAgent()
  const page = await other.get(await beginIn(acme, agent))
  const { path } = await other.get(`${page.url}/${user}`)
  const url = new URL(path.find((step) => step.startsWith(callbackOf(app)))!)
  for (const name of ['code', 'state']) secrets.add(url.searchParams.get(name)!)
  return url
}

/** Codes and states of this file. */
const secrets = new Set([oidcClient.clientSecret])

const countSessions = async (): Promise<number> => (await executeSql(app, 'select id from browser_session')).length

test('an end user signs in and is back on the page that asked', async () => {
  const agent = new UserAgent()
  const visit = await signIn(agent, 'ada', '/oauth/sign-out?from=here')
  expect([visit.status, visit.url]).toEqual([200, `${app.url}/oauth/sign-out?from=here`])
  const session = await sessionIn(acme, agent)
  expect(session?.endUser.externalId).toBe('ada')
  expect(session!.expiresAt.getTime() - app.clock.now().getTime()).toBe(12 * 3_600_000)
  const [event] = await eventsOf(app.services.orm, acme.id, 'end_user:sign_in')
  expect(event).toMatchObject({
    outcome: 'ALLOWED',
    actorId: session!.endUser.id,
    subjectId: session!.id,
    details: { method: 'OIDC', apiKeyId: key.id },
  })
})

test('the claim that the configuration names is the external id', async () => {
  await configure({ externalIdClaim: 'employee' })
  const agent = new UserAgent()
  await signIn(agent, 'ada')
  expect((await sessionIn(acme, agent))?.endUser.externalId).toBe('emp-ada')
  await configure()
})

test('an end user outside the scope of the key is refused, with an event and no session', async () => {
  const before = await countSessions()
  const agent = new UserAgent()
  const visit = await signIn(agent, 'bob')
  expect([visit.status, visit.text]).toEqual([403, expect.stringContaining('Your account may not connect applications')])
  expect(await countSessions()).toBe(before)
  expect(await executeSql(app, `select id from end_user where external_id = 'bob'`)).toEqual([])
  await app.services.refusalJournal.flush()
  const events = await eventsOf(app.services.orm, acme.id, 'end_user:sign_in')
  expect(events.at(-1)).toMatchObject({ outcome: 'DENIED', details: { code: 'FORBIDDEN' } })
})

test('another browser cannot end the sign-in: nobody is signed in there, and no row is left', async () => {
  const before = await countSessions()
  const url = (await callbackFor(new UserAgent())).href
  const busy = new UserAgent()
  await beginIn(acme, busy)
  for (const victim of [new UserAgent(), busy]) {
    const visit = await victim.get(url)
    expect([visit.status, visit.text]).toEqual([400, expect.stringContaining('began in another browser')])
    expect(await sessionIn(acme, victim)).toBeNull()
  }
  expect(await countSessions()).toBe(before)
})

test('the callback works once', async () => {
  const agent = new UserAgent()
  const url = (await callbackFor(agent)).href
  expect((await agent.get(url)).url).toBe(`${app.url}/oauth/sign-out`)
  const before = await countSessions()
  const again = await agent.get(url)
  expect([again.status, again.url]).toEqual([400, url])
  expect(await countSessions()).toBe(before)
})

test('a sign-in may take 10 minutes, and not a millisecond more', async () => {
  const [inTime, late] = [new UserAgent(), new UserAgent()]
  const urls = [await callbackFor(inTime), await callbackFor(late)]
  app.clock.advance(599_999)
  expect((await inTime.get(urls[0]!.href)).status).toBe(200)
  app.clock.advance(1)
  const visit = await late.get(urls[1]!.href)
  expect([visit.status, visit.text]).toEqual([400, expect.stringContaining('must end within 10 minutes')])
})

const tamper = (url: URL, change: (parameters: URLSearchParams) => void): string => {
  const copy = new URL(url)
  change(copy.searchParams)
  return copy.href
}

test.each<[string, (parameters: URLSearchParams) => void, number]>([
  ['without state', (parameters) => parameters.delete('state'), 400],
  ['with a state whose MAC does not fit', (parameters) => parameters.set('state', `${parameters.get('state')!.slice(0, -1)}x`), 400],
  ['with a state of another form', (parameters) => parameters.set('state', 'x'), 400],
  ['with two states', (parameters) => parameters.append('state', parameters.get('state')!), 400],
  ['with two codes', (parameters) => parameters.append('code', 'another'), 400],
  ['with another code', (parameters) => parameters.set('code', 'another'), 400],
  ['without code', (parameters) => parameters.delete('code'), 502],
  ['with another issuer (mix-up)', (parameters) => parameters.set('iss', 'https://evil.example'), 502],
  ['without the issuer that the provider promises', (parameters) => parameters.delete('iss'), 502],
  ['with an error of the provider', (parameters) => parameters.set('error', 'access_denied'), 400],
])('a callback %s signs nobody in', async (_, change, status) => {
  const agent = new UserAgent()
  const visit = await agent.get(tamper(await callbackFor(agent), change))
  expect([visit.status, visit.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8'])
  expect(visit.text).toMatch(/Request id: <code>req_/)
  expect(await sessionIn(acme, agent)).toBeNull()
})

test('a configuration that was changed meanwhile ends the sign-in', async () => {
  const agent = new UserAgent()
  const url = await callbackFor(agent)
  await configure({ externalIdClaim: 'employee' })
  expect((await agent.get(url.href)).text).toContain('The sign-in was changed meanwhile')
  await configure()
})

test('cookies are out of reach of scripts and forms of other sites, and end in time', async () => {
  const agent = new UserAgent()
  const url = await callbackFor(agent)
  const cookie = `${signInCookieName(app)}=${agent.cookies(app.url).get(signInCookieName(app))}`
  const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
  expect([response.status, response.headers.get('cache-control'), response.headers.get('referrer-policy')]).toEqual([
    303,
    'no-store',
    'no-referrer',
  ])
  const place = { projectId: acme.projectId, environment: 'SANDBOX' } as const
  expect(response.headers.get('set-cookie')).toMatch(
    new RegExp(`^${sessionCookieName(app, place)}=[\\w-]{43}; HttpOnly; SameSite=Lax; Path=/; Max-Age=43200$`),
  )
})

test('neither the client secret nor a code, state or cookie of this file is in the log or in the trail', async () => {
  const agent = new UserAgent()
  const url = await callbackFor(agent)
  await agent.get(url.href)
  const session = agent.cookies(app.url).get(sessionCookieName(app, { projectId: acme.projectId, environment: 'SANDBOX' }))!
  const stored = JSON.stringify([
    ...(await executeSql(app, 'select * from oauth_configuration')),
    ...(await executeSql(app, 'select * from browser_session')),
    ...(await executeSql(app, 'select * from audit_event')),
  ])
  for (const secret of [...secrets, session]) for (const place of [app.log, stored]) expect(place).not.toContain(secret)
})
