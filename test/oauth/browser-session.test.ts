/** Sessions of end users in a browser: whatever they rest on ends them at once. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'

import { systemContext } from '../../src/context/context.js'
import { deleteExpiredSessions } from '../../src/oauth/sign-in/delete-expired-sessions.js'
import { suspendOrganization } from '../../src/organizations/suspend-organization.js'
import { startApp, type TestApp } from '../support/app.js'
import { eventsOf } from '../support/audit-trail.js'
import { executeSql } from '../support/database-access.js'
import { beginIn, configureOAuth, sessionCookieName, sessionIn, startOAuthApp } from '../support/oauth.js'
import { organization, type SeededKey, type SeededOrganization } from '../support/seed.js'
import { UserAgent, type Visit } from '../support/user-agent.js'

const signIn = { product: { signInUrl: 'https://product.example/sign-in' } }
let app: TestApp
let acme: SeededOrganization
let key: SeededKey
let configurationId: string

beforeAll(async () => {
  app = await startOAuthApp()
})
afterAll(() => app.close())
beforeEach(async () => {
  acme = await organization(app)
  key = await acme.apiKey({ permissions: ['mcp_server:use'] })
  configurationId = await configureOAuth(acme, key.id, signIn)
})

/** A browser in which this end user is signed in. */
async function signedIn(externalUserId = 'ada'): Promise<UserAgent> {
  const agent = new UserAgent()
  const request = new URL(await beginIn(acme, agent)).searchParams.get('request')!
  const { url } = await app.mutate(key.secret, 'approveSignIn', { request, externalUserId }, 'url')
  await agent.get(url)
  expect(await sessionIn(acme, agent)).not.toBeNull()
  return agent
}

const asAdmin = (field: 'revokeApiKey' | 'suspendApiKey' | 'resumeApiKey' | 'updateApiKey', input: object = {}) =>
  app.mutate(acme.adminToken, field, { id: key.id, ...input }, 'apiKey { id }')

test.each<[string, () => Promise<unknown>]>([
  ['the key is revoked', () => asAdmin('revokeApiKey')],
  ['the key is suspended', () => asAdmin('suspendApiKey')],
  ['the key may no longer act for the end user', () => asAdmin('updateApiKey', { endUsers: { externalIds: ['bob'] } })],
  [
    'the configuration is deleted',
    () => app.mutate(acme.adminToken, 'deleteOAuthConfiguration', { id: configurationId }, 'deletedConfigurationId'),
  ],
  ['the sign-in is configured anew', () => configureOAuth(acme, key.id, { product: { signInUrl: 'https://product.example/other' } })],
  ['the end user is forgotten', () => app.mutate(acme.adminToken, 'forgetEndUser', { externalId: 'ada' }, 'forgottenEndUserId')],
  ['the sandbox is reset', () => app.mutate(acme.adminToken, 'resetSandbox', {}, 'deletedServers')],
  ['the organization is suspended', () => suspendOrganization(systemContext(app.services, acme.id))],
  ['it is twelve hours old', async () => app.clock.advance(12 * 3_600_000)],
])('a session ends when %s', async (_, end) => {
  const agent = await signedIn()
  await end()
  expect(await sessionIn(acme, agent)).toBeNull()
})

test('a session lasts to the last millisecond of twelve hours, and not longer than its key', async () => {
  const agent = await signedIn()
  app.clock.advance(12 * 3_600_000 - 1)
  expect(await sessionIn(acme, agent)).not.toBeNull()
  const shortLived = await acme.apiKey({ permissions: [], expiresAt: new Date(app.clock.now().getTime() + 3_600_000) })
  key = shortLived
  await configureOAuth(acme, key.id, signIn)
  const other = await signedIn()
  expect((await sessionIn(acme, other))!.expiresAt.getTime() - app.clock.now().getTime()).toBe(3_600_000)
})

test('other changes of the configuration leave end users signed in, and a resumed key brings them back', async () => {
  const agent = await signedIn()
  await configureOAuth(acme, key.id, signIn, { clientHosts: ['client.example'] })
  expect(await sessionIn(acme, agent)).not.toBeNull()
  await asAdmin('suspendApiKey')
  await asAdmin('resumeApiKey')
  expect(await sessionIn(acme, agent)).not.toBeNull()
})

test('a session is one of its project and environment alone', async () => {
  const agent = await signedIn()
  const [here, production] = ['SANDBOX', 'PRODUCTION'].map((environment) =>
    sessionCookieName(app, { projectId: acme.projectId, environment: environment as 'SANDBOX' }),
  )
  const cookies = agent.cookies(app.url)
  cookies.set(production!, cookies.get(here!)!)
  const session = await sessionIn(acme, agent, 'PRODUCTION')
  expect(session?.environment).toBe('SANDBOX')
})

test('signing out ends the sessions of this browser, with an event, and leaves other browsers alone', async () => {
  const [agent, other] = [await signedIn(), await signedIn()]
  const page = await agent.get(`${app.url}/oauth/sign-out`)
  expect([page.status, page.text]).toEqual([200, expect.stringContaining('<form method="post" action="/oauth/sign-out">')])
  const before = new Map(agent.cookies(app.url))
  const { status, text } = await agent.post(`${app.url}/oauth/sign-out`)
  expect([status, text]).toEqual([200, expect.stringContaining('You are signed out')])
  expect(await sessionIn(acme, agent)).toBeNull()
  expect(await sessionIn(acme, other)).not.toBeNull()
  // A copy of the cookie is worth nothing either.
  for (const [name, value] of before) agent.cookies(app.url).set(name, value)
  expect(await sessionIn(acme, agent)).toBeNull()
  const [event] = await eventsOf(app.services.orm, acme.id, 'end_user:sign_out')
  expect(event).toMatchObject({ outcome: 'ALLOWED', actorId: event!.endUserId })
})

test.each<[string, Record<string, string>]>([
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['another port', { 'sec-fetch-site': 'same-site' }],
  ['a browser that says nothing', { 'sec-fetch-site': '' }],
])('%s signs nobody out', async (_, headers) => {
  const agent = await signedIn()
  expect((await agent.post(`${app.url}/oauth/sign-out`, {}, headers)).status).toBe(403)
  expect(await sessionIn(acme, agent)).not.toBeNull()
})

test('rows of sessions are deleted a day after their end', async () => {
  await signedIn()
  const count = async (): Promise<number> =>
    (await executeSql(app, `select id from browser_session where organization_id = '${acme.id}'`)).length
  app.clock.advance((12 + 24) * 3_600_000 - 1)
  await deleteExpiredSessions(app.services)
  expect(await count()).toBe(1)
  app.clock.advance(1)
  await deleteExpiredSessions(app.services)
  expect(await count()).toBe(0)
})

test('over plain http beyond loopback there is no session, and a page says why', async () => {
  const exposed = await startApp()
  const visits: Visit[] = []
  for (const path of ['/oauth/sign-in/callback', '/oauth/sign-out']) visits.push(await new UserAgent().get(`${exposed.url}${path}`))
  expect(visits.map(({ status }) => status)).toEqual([403, 403])
  expect(visits[0]!.text).toContain('This page needs https')
  await exposed.close()
})
