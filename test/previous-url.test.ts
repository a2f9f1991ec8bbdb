/** A move to another public address: tokens of the former one work until they expire, and none is issued for it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { tokensOfKey } from '../src/database/queries/key-activity.js'
import { acceptedUrls, issuerUrl } from '../src/lib/issuer.js'
import { startApp, type TestApp } from './support/app.js'
import { requestText, sendRaw } from './support/raw-http.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { claimsOf, exchange, signClaims } from './support/tokens.js'

const former = 'https://keys.former.test'
const current = 'https://keys.current.test'
const viewer = '{ viewer { kind issuer } }'

let before: TestApp
let app: TestApp
let acme: SeededOrganization
let accessToken: string
let adminToken: string
beforeAll(async () => {
  before = await startApp({ KEYHOUSE_URL: former })
  acme = await organization(before)
  adminToken = acme.adminToken
  accessToken = (await exchange(before, acme.sandboxKey, { audience: former, expiresIn: 7200 })).token
  app = await startApp({ KEYHOUSE_URL: current, KEYHOUSE_PREVIOUS_URL: `${former}/` }, {}, () => Promise.resolve(before.env))
})
afterAll(async () => {
  await app.close()
  await before.close()
})

const status = async (token: string, on = app): Promise<number> => (await on.run(token, viewer)).status
const introspect = async (token: string): Promise<unknown> =>
  (await app.mutate(acme.sandboxKey, 'introspectToken', { token }, 'introspection { active issuer audience }')).introspection

test('access tokens and personal tokens of the former address are verified', async () => {
  expect([await status(accessToken), await status(adminToken)]).toEqual([200, 200])
  expect(await introspect(accessToken)).toEqual({ active: true, issuer: issuerUrl(former, acme.id, 'SANDBOX'), audience: former })
})

test('explainAccess and unusedPermissions take a token of the former address for one of this server', async () => {
  const { jti } = claimsOf(accessToken)
  const input = { subjectId: jti, permission: 'mcp_server:read' }
  const { data } = await app.run<{ explainAccess: { links: { kind: string; allowed: boolean }[] } }>(
    adminToken,
    'query ($input: ExplainAccessInput!) { explainAccess(input: $input) { links { kind allowed } } }',
    { input },
  )
  expect(data.explainAccess.links.filter(({ kind }) => kind === 'AUDIENCE')).toEqual([{ kind: 'AUDIENCE', allowed: true }])
  const since = new Date(app.clock.now().getTime() - 1000)
  const key = { id: claimsOf(accessToken)['client_id'], organizationId: acme.id }
  const { sql, parameters } = tokensOfKey(key, acceptedUrls(app.config), since)
  const [row] = await app.services.queryRunner.queryAll(sql, parameters)
  expect(Number(row?.['own'])).toBe(1)
})

test('without KEYHOUSE_PREVIOUS_URL they are refused', async () => {
  const strict = await startApp({ KEYHOUSE_URL: current }, {}, () => Promise.resolve(before.env))
  try {
    expect([await status(accessToken, strict), await status(adminToken, strict)]).toEqual([401, 401])
  } finally {
    await strict.close()
  }
})

test('every token is issued for the current address', async () => {
  const { token, issuer } = await app.mutate(
    acme.sandboxKey,
    'exchangeApiKey',
    { audience: current, externalUserId: 'jane' },
    'token issuer',
  )
  expect([issuer, claimsOf(token).iss]).toEqual(Array(2).fill(issuerUrl(current, acme.id, 'SANDBOX')))
  const personal = await app.mutate(adminToken, 'createPersonalToken', { type: 'RESTRICTED', permissions: ['api_key:read'] }, 'token')
  expect(claimsOf(personal.token)).toMatchObject({ iss: current, aud: current })
  expect((await app.run(accessToken, viewer)).data.viewer.issuer).toBe(issuer)
  expect([await status(token), await status(personal.token)]).toEqual([200, 200])
})

test('issuer and audience on different addresses are refused', async () => {
  expect(await status((await exchange(app, acme.sandboxKey, { audience: former })).token)).toBe(401)
  const [access, personal] = [claimsOf(accessToken), claimsOf(adminToken)]
  expect(await status(await signClaims(app, 'at+jwt', { ...access, aud: current }))).toBe(401)
  expect(await status(await signClaims(app, 'kh-personal+jwt', { ...personal, aud: current }))).toBe(401)
  expect(await status(await signClaims(app, 'kh-personal+jwt', { ...personal, iss: current }))).toBe(401)
  expect(await status(await signClaims(app, 'kh-personal+jwt', personal))).toBe(200)
})

test('revocation and expiry end them as ever', async () => {
  const revoked = (await exchange(before, acme.sandboxKey, { audience: former })).token
  expect(await status(revoked)).toBe(200)
  await app.mutate(acme.sandboxKey, 'revokeAccessToken', { id: claimsOf(revoked).jti }, 'accessToken { id }')
  expect(await status(revoked)).toBe(401)
  app.clock.advance(7_199_000)
  expect(await status(accessToken)).toBe(200)
  app.clock.advance(1000)
  expect([await status(accessToken), await introspect(accessToken)]).toEqual([401, { active: false, issuer: null, audience: null }])
})

test('documents of issuers name the address that they were fetched from, one of the two', async () => {
  const document = async (path: string, ...headers: string[]): Promise<unknown> => {
    const { body } = await sendRaw(app.url, requestText(headers, '', 'GET', path))
    return JSON.parse(body)
  }
  const path = `/o/${acme.id}/sandbox`
  for (const at of [`${path}/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server${path}`]) {
    const metadata = async (...headers: string[]): Promise<unknown> => document(at, ...headers)
    const of = (issuer: string): unknown => expect.objectContaining({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` })
    expect(await metadata('Host: keys.former.test')).toEqual(of(`${former}${path}`))
    expect(await metadata('Host: keys.current.test')).toEqual(of(`${current}${path}`))
    expect(await metadata('Host: keys.other.test', 'X-Forwarded-Host: keys.former.test')).toEqual(of(`${current}${path}`))
  }
  for (const at of [`${path}/.well-known/jwks.json`, `${path}/.well-known/revoked.json`, '/.well-known/jwks.json'])
    expect(await document(at, 'Host: keys.former.test')).toEqual(await document(at, 'Host: keys.current.test'))
})

test('the gateway at the former address is no MCP server', async () => {
  for (const url of [former, current]) {
    const { userErrors } = await app.mutate(
      acme.sandboxKey,
      'createMcpServer',
      { serverLabel: 'loop', name: 'Loop', serverUrl: `${url}/mcp/x` },
      'server { id }',
    )
    expect(userErrors).toEqual([
      expect.objectContaining({ message: expect.stringContaining('must not lead to the gateway of this server') }),
    ])
  }
})
