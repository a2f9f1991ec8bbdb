/** Providers that lie, fail or lead elsewhere: a page that says so, and nobody is signed in. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'

import type { TestApp } from '../support/app.js'
import { executeSql } from '../support/database-access.js'
import { listen, type Handler } from '../support/local-server.js'
import { beginIn, callbackOf, configureOAuth, sessionIn, startOAuthApp } from '../support/oauth.js'
import { startOpenIdDouble } from '../support/openid-double.js'
import { organization, type SeededKey, type SeededOrganization } from '../support/seed.js'
import { UserAgent, type Visit } from '../support/user-agent.js'

const clientId = 'keyhouse'
let app: TestApp
let double: Awaited<ReturnType<typeof startOpenIdDouble>>
let acme: SeededOrganization
let key: SeededKey

beforeAll(async () => {
  app = await startOAuthApp()
  double = await startOpenIdDouble(clientId)
  acme = await organization(app)
  key = await acme.apiKey({ permissions: ['mcp_server:use'] })
})
afterAll(async () => {
  await app.close()
  await double.close()
})
beforeEach(async () => {
  Object.assign(double, { handler: undefined, claims: {}, metadata: {}, isForged: false })
  await configure()
})

const configure = (issuer = double.origin): Promise<string> => configureOAuth(acme, key.id, { oidc: { issuer, clientId } })

/** Opens the callback with a code, as the provider would have it. */
async function callback(agent: UserAgent, code = 'any'): Promise<Visit> {
  const begin = await beginIn(acme, agent)
  double.nonceFrom(begin)
  const state = new URL(begin).searchParams.get('state')!
  return agent.get(`${callbackOf(app)}?${new URLSearchParams({ code, state }).toString()}`)
}

test('the double is believed as long as it is honest', async () => {
  const agent = new UserAgent()
  expect((await callback(agent)).status).toBe(200)
  expect((await sessionIn(acme, agent))?.endUser.externalId).toBe('ada')
})

test('one sign-in makes one session, even where the provider redeems a code again', async () => {
  const agent = new UserAgent()
  const { path } = await callback(agent)
  const again = await agent.get(path[0]!)
  expect([again.status, again.text]).toEqual([400, expect.stringContaining('already complete')])
})

const soon = Math.floor(Date.now() / 1000) + 60

test.each<[string, object]>([
  ['of another issuer', { iss: 'https://evil.example' }],
  ['for another client', { aud: 'another' }],
  ['for several audiences, authorized for another', { aud: [clientId, 'another'], azp: 'another' }],
  ['of another sign-in (nonce)', { nonce: 'another' }],
  ['without nonce', { nonce: undefined }],
  ['that is expired', { exp: soon - 3600 }],
  ['without the claim', { sub: undefined }],
  ['whose claim is a number', { sub: 7 }],
  ['whose claim is "*"', { sub: '*' }],
  ['whose claim has 151 characters', { sub: 'x'.repeat(151) }],
  ['whose claim is no ASCII', { sub: 'ädä' }],
])('an ID token %s is refused', async (_, claims) => {
  double.claims = claims
  const agent = new UserAgent()
  const visit = await callback(agent)
  expect([visit.status, visit.text]).toEqual([502, expect.stringContaining('cannot be trusted')])
  expect(await sessionIn(acme, agent)).toBeNull()
})

test('an ID token that another key signed is refused', async () => {
  double.isForged = true
  expect((await callback(new UserAgent())).status).toBe(502)
})

const answer =
  (status: number, type: string, body: string): Handler =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': type }).end(body)

test.each<[string, Handler]>([
  ['HTML', answer(200, 'text/html', '<h1>Maintenance</h1>')],
  ['an error', answer(503, 'application/json', '{"error":"temporarily_unavailable"}')],
  ['more than 128 KiB', answer(200, 'application/json', JSON.stringify({ id_token: 'x'.repeat(131_073) }))],
  ['a redirect', (_request, response) => void response.writeHead(307, { location: `${double.origin}/elsewhere` }).end()],
  [
    'half of a response',
    (_request, response) => void response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy()),
  ],
])('a token endpoint that answers %s signs nobody in, and is no fault of ours', async (_, handler) => {
  const agent = new UserAgent()
  double.nonceFrom(await beginIn(acme, agent))
  double.handler = handler
  expect((await callback(agent)).status).toBe(502)
  expect(double.requests).not.toContain('/elsewhere')
})

test('metadata is fetched once for many sign-ins at the same time, and failures are not kept', async () => {
  const fresh = await startOpenIdDouble(clientId)
  await configure(fresh.origin)
  fresh.handler = answer(500, 'text/plain', 'no')
  await expect(beginIn(acme, new UserAgent())).rejects.toMatchObject({ code: 'PROVIDER_INVALID' })
  fresh.handler = undefined
  const before = fresh.requests.length
  await Promise.all(Array.from({ length: 20 }, () => beginIn(acme, new UserAgent())))
  expect(fresh.requests.slice(before)).toEqual(['/.well-known/openid-configuration'])
  await fresh.close()
})

test.each([
  ['another issuer', { issuer: 'https://evil.example' }],
  ['a script as authorization endpoint', { authorization_endpoint: 'javascript:alert(1)' }],
  ['an authorization endpoint by http', { authorization_endpoint: 'http://evil.example/authorize' }],
  ['an authorization endpoint on the metadata service of a cloud', { authorization_endpoint: 'https://169.254.169.254/' }],
])('metadata with %s is refused', async (_, metadata) => {
  const liar = await startOpenIdDouble(clientId)
  liar.metadata = metadata
  await configure(liar.origin)
  await expect(beginIn(acme, new UserAgent())).rejects.toMatchObject({ code: 'PROVIDER_INVALID' })
  await liar.close()
})

test('a token endpoint at an address that is not allowed is never asked', async () => {
  const inner = await listen(answer(200, 'application/json', '{}'))
  const liar = await startOpenIdDouble(clientId)
  liar.metadata = { token_endpoint: inner.origin.replace('127.0.0.1', '127.0.0.2') }
  await configure(liar.origin)
  const visit = await callback(new UserAgent())
  expect(visit.status).toBe(502)
  await Promise.all([inner.close(), liar.close()])
})

test('a provider that is down is named as the cause', async () => {
  const down = await startOpenIdDouble(clientId)
  await configure(down.origin)
  await beginIn(acme, new UserAgent())
  await down.close()
  const visit = await callback(new UserAgent())
  expect([visit.status, visit.text]).toEqual([502, expect.stringContaining('cannot be reached')])
})

test('guesses count against the address: a hundred in a minute', async () => {
  const guess = (): Promise<Visit> => new UserAgent().get(`${callbackOf(app)}?state=guess&code=guess`)
  app.clock.advance(61_000)
  const statuses: number[] = []
  for (let i = 0; i < 101; i++) statuses.push((await guess()).status)
  expect(statuses.filter((status) => status === 400)).toHaveLength(100)
  expect(statuses.at(-1)).toBe(429)
  expect(await executeSql(app, `select id from end_user where external_id <> 'ada'`)).toEqual([])
})
