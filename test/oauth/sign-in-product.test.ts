/** Sign-in of end users by the product: its backend confirms who is at the browser, and the browser brings a ticket. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import type { TestApp } from '../support/app.js'
import { eventsOf } from '../support/audit-trail.js'
import { executeSql } from '../support/database-access.js'
import { listen, type Listening } from '../support/local-server.js'
import { beginIn, configureOAuth, sessionIn, startOAuthApp } from '../support/oauth.js'
import { organization, type SeededKey, type SeededOrganization } from '../support/seed.js'
import { UserAgent } from '../support/user-agent.js'

let app: TestApp
let product: Listening
let acme: SeededOrganization
let ceiling: SeededKey

beforeAll(async () => {
  app = await startOAuthApp()
  acme = await organization(app)
  ceiling = await acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'], endUsers: { prefix: 'u-' } })
  // A user of the product is whom its cookie says.
  product = await listen(async ({ url, headers }, response) => {
    const request = new URL(url!, 'http://product').searchParams.get('request')!
    const { url: next } = await approve(ceiling.secret, request, /user=([\w-]+)/.exec(headers.cookie ?? '')?.[1] ?? 'u-nobody')
    response.writeHead(303, { location: next ?? '/refused' }).end()
  })
  await configureOAuth(acme, ceiling.id, { product: { signInUrl: `${product.origin}/sign-in?from=keyhouse` } })
})
afterAll(async () => {
  await app.close()
  await product.close()
})

interface Approval {
  readonly url: string | null
  readonly code: string | undefined
  readonly message: string | undefined
}

async function approve(secret: string, request: string, externalUserId: string): Promise<Approval> {
  const { url, userErrors } = await app.mutate(secret, 'approveSignIn', { request, externalUserId }, 'url')
  return { url: url ?? null, code: userErrors[0]?.code, message: userErrors[0]?.message }
}

const signedInAs = (agent: UserAgent, user: string): UserAgent => {
  agent.cookies(product.origin).set('user', user)
  return agent
}

/** The request that a browser brings to the product. */
const requestFor = async (agent: UserAgent): Promise<string> => new URL(await beginIn(acme, agent)).searchParams.get('request')!

const externalIdIn = async (agent: UserAgent): Promise<string | undefined> => (await sessionIn(acme, agent))?.endUser.externalId

test('the product confirms its user, and the browser is signed in', async () => {
  const agent = signedInAs(new UserAgent(), 'u-ada')
  const begin = await beginIn(acme, agent)
  expect(new URL(begin).searchParams.get('from')).toBe('keyhouse')
  const visit = await agent.get(begin)
  expect([visit.status, visit.url]).toEqual([200, `${app.url}/oauth/sign-out`])
  const session = await sessionIn(acme, agent)
  expect(session?.endUser.externalId).toBe('u-ada')
  const [approved] = await eventsOf(app.services.orm, acme.id, 'end_user:approve_sign_in')
  expect(approved).toMatchObject({ outcome: 'ALLOWED', actorId: ceiling.id, endUserId: session!.endUser.id, subjectId: session!.id })
  const [signedIn] = await eventsOf(app.services.orm, acme.id, 'end_user:sign_in')
  expect(signedIn).toMatchObject({ actorId: session!.endUser.id, subjectId: session!.id, details: { method: 'PRODUCT' } })
})

test('a link that somebody else began signs nobody in: neither the victim nor the one who sent it', async () => {
  const [mallory, victim] = [new UserAgent(), signedInAs(new UserAgent(), 'u-victim')]
  const visit = await victim.get(await beginIn(acme, mallory))
  expect([visit.status, visit.text]).toEqual([400, expect.stringContaining('began in another browser')])
  expect([await externalIdIn(mallory), await externalIdIn(victim)]).toEqual([undefined, undefined])
})

