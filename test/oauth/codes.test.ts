/** Authorization codes: 60 seconds, once, for the client, redirect URI, resource and verifier of the request (OAUTH.md E, AS 3). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'

import { AccessToken } from '../../src/entities/access-token.js'
import { OAuthGrant } from '../../src/entities/oauth-grant.js'
import { maxUnknownCredentials } from '../../src/http/rate-limits.js'
import { GrantWorld, newVerifier, redirectUri } from '../support/oauth-grants.js'

let world: GrantWorld
beforeAll(async () => {
  world = await GrantWorld.start()
})
afterAll(() => world.close())

const grants = (): Promise<OAuthGrant[]> => world.gateway.acme.em.find(OAuthGrant, {}, { orderBy: { id: 'ASC' } })
const latestGrant = async (): Promise<OAuthGrant> => (await grants()).at(-1)!

test('an end user consents, and the client redeems the code for tokens of that server', async () => {
  const { app, acme } = world.gateway
  const { access_token: accessToken, ...answer } = await world.tokens('ada')
  expect(answer).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'mcp_server:use mcp_tool:*' })
  expect(answer.refresh_token).toMatch(/^kh_refresh_[\w-]{43}$/)
  expect(decodeJwt(accessToken)).toMatchObject({
    iss: world.issuer,
    aud: world.resource,
    sub: 'ada',
    client_id: await world.clientId(),
    permissions: ['mcp_server:use', 'mcp_tool:*'],
    scope: 'mcp_server:use mcp_tool:*',
    exp: Math.floor(app.clock.now().getTime() / 1000) + 3600,
  })
  const grant = await latestGrant()
  expect(grant).toMatchObject({
    serverId: world.serverId,
    apiKeyId: world.key.id,
    clientName: 'Acme Agent',
    clientHost: null,
    redirectHost: '127.0.0.1',
  })
  expect((await acme.events('oauth_grant:create')).at(-1)).toMatchObject({
    outcome: 'ALLOWED',
    actorId: grant.endUserId,
    subjectId: grant.id,
  })
  expect((await acme.events('oauth_grant:redeem')).at(-1)).toMatchObject({
    outcome: 'ALLOWED',
    actorId: grant.endUserId,
    subjectId: grant.id,
    details: { serverId: world.serverId, tokenId: decodeJwt(accessToken).jti },
  })
})

const tokensOf = async (grantId: string): Promise<AccessToken[]> => world.gateway.acme.em.find(AccessToken, { grantId })

test('a code lasts 60 seconds', async () => {
  const { app } = world.gateway
  const cookie = await world.signIn('ada')
  const [early, late] = [await world.code(cookie), await world.code(cookie)]
  app.clock.advance(59_999)
  expect((await world.redeem(early)).status).toBe(200)
  app.clock.advance(1)
  const { status, headers, body } = await world.redeem(late)
  expect([status, headers.get('cache-control'), body]).toEqual([
    400,
    'no-store',
    { error: 'invalid_grant', error_description: 'The code is used or expired. Start a new authorization.' },
  ])
})

test.each([
  [
    'another client',
    async () => ({ client_id: String((await world.register({ redirect_uris: [redirectUri] })).body['client_id']) }),
    'invalid_grant',
    'belongs to another client',
  ],
  ['another redirect URI', { redirect_uri: `${redirectUri}2` }, 'invalid_grant', 'redirect_uri is not that of the authorization request'],
  ['another port than that of the request', { redirect_uri: redirectUri.replace('7777', '7778') }, 'invalid_grant', 'redirect_uri is not'],
  ['no redirect URI', { redirect_uri: undefined }, 'invalid_request', 'The parameter redirect_uri is required.'],
  ['another verifier', { code_verifier: newVerifier() }, 'invalid_grant', 'code_verifier does not match'],
  ['no verifier', { code_verifier: undefined }, 'invalid_request', 'The parameter code_verifier is required.'],
  ['a verifier of 42 characters', { code_verifier: 'v'.repeat(42) }, 'invalid_request', 'code_verifier must have 43 to 128'],
  ['a verifier of 129 characters', { code_verifier: 'v'.repeat(129) }, 'invalid_request', 'code_verifier must have 43 to 128'],
  ['another resource', { resource: 'https://evil.example/mcp' }, 'invalid_target', 'resource is not the MCP server of the grant'],
  ['no code', { code: undefined }, 'invalid_request', 'The parameter code is required.'],
  ['an unknown code', { code: `kh_code_${'x'.repeat(43)}` }, 'invalid_grant', 'The code is unknown'],
  ['no client', { client_id: undefined }, 'invalid_client', 'The client is not authenticated'],
])('a code with %s gives nothing, and stays good for its client', async (_name, changes, error, text) => {
  const code = await world.code(await world.signIn('ada'))
  const refused = await world.redeem(code, typeof changes === 'function' ? await changes() : changes)
  expect([refused.status, refused.body.error]).toEqual([error === 'invalid_client' ? 401 : 400, error])
  expect(refused.body.error_description).toContain(text)
  expect((await world.redeem(code)).status).toBe(200)
})

test('resource may be left out of the token request', async () => {
  expect((await world.redeem(await world.code(await world.signIn('ada')), { resource: undefined })).status).toBe(200)
})

test('a code of the sandbox is unknown at the issuer of production', async () => {
  const { code, verifier, clientId } = await world.code(await world.signIn('ada'))
  const response = await fetch(`${world.issuer.replace('/sandbox', '/production')}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      client_id: clientId,
      redirect_uri: redirectUri,
    }),
  })
  // Its registration is not of that issuer either.
  expect(response.status).toBe(401)
})

test('a second use by the same client revokes the grant with its tokens, and leaves an event', async () => {
  const code = await world.code(await world.signIn('ada'))
  const { body } = await world.redeem(code)
  const grant = await latestGrant()
  const second = await world.redeem(code)
  expect([second.status, second.body.error, second.body.error_description]).toEqual([
    400,
    'invalid_grant',
    'The code was used before. Its grant is now revoked. Start a new authorization.',
  ])
  expect((await latestGrant()).revokedAt).toEqual(world.gateway.app.clock.now())
  expect((await tokensOf(grant.id)).map(({ revokedAt }) => revokedAt)).toEqual([world.gateway.app.clock.now()])
  expect((await world.gateway.acme.events('oauth_grant:replayed')).at(-1)).toMatchObject({
    outcome: 'ALLOWED',
    subjectId: grant.id,
    details: { credential: 'code', revokedTokens: 1 },
  })
  expect((await world.refresh(body.refresh_token)).body).toEqual({
    error: 'invalid_grant',
    error_description: 'The grant is revoked. Start a new authorization.',
  })
})

test('a second use with another verifier, as by a thief, leaves the grant as it is', async () => {
  const code = await world.code(await world.signIn('ada'))
  await world.redeem(code)
  expect((await world.redeem(code, { code_verifier: newVerifier() })).status).toBe(400)
  expect((await latestGrant()).revokedAt).toBeNull()
})

test('fifty redemptions at once on two replicas give one set of tokens', async () => {
  const code = await world.code(await world.signIn('ada'))
  const replica = await world.replica()
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => world.redeem(code, {}, i % 2 ? replica.url : world.at)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body.error))).toEqual(new Set(['invalid_grant']))
  const grant = await latestGrant()
  expect(await tokensOf(grant.id)).toHaveLength(1)
  expect(grant.revokedAt).not.toBeNull()
  await replica.close()
})

test('an address that guesses codes is asked to wait', async () => {
  world.gateway.app.clock.advance(60_000)
  const clientId = await world.clientId()
  const guess = async (): Promise<number> => (await world.redeem({ code: 'guess', verifier: newVerifier(), clientId })).status
  const statuses = []
  for (let i = 0; i <= maxUnknownCredentials; i++) statuses.push(await guess())
  expect([statuses.filter((status) => status === 400).length, statuses.at(-1)]).toEqual([maxUnknownCredentials, 429])
  world.gateway.app.clock.advance(60_000)
})
