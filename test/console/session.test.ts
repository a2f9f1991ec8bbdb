/** The console's session: both halves work together, neither alone, and a page of another origin has no way in. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'

import { loginTtlSeconds } from '../../src/personal-tokens/issue-personal-token.js'
import { defaultNow, startApp, type AnswerBody, type TestApp } from '../support/app.js'
import { consoleEnv, openSession, postSession, readSession, runInConsole, sameOrigin, type ConsoleSession } from '../support/console.js'
import { invitation } from '../support/resources.js'
import { organization, type SeededOrganization } from '../support/seed.js'

let app: TestApp
let acme: SeededOrganization
let session: ConsoleSession
beforeAll(async () => {
  app = await startApp(consoleEnv)
  acme = await organization(app)
})
afterAll(() => app.close())
beforeEach(async () => {
  session = await openSession(app, { signInToken: await acme.signInToken() })
})
afterEach(() => {
  app.clock.at = new Date(defaultNow)
})

const jwtOf = ({ cookie }: ConsoleSession): string => cookie.slice(cookie.indexOf('=') + 1)
const whoAmI = '{ viewer { kind personalToken { id type description } } }'
const statusOf = async (response: Promise<Response>): Promise<number> => (await response).status
const answerOf = async (response: Promise<Response>): Promise<AnswerBody> => (await (await response).json()) as AnswerBody
const codeOf = async (response: Promise<Response>): Promise<string> => (await answerOf(response)).errors[0].extensions.code

describe('signing in', () => {
  test('a sign-in token opens a session of 12 hours: the key in the body, the token in a cookie that no script reads', () => {
    expect(session.setCookie).toMatch(/^keyhouse-4000=eyJ[\w.-]+; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/)
    expect(session.sessionKey).toMatch(/^[\w-]{43}$/)
    const claims = decodeJwt(jwtOf(session))
    expect(claims).toMatchObject({ type: 'LOGIN', cnf: { 'kh:session': expect.stringMatching(/^[\w-]{43}$/) } })
    expect(JSON.stringify(claims)).not.toContain(session.sessionKey)
  })

  test('an invitation opens one too, with the name', async () => {
    const { text } = await invitation({ app, organization: acme, projectId: acme.projectId, environment: 'SANDBOX', externalUserId: null })
    const invited = await openSession(app, { invitationToken: text, name: 'Grace' })
    const { data } = await answerOf(runInConsole(app, invited, '{ viewer { user { name } } }'))
    expect(data.viewer.user?.name).toBe('Grace')
  })

  test('over https the cookie is bound to the host and to TLS', async () => {
    const secure = await startApp({ KEYHOUSE_URL: 'https://keys.example.com' })
    const other = await openSession(secure, { signInToken: await (await organization(secure)).signInToken() })
    expect(other.setCookie).toMatch(/^__Host-keyhouse=eyJ[\w.-]+; Secure; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/)
    expect(await statusOf(runInConsole(secure, other, whoAmI))).toBe(200)
    await secure.close()
  })

  test.each([
    [{ signInToken: 'kh_signin_unknown' }, 422, 'NOT_FOUND'],
    [{ invitationToken: 'kh_invite_unknown', name: 'Grace' }, 422, 'NOT_FOUND'],
    [{ invitationToken: 'kh_invite_unknown', name: '' }, 422, 'INVALID'],
    [{ invitationToken: 'kh_invite_unknown' }, 400, 'BAD_REQUEST'],
    [{ signInToken: 'kh_signin_unknown', name: 'Grace' }, 400, 'BAD_REQUEST'],
    [{ signInToken: 7 }, 400, 'BAD_REQUEST'],
    [{}, 400, 'BAD_REQUEST'],
    [[], 400, 'BAD_REQUEST'],
  ])('%j is refused with %d %s and no cookie', async (body, status, code) => {
    const response = await postSession(app, body)
    expect(response.status).toBe(status)
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await codeOf(Promise.resolve(response))).toBe(code)
  })

  test('a link that was used opens nothing', async () => {
    const signInToken = await acme.signInToken()
    await openSession(app, { signInToken })
    const replayed = await postSession(app, { signInToken })
    expect(replayed.status).toBe(422)
    expect(replayed.headers.get('set-cookie')).toBeNull()
    expect(await codeOf(Promise.resolve(replayed))).toBe('INVALID_STATE')
  })
})

describe('both halves', () => {
  test('run GraphQL as the member, and tell when the session ends', async () => {
    const { data } = await answerOf(runInConsole(app, session, whoAmI))
    expect(data.viewer).toMatchObject({ kind: 'PERSONAL_TOKEN', personalToken: { type: 'LOGIN', description: 'Console' } })
    const expiresAt = new Date(defaultNow.getTime() + loginTtlSeconds * 1000).toISOString()
    const told = await (await readSession(app, session)).json()
    expect(told).toEqual({ expiresAt, url: consoleEnv.KEYHOUSE_URL, version: expect.stringMatching(/^\d+\.\d+\.\d+/) })
  })

  test('a session cannot be revealed, not in its first second either', async () => {
    const { data } = await answerOf(runInConsole(app, session, whoAmI))
    const { id } = data.viewer.personalToken
    const reveal = `mutation { revealPersonalToken(input: { id: "${id}" }) { token userErrors { code } } }`
    const revealed = await answerOf(runInConsole(app, session, reveal))
    expect(revealed.data.revealPersonalToken).toEqual({ token: null, userErrors: [{ code: 'ALREADY_REVEALED' }] })
    expect((await acme.tokenRow(id)).sealedText).toBeNull()
  })

  test('nothing about the server but the ways in is told without a session', async () => {
    const ways = { ways: ['signInToken', 'invitationToken'] }
    const { cookie, sessionKey } = session
    for (const part of [{}, { cookie }, { sessionKey }, { cookie: 'keyhouse-4000=eyJ.eyJ.x', sessionKey }]) {
      expect(await (await readSession(app, part)).json()).toEqual(ways)
    }
  })
})

describe('one half alone is refused', () => {
  test('the cookie, which a server on another port of the host receives', async () => {
    const { cookie } = session
    expect(await statusOf(runInConsole(app, { cookie }, whoAmI))).toBe(401)
    expect(await codeOf(runInConsole(app, { cookie }, whoAmI))).toBe('UNAUTHENTICATED')
  })

  test('the session key, which a script reads', async () => {
    expect(await statusOf(runInConsole(app, { sessionKey: session.sessionKey }, whoAmI))).toBe(401)
  })

  test('the token of the cookie as a bearer token, on /graphql and on the gateway', async () => {
    expect((await app.run(jwtOf(session), whoAmI)).status).toBe(401)
    const authorization = `Bearer ${jwtOf(session)}`
    const mcp = await fetch(`${app.url}/mcp/mcp_srv_1`, { method: 'POST', headers: { ...sameOrigin, authorization }, body: '{}' })
    expect(mcp.status).toBe(401)
  })

  test('the cookie and the key on /graphql, which reads no cookie', async () => {
    const headers = { cookie: session.cookie, 'x-keyhouse-session-key': session.sessionKey }
    expect((await app.run(null, whoAmI, {}, headers)).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
  })

  test('the halves of two sessions, or a key that is sent twice', async () => {
    const other = await openSession(app, { signInToken: await acme.signInToken() })
    expect(await statusOf(runInConsole(app, { ...session, sessionKey: other.sessionKey }, whoAmI))).toBe(401)
    expect(await statusOf(runInConsole(app, { ...session, sessionKey: `${session.sessionKey}, ${session.sessionKey}` }, whoAmI))).toBe(401)
  })

  test('a LOGIN token without confirmation as the cookie, which a neighbor may set to sign its victim in as somebody else', async () => {
    const { token } = await acme.member('ADMIN')
    expect(await statusOf(runInConsole(app, { ...session, cookie: `keyhouse-4000=${token}` }, whoAmI))).toBe(401)
    expect(await statusOf(runInConsole(app, { ...session, cookie: `keyhouse-4000=${acme.sandboxKey}` }, whoAmI))).toBe(401)
    expect(await statusOf(runInConsole(app, { ...session, cookie: `keyhouse-4000=${token}; ${session.cookie}` }, whoAmI))).toBe(401)
  })

  test('an API key in Authorization, beside no session', async () => {
    expect(await statusOf(runInConsole(app, {}, whoAmI, { authorization: `Bearer ${acme.sandboxKey}` }))).toBe(401)
  })
})

describe('pages of other origins', () => {
  test.each(['cross-site', 'same-site', 'none', undefined])('Sec-Fetch-Site: %s opens, uses and ends no session', async (site) => {
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      ...(site === undefined ? {} : { 'sec-fetch-site': site }),
    }
    const signInToken = await acme.signInToken()
    expect(await statusOf(postSession(app, { signInToken }, headers))).toBe(403)
    const halves = { cookie: session.cookie, 'x-keyhouse-session-key': session.sessionKey }
    const graphql = { method: 'POST', headers: { ...headers, ...halves }, body: JSON.stringify({ query: whoAmI }) }
    expect(await statusOf(fetch(`${app.url}/console/graphql`, graphql))).toBe(403)
    expect(await statusOf(fetch(`${app.url}/console/session`, { method: 'DELETE', headers: { ...headers, ...halves } }))).toBe(403)
    expect(await statusOf(runInConsole(app, session, whoAmI))).toBe(200)
    // The link is unspent.
    expect(await statusOf(postSession(app, { signInToken }))).toBe(200)
  })

  test('a form cannot sign in: only JSON is read', async () => {
    const body = JSON.stringify({ signInToken: await acme.signInToken() })
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const headers = { ...sameOrigin, 'content-type': type }
      expect(await statusOf(fetch(`${app.url}/console/session`, { method: 'POST', headers, body }))).toBe(415)
    }
  })

  test('an origin that CORS allows reads nothing of the console, and passes no preflight', async () => {
    const headers = { origin: 'https://studio.apollographql.com', 'access-control-request-method': 'POST' }
    for (const path of ['/console/session', '/console/graphql']) {
      const preflight = await fetch(`${app.url}${path}`, { method: 'OPTIONS', headers })
      expect(preflight.status).toBe(404)
    }
    expect((await fetch(`${app.url}/console/session`, { headers })).headers.get('access-control-allow-origin')).toBeNull()
  })

  test('a GET runs no GraphQL', async () => {
    const headers = { ...sameOrigin, cookie: session.cookie, 'x-keyhouse-session-key': session.sessionKey }
    expect(await statusOf(fetch(`${app.url}/console/graphql?query={__typename}`, { headers }))).toBe(404)
  })
})

describe('the end of a session', () => {
  test('is at its twelfth hour, not a millisecond before', async () => {
    app.clock.advance(loginTtlSeconds * 1000 - 1)
    expect(await statusOf(runInConsole(app, session, whoAmI))).toBe(200)
    app.clock.advance(1)
    expect(await statusOf(runInConsole(app, session, whoAmI))).toBe(401)
    expect(await (await readSession(app, session)).json()).toHaveProperty('ways')
  })

  test('signing out revokes the token and clears the cookie; again it changes nothing', async () => {
    const headers = { 'sec-fetch-site': 'same-origin', cookie: session.cookie, 'x-keyhouse-session-key': session.sessionKey }
    const signOut = (): Promise<Response> => fetch(`${app.url}/console/session`, { method: 'DELETE', headers })
    const { data } = await answerOf(runInConsole(app, session, whoAmI))
    for (let i = 0; i < 2; i++) {
      const response = await signOut()
      expect(response.status).toBe(204)
      expect(response.headers.get('set-cookie')).toBe('keyhouse-4000=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0')
    }
    expect(await statusOf(runInConsole(app, session, whoAmI))).toBe(401)
    const events = await acme.events('personal_token:revoke_own')
    expect(events.filter(({ subjectId }) => subjectId === data.viewer.personalToken?.id)).toHaveLength(1)
  })

  test('signing out with the cookie alone revokes nothing', async () => {
    const response = await fetch(`${app.url}/console/session`, {
      method: 'DELETE',
      headers: { 'sec-fetch-site': 'same-origin', cookie: session.cookie },
    })
    expect(response.status).toBe(204)
    expect(await statusOf(runInConsole(app, session, whoAmI))).toBe(200)
  })

  test('signing out everywhere ends every session of the member, this one too', async () => {
    const everywhere = 'mutation { revokeAllPersonalTokens { revokedCount userErrors { code } } }'
    const { data } = await answerOf(runInConsole(app, session, everywhere))
    expect(data.revokeAllPersonalTokens).toEqual({ revokedCount: 2, userErrors: [] })
    expect(await statusOf(runInConsole(app, session, whoAmI))).toBe(401)
  })

  test('a removed member is out at the next request', async () => {
    const { data } = await answerOf(runInConsole(app, session, '{ viewer { user { id } } }'))
    const { members } = (await app.run(acme.adminToken, '{ members(first: 100) { nodes { id user { id } } } }')).data
    const member = members.nodes.find(({ user }: { user: { id: string } }) => user.id === data.viewer.user.id)!
    await app.mutate(acme.adminToken, 'removeMember', { id: member.id }, 'removedMemberId')
    expect(await statusOf(runInConsole(app, session, whoAmI))).toBe(401)
  })
})

test('neither the cookie nor the key nor the link is in the log, whatever happened', async () => {
  const signInToken = await acme.signInToken()
  const made = await openSession(app, { signInToken })
  await runInConsole(app, made, whoAmI)
  await runInConsole(app, { cookie: made.cookie }, whoAmI)
  await runInConsole(app, made, '{ nonsense }')
  await fetch(`${app.url}/console/session`, { method: 'DELETE', headers: { ...sameOrigin, cookie: made.cookie }, body: '{' })
  for (const secret of [signInToken, made.sessionKey, jwtOf(made)]) expect(app.log).not.toContain(secret)
  const metrics = await (await fetch(`${app.url}/metrics`)).text()
  for (const secret of [signInToken, made.sessionKey, jwtOf(made)]) expect(metrics).not.toContain(secret)
  expect(metrics).toContain('/console/graphql')
})
