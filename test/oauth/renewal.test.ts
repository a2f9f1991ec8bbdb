/** Tokens of a connected account renew themselves: one renewal for all callers, and only a dead grant asks to connect again. */
import type { ServerResponse } from 'node:http'

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'

import { executeSql } from '../support/database-access.js'
import { isPostgres } from '../support/database.js'
import { ConnectionWorld } from '../support/oauth-connections.js'
import { waitFor } from '../support/wait-for.js'

let world: ConnectionWorld
beforeAll(async () => {
  world = await ConnectionWorld.start({}, { KEYHOUSE_LIMIT_CALLS_PER_END_USER: '200' })
})
afterAll(() => world.close())

const hourMs = 3_600_000
let users = 0
let user: string
beforeEach(async () => {
  const { upstream } = world
  upstream.intercept = () => false
  upstream.interceptResource = () => false
  user = `user-${++users}`
  await world.connect(user)
})

/** Answers token requests with this; everything else goes on. Returns the number of answers. */
function answerTokenRequests(answer: (response: ServerResponse) => void): () => number {
  let answered = 0
  world.upstream.intercept = ({ url }, response) => {
    if (url !== '/token') return false
    answered++
    answer(response)
    return true
  }
  return () => answered
}

const sendError =
  (status: number, error: string, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error }))

test('an access token is renewed a minute before it expires, and not earlier', async () => {
  const { renewals } = world.upstream
  world.app.clock.advance(hourMs - 60_001)
  await world.call(user)
  expect(world.upstream.renewals).toBe(renewals)
  world.app.clock.advance(1)
  const before = await world.credential()
  await world.call(user)
  expect(world.upstream.renewals).toBe(renewals + 1)
  const after = await world.credential()
  // The sessions of the gateway are bound to `version`.
  expect(after).toMatchObject({ version: before.version, refreshVersion: before.refreshVersion + 1, leaseUntil: null })
  expect(after.sealedRefresh).not.toBe(before.sealedRefresh)
})

test.each([60, 119])('an access token of %i seconds is renewed after half of its life, and not for each call', async (seconds) => {
  await world.call(user)
  const token = world.upstream.accepted.at(-1)
  world.app.clock.advance(hourMs)
  const answered = answerTokenRequests((response) => {
    const body = { access_token: token, token_type: 'Bearer', expires_in: seconds }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  for (let call = 0; call < 2; call++) expect(await world.call(user)).toBe('jane-upstream')
  world.app.clock.advance(seconds * 500 - 1)
  expect(await world.call(user)).toBe('jane-upstream')
  expect(answered()).toBe(1)
  world.app.clock.advance(1)
  expect(await world.call(user)).toBe('jane-upstream')
  expect(answered()).toBe(2)
})

test('200 calls at once on an expired token, by two replicas: one renewal, and no call fails', async () => {
  const replica = await world.replica()
  try {
    const { renewals } = world.upstream
    world.app.clock.advance(hourMs)
    const places = [world.app.url, replica.url]
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => world.call(user, { at: places[i % 2]! })))
    expect(new Set(answers)).toEqual(new Set(['jane-upstream']))
    expect(world.upstream.renewals).toBe(renewals + 1)
  } finally {
    await replica.close()
  }
})

test('a 401 to a token that should be valid renews it once, and the call goes on', async () => {
  await world.call(user)
  const { renewals, refused, accepted } = world.upstream
  refused.add(accepted.at(-1)!)
  expect(await world.call(user)).toBe('jane-upstream')
  expect(world.upstream.renewals).toBe(renewals + 1)
  world.upstream.interceptResource = ({ headers }, response) => {
    if (!headers.authorization) return false
    response.writeHead(401).end()
    return true
  }
  const refusal = { reason: 'CREDENTIAL_REFUSED', httpStatus: 401, connectUrl: expect.any(String) }
  expect(await world.refusal(user)).toMatchObject(refusal)
  expect(world.upstream.renewals).toBe(renewals + 2)
  // A server that refuses every token does not have one renewed for each call.
  world.app.clock.advance(14_999)
  expect(await world.refusal(user)).toMatchObject(refusal)
  expect(world.upstream.renewals).toBe(renewals + 2)
  world.app.clock.advance(1)
  await world.refusal(user)
  expect(world.upstream.renewals).toBe(renewals + 3)
})

