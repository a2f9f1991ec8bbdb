/** Authorization codes: 60 seconds, once, for the client, redirect URI, resource and verifier of the request (OAUTH.md E, AS 3). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'

import { OAuthGrant } from '../../src/entities/oauth-grant.js'
import { GrantWorld } from '../support/oauth-grants.js'

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