test('a ticket is good once, also for fifty requests at the same time', async () => {
  const agent = new UserAgent()
  const { url } = await approve(ceiling.secret, await requestFor(agent), 'u-ada')
  const visits = await Promise.all(Array.from({ length: 50 }, () => agent.get(url!)))
  expect(visits.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(new Set(visits.map(({ status }) => status))).toEqual(new Set([200, 400]))
})

test('a ticket is good for 10 minutes from the confirmation, and the request for 10 minutes from its begin', async () => {
  const [first, second, third] = [new UserAgent(), new UserAgent(), new UserAgent()]
  const requests = [await requestFor(first), await requestFor(second), await requestFor(third)]
  const { url } = await approve(ceiling.secret, requests[0]!, 'u-ada')
  const late = await approve(ceiling.secret, requests[1]!, 'u-ada')
  app.clock.advance(599_999)
  expect((await first.get(url!)).status).toBe(200)
  app.clock.advance(1)
  expect((await second.get(late.url!)).status).toBe(400)
  expect(await approve(ceiling.secret, requests[2]!, 'u-ada')).toMatchObject({ url: null, code: 'INVALID_STATE' })
})

test('a ticket is no session, and a wrong one ends nothing', async () => {
  const agent = new UserAgent()
  const { url } = await approve(ceiling.secret, await requestFor(agent), 'u-ada')
  const callback = new URL(url!)
  const ticket = callback.searchParams.get('ticket')!
  const cookies = agent.cookies(app.url)
  cookies.set(`keyhouse-${acme.projectId}-sandbox-${callback.port}`, ticket)
  expect(await externalIdIn(agent)).toBeUndefined()
  callback.searchParams.set('ticket', 'x'.repeat(43))
  expect((await agent.get(callback.href)).status).toBe(400)
  expect((await agent.get(url!)).status).toBe(200)
})

test('a repeated confirmation replaces the ticket, for the same end user only', async () => {
  const agent = new UserAgent()
  const request = await requestFor(agent)
  const first = await approve(ceiling.secret, request, 'u-ada')
  const second = await approve(ceiling.secret, request, 'u-ada')
  expect(await approve(ceiling.secret, request, 'u-bob')).toMatchObject({ url: null, code: 'INVALID_STATE' })
  expect((await agent.get(first.url!)).status).toBe(400)
  expect((await agent.get(second.url!)).status).toBe(200)
  expect(await approve(ceiling.secret, request, 'u-ada')).toMatchObject({ url: null, code: 'INVALID_STATE' })
})

const hours = (count: number): Date => new Date(app.clock.now().getTime() + count * 3_600_000)

test.each<[string, () => Promise<string> | string, string | undefined]>([
  ['the key of the configuration', () => ceiling.secret, undefined],
  ['another key that holds as much', async () => (await acme.apiKey({ permissions: ['*'] })).secret, undefined],
  ['a key that lacks a permission', async () => (await acme.apiKey({ permissions: ['mcp_server:use'] })).secret, 'PERMISSION_NOT_HELD'],
  ['a limited key', async () => (await acme.apiKey({ permissions: ['*'], endUsers: { prefix: 'u-' } })).secret, 'FORBIDDEN'],
  ['a key that expires sooner', async () => (await acme.apiKey({ permissions: ['*'], expiresAt: hours(1) })).secret, 'FORBIDDEN'],
  ['a key of production', async () => (await acme.apiKey({ permissions: ['*'], environment: 'PRODUCTION' })).secret, 'INVALID'],
  ['a key of another project', async () => (await acme.apiKey({ permissions: ['*'], projectId: await acme.project() })).secret, 'INVALID'],
  ['a key of another organization', async () => (await organization(app)).sandboxKey, 'INVALID'],
  ['an ADMIN', () => acme.adminToken, 'FORBIDDEN'],
])('%s confirms a sign-in: %#', async (_, credential, code) => {
  const approval = await approve(await credential(), await requestFor(new UserAgent()), 'u-ada')
  expect([approval.code, approval.url === null]).toEqual([code, code !== undefined])
})

test('the secret from before a rotation confirms nobody', async () => {
  const rotated = await acme.apiKey({ permissions: ['*'] })
  await app.mutate(acme.adminToken, 'rotateApiKey', { id: rotated.id, overlapSeconds: 600 }, 'secret')
  expect(await approve(rotated.secret, await requestFor(new UserAgent()), 'u-ada')).toMatchObject({ code: 'FORBIDDEN' })
})

test('nobody outside the scope of the key is confirmed, and nobody under another name', async () => {
  const request = await requestFor(new UserAgent())
  const before = await executeSql(app, 'select id from end_user')
  expect(await approve(ceiling.secret, request, 'other')).toMatchObject({ code: 'FORBIDDEN' })
  const broad = await acme.apiKey({ permissions: ['*'] })
  expect(await approve(broad.secret, request, 'other')).toMatchObject({ code: 'FORBIDDEN' })
  expect(await approve(ceiling.secret, request, '*')).toMatchObject({ code: 'INVALID' })
  expect(await approve(ceiling.secret, `${request}x`, 'u-ada')).toMatchObject({ code: 'INVALID' })
  const onBehalf = await app.mutate(ceiling.secret, 'approveSignIn', { request, externalUserId: 'u-ada' }, 'url', {
    'x-on-behalf-of': 'u-ada',
  })
  expect(onBehalf.userErrors[0]?.code).toBe('FORBIDDEN')
  expect(await executeSql(app, 'select id from end_user')).toEqual(before)
})

test('no ticket is in the log, in the trail or in a row', async () => {
  const agent = new UserAgent()
  const { url } = await approve(ceiling.secret, await requestFor(agent), 'u-ada')
  await agent.get(url!)
  const ticket = new URL(url!).searchParams.get('ticket')!
  const stored = JSON.stringify([
    ...(await executeSql(app, 'select * from browser_session')),
    ...(await executeSql(app, 'select * from audit_event')),
  ])
  for (const place of [app.log, stored]) expect(place).not.toContain(ticket)
})