test('a renewal ends after its caller left, and its rotation is stored', async () => {
  world.app.clock.advance(hourMs)
  const { renewals } = world.upstream
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  let isHeld = false
  world.upstream.intercept = async ({ url }) => {
    if (url === '/token') {
      isHeld = true
      await held
    }
    return false
  }
  const abort = new AbortController()
  const call = fetch(`${world.app.url}/mcp/${world.serverId}`, {
    method: 'POST',
    signal: abort.signal,
    headers: { authorization: `Bearer ${world.agent.secret}`, 'x-on-behalf-of': user, 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  }).catch(() => undefined)
  await waitFor(() => isHeld)
  abort.abort()
  await call
  // It holds the slot of the call: callers that leave cannot start any number of renewals.
  expect(world.app.services.outboundConcurrency.count(`call ${world.acme.id}`)).toBe(1)
  release()
  await waitFor(async () => (await world.credential()).refreshVersion === 1)
  expect(await world.call(user)).toBe('jane-upstream')
  expect(world.upstream.renewals).toBe(renewals + 1)
})

test.each([
  ['is down', 'INVALID_RESPONSE', sendError(503, 'server_error')],
  [
    'answers HTML',
    'INVALID_RESPONSE',
    (response: ServerResponse) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
  ],
  ['breaks the connection', 'UNREACHABLE', (response: ServerResponse) => void response.destroy()],
  ['refuses for another reason', 'REFUSED', sendError(400, 'invalid_target')],
  ['refuses with the status 200', 'REFUSED', sendError(200, 'bad_verification_code')],
])('an authorization server that %s does not disconnect the account, and is asked again later', async (_name, cause, answer) => {
  world.app.clock.advance(hourMs)
  const answered = answerTokenRequests(answer)
  expect(await world.refusal(user)).toEqual({ reason: 'RENEWAL_FAILED', cause, retryAfterMs: 15_000 })
  await world.refusal(user)
  expect(answered()).toBe(1)
  expect(await world.credential()).toMatchObject({ healthStatus: 'UNKNOWN', leaseUntil: null })
  world.upstream.intercept = () => false
  world.app.clock.advance(14_999)
  await world.refusal(user)
  world.app.clock.advance(1)
  expect(await world.call(user)).toBe('jane-upstream')
})

test('an authorization server whose metadata is wrong for a while gets no token, and does not disconnect the account', async () => {
  world.app.clock.advance(hourMs)
  const { renewals } = world.upstream
  world.upstream.intercept = ({ url }, response) => {
    if (!url?.startsWith('/.well-known/')) return false
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ issuer: 'https://attacker.example' }))
    return true
  }
  expect(await world.refusal(user)).toEqual({ reason: 'RENEWAL_FAILED', cause: 'METADATA_INVALID', retryAfterMs: 15_000 })
  expect(world.upstream.renewals).toBe(renewals)
  world.upstream.intercept = () => false
  world.app.clock.advance(15_000)
  expect(await world.call(user)).toBe('jane-upstream')
})

test.each([
  ['invalid_target', 'request: invalid_target.'],
  ['any_other_text', 'request.'],
])('a test of the server says why a token was not renewed, with the error code %s only if OAuth defines it', async (error, end) => {
  world.app.clock.advance(hourMs)
  answerTokenRequests(sendError(400, error))
  const { app, acme, serverId } = world
  const owner = { 'x-on-behalf-of': user }
  const { test: tried } = await app.mutate(acme.sandboxKey, 'testMcpServer', { serverId }, 'test { failure { code message } }', owner)
  const message = `The access token could not be renewed. The authorization server refused the ${end}`
  expect(tried.failure).toEqual({ code: 'CREDENTIAL_UNAVAILABLE', message })
})

