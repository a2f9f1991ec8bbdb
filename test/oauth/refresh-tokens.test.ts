/** Refresh tokens: rotation, a window of 30 seconds for a lost response, and the end of the family (OAUTH.md E, AS 5). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'

import { AccessToken } from '../../src/entities/access-token.js'
import { OAuthCode } from '../../src/entities/oauth-code.js'
import { OAuthGrant } from '../../src/entities/oauth-grant.js'
import { OAuthRefreshToken } from '../../src/entities/oauth-refresh-token.js'
import { sha256 } from '../../src/lib/crypto/digest.js'
import { deleteExpiredOAuthRows, wipeReplayableResponses } from '../../src/oauth/grants/delete-expired.js'
import { GrantWorld, redirectUri } from '../support/oauth-grants.js'

let world: GrantWorld
beforeAll(async () => {
  world = await GrantWorld.start()
})
afterAll(() => world.close())

const latestGrant = async (): Promise<OAuthGrant> =>
  (await world.gateway.acme.em.find(OAuthGrant, {}, { orderBy: { id: 'DESC' }, limit: 1 }))[0]!
const rowOf = (token: string): Promise<OAuthRefreshToken | null> =>
  world.gateway.acme.em.findOne(OAuthRefreshToken, { digest: sha256(token) })
const expectInvalidGrant = async (refreshToken: string, text: string, changes: Record<string, string> = {}): Promise<void> => {
  const { status, body } = await world.refresh(refreshToken, changes)
  expect([status, body]).toEqual([400, { error: 'invalid_grant', error_description: expect.stringContaining(text) }])
}

test('each use gives a successor and a new access token, as one change with one event', async () => {
  const first = await world.tokens('ada')
  const { status, headers, body } = await world.refresh(first.refresh_token)
  expect([status, headers.get('cache-control'), headers.get('pragma')]).toEqual([200, 'no-store', 'no-cache'])
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'mcp_server:use mcp_tool:*' })
  expect(body.refresh_token).not.toBe(first.refresh_token)
  expect(decodeJwt(body.access_token)).toMatchObject({ sub: 'ada', aud: world.resource, client_id: await world.clientId() })
  expect(decodeJwt(body.access_token).jti).not.toBe(decodeJwt(first.access_token).jti)
  const events = await world.gateway.acme.events('oauth_grant:refresh')
  expect(events).toHaveLength(1)
  expect(events[0]).toMatchObject({ subjectId: (await latestGrant()).id, details: { tokenId: decodeJwt(body.access_token).jti } })
  expect((await world.refresh(body.refresh_token)).status).toBe(200)
})

test('a repeated use within 30 seconds gives the same response', async () => {
  const { app } = world.gateway
  const { refresh_token: token } = await world.tokens('ada')
  const first = await world.refresh(token)
  app.clock.advance(29_999)
  const second = await world.refresh(token)
  expect([second.status, second.body]).toEqual([200, first.body])
  expect((await latestGrant()).revokedAt).toBeNull()
})

test('a repeated use after 30 seconds revokes the family, and leaves an event', async () => {
  const { app, acme } = world.gateway
  const { refresh_token: token } = await world.tokens('ada')
  const { body } = await world.refresh(token)
  app.clock.advance(30_000)
  await expectInvalidGrant(token, 'The refresh token was used before. Its grant is now revoked.')
  const grant = await latestGrant()
  expect(grant.revokedAt).toEqual(app.clock.now())
  expect((await acme.em.find(AccessToken, { grantId: grant.id })).every(({ revokedAt }) => revokedAt !== null)).toBe(true)
  expect((await acme.events('oauth_grant:replayed')).at(-1)).toMatchObject({
    outcome: 'ALLOWED',
    actorId: grant.endUserId,
    subjectId: grant.id,
    details: { credential: 'refresh_token', revokedTokens: 2 },
  })
  await expectInvalidGrant(body.refresh_token, 'The grant is revoked.')
})

test('another client gets nothing, and the token stays good', async () => {
  const { refresh_token: token } = await world.tokens('ada')
  const other = String((await world.register({ redirect_uris: [redirectUri] })).body['client_id'])
  await expectInvalidGrant(token, 'belongs to another client', { client_id: other })
  expect((await world.refresh(token)).status).toBe(200)
})

test('scope narrows one access token, never the grant, and never widens', async () => {
  const { refresh_token: token } = await world.tokens('ada', { scope: 'mcp_server:use mcp_tool:echo mcp_tool:add' })
  const narrowed = await world.refresh(token, { scope: 'mcp_server:use mcp_tool:echo offline_access' })
  expect(narrowed.body.scope).toBe('mcp_server:use mcp_tool:echo')
  const whole = await world.refresh(narrowed.body.refresh_token)
  expect(whole.body.scope.split(' ').toSorted()).toEqual(['mcp_server:use', 'mcp_tool:add', 'mcp_tool:echo'])
  for (const scope of ['mcp_tool:*', 'mcp_tool:other', '*', 'mcp_server:use mcp_credential:read', 'openid']) {
    const { status, body } = await world.refresh(whole.body.refresh_token, { scope })
    expect([scope, status, body.error]).toEqual([scope, 400, 'invalid_scope'])
  }
  expect((await world.refresh(whole.body.refresh_token, { resource: 'https://evil.example/mcp' })).body.error).toBe('invalid_target')
  expect((await world.refresh(whole.body.refresh_token)).status).toBe(200)
})

test('a refresh token lasts 30 days from its issue, and never longer than the API key', async () => {
  const { app, acme } = world.gateway
  const { refresh_token: token } = await world.tokens('ada')
  app.clock.advance(30 * 86_400_000 - 1)
  const { body } = await world.refresh(token)
  expect(body.expires_in).toBe(3600)
  app.clock.advance(30 * 86_400_000)
  await expectInvalidGrant(body.refresh_token, 'used or expired')
  const expiresAt = new Date(app.clock.now().getTime() + 600_000)
  const short = await acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'], expiresAt })
  await world.configure({ apiKeyId: short.id })
  const last = await world.tokens('ada')
  expect(last.expires_in).toBe(600)
  expect((await rowOf(last.refresh_token))!.expiresAt).toEqual(expiresAt)
  app.clock.advance(600_000)
  await expectInvalidGrant(last.refresh_token, 'The API key behind this grant is expired')
  await world.configure({ apiKeyId: world.key.id })
})

test('fifty refreshes at once on two replicas give one successor to all', async () => {
  const { refresh_token: token } = await world.tokens('ada')
  const replica = await world.replica()
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => world.refresh(token, {}, i % 2 ? replica.url : world.at)))
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200))
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
  const grant = await latestGrant()
  expect(await world.gateway.acme.em.count(AccessToken, { grantId: grant.id })).toBe(2)
  expect(grant.revokedAt).toBeNull()
  await replica.close()
})

test('the sealed response is wiped when its window closes, and expired rows are deleted', async () => {
  const { app, acme } = world.gateway
  const code = await world.code(await world.signIn('ada'))
  const { refresh_token: token } = (await world.redeem(code)).body
  const { access_token: accessToken } = (await world.refresh(token)).body
  const sealed = (await rowOf(token))!.sealedSuccessor
  expect(sealed).toMatch(/^v1\./)
  expect(sealed).not.toContain(accessToken)
  app.clock.advance(29_999)
  await wipeReplayableResponses(app.services)
  expect((await rowOf(token))!.sealedSuccessor).toBe(sealed)
  app.clock.advance(1)
  await wipeReplayableResponses(app.services)
  expect((await rowOf(token))!.sealedSuccessor).toBeNull()
  app.clock.advance(3_600_000 + 60_000 - 30_001)
  await deleteExpiredOAuthRows(app.services)
  expect(await acme.em.count(OAuthCode, { digest: sha256(code.code) })).toBe(1)
  app.clock.advance(1)
  await deleteExpiredOAuthRows(app.services)
  expect(await acme.em.count(OAuthCode, { digest: sha256(code.code) })).toBe(0)
  expect(await rowOf(token)).not.toBeNull()
  app.clock.advance(30 * 86_400_000)
  await deleteExpiredOAuthRows(app.services)
  expect(await rowOf(token)).toBeNull()
})

test('neither tokens, codes nor verifiers are in the log, in events or in the database', async () => {
  const { app, acme } = world.gateway
  const code = await world.code(await world.signIn('ada'))
  const { body } = await world.redeem(code)
  const refreshed = await world.refresh(body.refresh_token)
  const { em } = acme
  const stored = JSON.stringify([
    await em.find(OAuthCode, {}),
    await em.find(OAuthRefreshToken, {}),
    await em.find(AccessToken, {}),
    await acme.events(),
  ])
  for (const secret of [
    code.code,
    code.verifier,
    body.access_token,
    body.refresh_token,
    refreshed.body.access_token,
    refreshed.body.refresh_token,
  ]) {
    expect(app.log).not.toContain(secret)
    expect(stored).not.toContain(secret)
  }
})