test.each([
  ['120', 120_000],
  ['0', 1000],
  ['999999999', hourMs],
  ['Mon, 01 Jan 2001 00:00:00 GMT', 1000],
  ['Fri, 31 Dec 2100 00:00:00 GMT', hourMs],
  ['soon', 15_000],
])('an authorization server that asks to wait until "%s" is asked after %i ms', async (retryAfter, retryAfterMs) => {
  world.app.clock.advance(hourMs)
  const answered = answerTokenRequests(sendError(429, 'slow_down', { 'retry-after': retryAfter }))
  expect(await world.refusal(user)).toEqual({ reason: 'RENEWAL_FAILED', cause: 'RATE_LIMITED', retryAfterMs })
  world.app.clock.advance(retryAfterMs - 1)
  await world.refusal(user)
  expect(answered()).toBe(1)
  world.upstream.intercept = () => false
  world.app.clock.advance(1)
  expect(await world.call(user)).toBe('jane-upstream')
})

test('before the token expires, a failed renewal does not fail the call', async () => {
  world.app.clock.advance(hourMs - 30_000)
  answerTokenRequests(sendError(503, 'server_error'))
  expect(await world.call(user)).toBe('jane-upstream')
})

test('a response without a refresh token keeps the earlier one', async () => {
  world.app.clock.advance(hourMs)
  const before = await world.credential()
  const known = world.upstream.accepted
  await world.call(user)
  const token = known.at(-1)!
  world.app.clock.advance(hourMs)
  const rotated = await world.credential()
  expect(rotated.sealedRefresh).not.toBe(before.sealedRefresh)
  answerTokenRequests((response) => {
    const body = { access_token: token, token_type: 'Bearer', expires_in: 3600 }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  expect(await world.call(user)).toBe('jane-upstream')
  expect((await world.credential()).sealedRefresh).toBe(rotated.sealedRefresh)
})

test('a dead grant asks to connect again, once, with an event and a link, and is connected by it', async () => {
  world.app.clock.advance(hourMs)
  const answered = answerTokenRequests(sendError(400, 'invalid_grant'))
  let lookups = 0
  world.upstream.interceptResource = ({ url }) => {
    if (url?.startsWith('/.well-known/')) lookups++
    return false
  }
  const refusals = await Promise.all([world.refusal(user), world.refusal(user), world.refusal(user)])
  expect(refusals.map(({ reason }) => reason)).toEqual(['RECONNECT_REQUIRED', 'RECONNECT_REQUIRED', 'RECONNECT_REQUIRED'])
  expect(answered()).toBe(1)
  // For the renewal, and anew for the link: the server may name another authorization server by now.
  expect(lookups).toBe(2)
  const lost = await world.credential()
  expect(lost).toMatchObject({ healthStatus: 'RECONNECT_REQUIRED', sealedValue: null, sealedRefresh: null })
  const events = (await world.acme.events('mcp_credential:lapse')).filter(({ subjectId }) => subjectId === lost.id)
  expect(events).toMatchObject([
    { actorId: null, endUserId: lost.endUserId, details: { reason: 'INVALID_GRANT', serverId: world.serverId } },
  ])
  world.upstream.intercept = () => false
  await (await world.browser(user)).open((await world.refusal(user)).connectUrl!)
  expect(await world.call(user)).toBe('jane-upstream')
  expect(await world.credential()).toMatchObject({ id: lost.id, version: lost.version + 1 })
})

test("GitHub's error for a dead refresh token, which has the status 200, asks to connect again", async () => {
  world.app.clock.advance(hourMs)
  answerTokenRequests(sendError(200, 'bad_refresh_token'))
  expect(await world.refusal(user)).toMatchObject({ reason: 'RECONNECT_REQUIRED' })
})

test.each([
  ['an invalid_grant does not mark', sendError(400, 'invalid_grant')],
  [
    'tokens of the same grant are not revoked under',
    (response: ServerResponse) => {
      const body = { access_token: 'a-second-token', refresh_token: 'the-same-token', token_type: 'Bearer', expires_in: 3600 }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    },
  ],
])('of a renewal that lost a race, %s what the winner stored', async (_name, answer) => {
  world.app.clock.advance(hourMs)
  const renewed = await world.credential()
  const revoked: string[] = []
  world.upstream.intercept = async ({ url }, response) => {
    if (url === '/token/revocation') revoked.push(url)
    if (url !== '/token') return false
    // Another process, whose lease this one does not see, renews first.
    await executeSql(world.app, 'update mcp_credential set refresh_version = 7, access_expires_at = ? where id = ?', [
      isPostgres ? new Date(world.app.clock.at.getTime() + hourMs) : world.app.clock.at.getTime() + hourMs,
      renewed.id,
    ])
    answer(response)
    return true
  }
  expect(await world.call(user)).toBe('jane-upstream')
  expect(await world.credential()).toMatchObject({ healthStatus: 'UNKNOWN', refreshVersion: 7, sealedRefresh: renewed.sealedRefresh })
  await world.app.services.tokenTasks.settle(5000)
  expect(revoked).toEqual([])
})

test('a lease of a process that crashed is over after 30 seconds', async () => {
  world.app.clock.advance(hourMs)
  const { id } = await world.credential()
  const until = world.app.clock.at.getTime() + 30_000
  await executeSql(world.app, 'update mcp_credential set lease_until = ? where id = ?', [isPostgres ? new Date(until) : until, id])
  let isAnswered = false
  const call = world.call(user).finally(() => (isAnswered = true))
  world.app.clock.advance(29_999)
  await new Promise((resolve) => setTimeout(resolve, 250))
  expect(isAnswered).toBe(false)
  world.app.clock.advance(1)
  expect(await call).toBe('jane-upstream')
})

test.each([
  [
    'the credential is revoked',
    (id: string) => world.app.mutate(world.acme.sandboxKey, 'revokeMcpCredential', { id }, 'credential { id }', { 'x-on-behalf-of': user }),
  ],
  ['the end user is forgotten', () => world.app.mutate(world.acme.sandboxKey, 'forgetEndUser', { externalId: user }, 'wipedCredentials')],
])('when %s during a renewal, the tokens are wiped at once, nothing is stored, and both are revoked upstream', async (_name, revoke) => {
  world.app.clock.advance(hourMs)
  const { id } = await world.credential()
  const revoked: string[] = []
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  let isHeld = false
  world.upstream.intercept = async ({ url }, response) => {
    if (url === '/token/revocation') {
      revoked.push(url)
      // Answered here: the provider would refuse the renewal that is held, and there would be no tokens to revoke.
      response.writeHead(200).end()
      return true
    }
    if (url !== '/token') return false
    isHeld = true
    await held
    return false
  }
  const call = world.call(user)
  await waitFor(() => isHeld)
  await revoke(id)
  expect(await world.acme.credentialRow(id)).toMatchObject({ sealedValue: null, sealedRefresh: null, revokedAt: expect.any(Date) })
  release()
  expect(await call).toMatchObject({ data: { reason: 'NO_CREDENTIAL' } })
  expect(await world.acme.credentialRow(id)).toMatchObject({ sealedValue: null, sealedRefresh: null })
  await waitFor(() => revoked.length === 2)
})

test('a server that names another authorization server: no token goes there, and the account must be connected again', async () => {
  const foreign: string[] = []
  const serverId = await world.server(world.upstream.serverUrl.replace('/mcp', '/mcp/'))
  await world.connect(user, serverId)
  world.app.clock.advance(hourMs)
  world.upstream.interceptResource = ({ url, headers }, response) => {
    if (!url?.startsWith('/.well-known/')) return false
    foreign.push(JSON.stringify(headers))
    const document = { resource: world.upstream.serverUrl, authorization_servers: ['https://attacker.example'] }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
    return true
  }
  const { renewals } = world.upstream
  expect(await world.call(user, { serverId })).toMatchObject({ data: { reason: 'RECONNECT_REQUIRED' } })
  expect(world.upstream.renewals).toBe(renewals)
  expect(foreign.join('')).not.toContain('authorization')
  const [event] = (await world.acme.events('mcp_credential:lapse')).slice(-1)
  expect(event).toMatchObject({ details: { reason: 'AUTHORIZATION_SERVER_CHANGED' } })
})

test('a server whose metadata are missing for a while disconnects nobody', async () => {
  const serverId = await world.server(world.upstream.serverUrl.replace('/mcp', '/mcp//'))
  await world.connect(user, serverId)
  world.app.clock.advance(hourMs)
  world.upstream.interceptResource = ({ headers }, response) => {
    if (headers.authorization) return false
    response.writeHead(404).end()
    return true
  }
  const { renewals } = world.upstream
  expect(await world.call(user, { serverId })).toBe('jane-upstream')
  expect(world.upstream.renewals).toBe(renewals + 1)
})

test.each([
  [19_999, 'jane-upstream', 1],
  [20_001, expect.objectContaining({ data: { reason: 'RENEWAL_FAILED', cause: 'TIMEOUT', retryAfterMs: 15_000 } }), 0],
])('a refresh token is sent while the lease lasts as long as the request may: not after a look-up of %i ms', async (ms, answer, count) => {
  world.app.clock.advance(hourMs)
  const { renewals } = world.upstream
  world.upstream.intercept = ({ url }) => {
    if (url?.startsWith('/.well-known/')) world.app.clock.advance(ms)
    return false
  }
  expect(await world.call(user)).toEqual(answer)
  expect(world.upstream.renewals).toBe(renewals + count)
})

test('scopes that the server asks for are in the answer, and in the next authorization request', async () => {
  let challenge = 'Bearer error="insufficient_scope", scope="write read"'
  world.upstream.interceptResource = ({ headers }, response) => {
    if (!headers.authorization) return false
    response.writeHead(403, { 'www-authenticate': challenge }).end()
    return true
  }
  const { renewals } = world.upstream
  const refused = await world.refusal(user)
  expect(refused).toMatchObject({ reason: 'CREDENTIAL_REFUSED', httpStatus: 403, neededScopes: ['write', 'read'] })
  expect(world.upstream.renewals).toBe(renewals)
  const browser = await world.browser(user)
  const location = (await browser.get(refused.connectUrl!)).headers.get('location')!
  expect(new URL(location).searchParams.get('scope')).toBe('write read')
  // The same link, until more is asked for than it has.
  expect((await world.refusal(user)).connectUrl).toBe(refused.connectUrl)
  challenge = 'Bearer error="insufficient_scope", scope="write read admin"'
  expect((await world.refusal(user)).connectUrl).not.toBe(refused.connectUrl)
  challenge = 'Bearer error="insufficient_scope", scope="write read"'
  await world.refusal(user)
  expect(await world.credential()).toMatchObject({
    healthStatus: expect.not.stringMatching('RECONNECT_REQUIRED'),
    neededScopes: ['write', 'read'],
  })
  const query = '{ mcpCredentials(first: 1) { nodes { oauthIssuer oauthScopes neededScopes } } }'
  const { data } = await world.app.run(world.acme.sandboxKey, query, {}, { 'x-on-behalf-of': user })
  expect(data.mcpCredentials.nodes).toEqual([
    { oauthIssuer: world.upstream.issuer, oauthScopes: ['read'], neededScopes: ['write', 'read'] },
  ])
})
