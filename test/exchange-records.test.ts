/** The records of exchanged tokens: listed, read, revoked, introspected, and the list that other services poll. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { acceptsGzip } from '../src/http/cacheable-json.js'
import { revocationListMaxAgeSeconds } from '../src/routes/well-known.js'
import { codeOf, startApp, type TestApp } from './support/app.js'
import type { Payloads, Results } from './support/results.js'
import { organization, type SeededKey, type SeededOrganization } from './support/seed.js'
import { audience, claimsOf, exchange, signClaims, headerOf, fetchRevocationList, fetchWellKnown } from './support/tokens.js'

let app: TestApp
let acme: SeededOrganization
let key: SeededKey
beforeAll(async () => void (app = await startApp()))
afterAll(() => app.close())
beforeEach(async () => {
  acme = await organization(app)
  key = await acme.apiKey({ permissions: ['agent:read'] })
})

const tokensOf = async (credential: string, filter: object = {}): Promise<string[]> => {
  const query = 'query ($filter: AccessTokenFilter) { accessTokens(first: 100, filter: $filter) { nodes { id } totalCount } }'
  const { data } = await app.run(credential, query, { filter })
  const { nodes, totalCount } = data.accessTokens
  expect(totalCount).toBe(nodes.length)
  return nodes.map(({ id }: { id: string }) => id)
}
const issue = async (secret: string, input: object = {}): Promise<string> => (await exchange(app, secret, input)).accessToken.id
const revoke = (id: string, credential = acme.adminToken): Promise<Payloads['revokeAccessToken']> =>
  app.mutate(credential, 'revokeAccessToken', { id }, 'accessToken { id status revokedAt }')

describe('accessTokens', () => {
  test('are those that the caller sees, newest first, narrowed by each filter', async () => {
    const second = await acme.project()
    const production = await acme.apiKey({ environment: 'PRODUCTION' })
    const elsewhere = await acme.apiKey({ projectId: second })
    const a = await issue(key.secret)
    const b = await issue(key.secret, { externalUserId: 'john' })
    const c = await issue(production.secret)
    const d = await issue(elsewhere.secret)
    expect(await tokensOf(acme.adminToken)).toEqual([d, c, b, a])
    expect(await tokensOf(acme.sandboxKey)).toEqual([b, a])
    expect(await tokensOf(acme.adminToken, { environment: 'PRODUCTION' })).toEqual([c])
    expect(await tokensOf(acme.adminToken, { projectId: second })).toEqual([d])
    expect(await tokensOf(acme.adminToken, { apiKeyId: key.id })).toEqual([b, a])
    expect(await tokensOf(acme.adminToken, { externalUserId: 'jane' })).toEqual([d, c, a])
    expect(await tokensOf(acme.sandboxKey, { externalUserId: 'jane' })).toEqual([a])
    expect(await tokensOf(acme.adminToken, { externalUserId: 'Jane' })).toEqual([])
    expect(await tokensOf(acme.sandboxKey, { projectId: second })).toEqual([])
    expect(await tokensOf(acme.sandboxKey, { apiKeyId: production.id })).toEqual([])
    const member = await acme.member('READER', [second])
    expect(await tokensOf(member.token)).toEqual([d])
    expect(await tokensOf((await organization(app)).adminToken, { apiKeyId: key.id })).toEqual([])
  })

  test('are ACTIVE, EXPIRED or REVOKED, in the list as in the record', async () => {
    const dying = await acme.apiKey()
    const active = await issue(key.secret)
    const expired = await issue(key.secret, { expiresIn: 300 })
    const ended = await issue(key.secret)
    const withKey = await issue(dying.secret)
    const withKeyExpired = await issue(dying.secret, { expiresIn: 300 })
    await revoke(ended)
    app.clock.advance(300_000)
    await app.mutate(acme.adminToken, 'revokeApiKey', { id: dying.id }, 'apiKey { id }')
    expect(await tokensOf(acme.adminToken, { status: 'ACTIVE' })).toEqual([active])
    expect(await tokensOf(acme.adminToken, { status: 'EXPIRED' })).toEqual([expired])
    expect(await tokensOf(acme.adminToken, { status: 'REVOKED' })).toEqual([withKeyExpired, withKey, ended])
    const query =
      '{ accessTokens(first: 5) { nodes { id status apiKey { id } endUser { externalId } audience permissions environment issuedAt expiresAt revokedAt } } }'
    const { data } = await app.run(acme.adminToken, query)
    expect(data.accessTokens.nodes.map((node: { status: string }) => node.status)).toEqual([
      'REVOKED',
      'REVOKED',
      'REVOKED',
      'EXPIRED',
      'ACTIVE',
    ])
    const issuedAt = new Date(app.clock.at.getTime() - 300_000)
    expect(data.accessTokens.nodes[4]).toEqual({
      id: active,
      status: 'ACTIVE',
      apiKey: { id: key.id },
      endUser: { externalId: 'jane' },
      audience,
      permissions: ['agent:read'],
      environment: 'SANDBOX',
      issuedAt: issuedAt.toISOString(),
      expiresAt: new Date(issuedAt.getTime() + 3_600_000).toISOString(),
      revokedAt: null,
    })
  })

  test('page in both directions', async () => {
    const ids = []
    for (let i = 0; i < 5; i++) ids.unshift(await issue(key.secret))
    const page = async (args: string): Promise<Results['accessTokens']> =>
      (
        await app.run(
          acme.adminToken,
          `{ accessTokens(${args}) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
        )
      ).data.accessTokens
    const first = await page('first: 2')
    expect(first.nodes.map((node: { id: string }) => node.id)).toEqual(ids.slice(0, 2))
    await issue(key.secret)
    const second = await page(`first: 2, after: "${first.pageInfo.endCursor}"`)
    expect(second.nodes.map((node: { id: string }) => node.id)).toEqual(ids.slice(2, 4))
    const back = await page(`last: 1, before: "${second.pageInfo.startCursor}"`)
    expect(back.nodes.map((node: { id: string }) => node.id)).toEqual([ids[1]])
  })

  test('need access_token:read, and show key and end user to who may see those', async () => {
    const id = await issue(key.secret)
    const blind = await acme.apiKey({ permissions: ['api_key:read'] })
    const answer = await app.run(blind.secret, '{ accessTokens { totalCount } }')
    expect(codeOf(answer)).toBe('FORBIDDEN')
    expect(answer.text).toContain('access_token:read')
    const query = 'query ($id: ID!) { node(id: $id) { ... on AccessToken { id apiKey { id } endUser { id } } } }'
    expect((await app.run(blind.secret, query, { id })).data.node).toBeNull()
    const narrow = await acme.apiKey({ permissions: ['access_token:read'] })
    expect((await app.run(narrow.secret, query, { id })).data.node).toEqual({ id, apiKey: null, endUser: null })
    expect((await app.run((await organization(app)).adminToken, query, { id })).data.node).toBeNull()
  })
})

describe('revokeAccessToken', () => {
  test('is immediate, and answers the same the second time', async () => {
    const id = await issue(key.secret)
    const first = await revoke(id)
    expect(first).toEqual({ accessToken: { id, status: 'REVOKED', revokedAt: app.clock.at.toISOString() }, userErrors: [] })
    app.clock.advance(1000)
    expect(await revoke(id)).toEqual(first)
    expect((await acme.events('access_token:revoke')).map(({ subjectId, outcome }) => [subjectId, outcome])).toEqual([
      [id, 'ALLOWED'],
      [id, 'ALLOWED'],
    ])
  })

  test('does not exist for another organization, environment or project, nor without permission', async () => {
    const id = await issue(key.secret)
    const production = await acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })
    const elsewhere = await acme.apiKey({ projectId: await acme.project(), permissions: ['*'] })
    const unknown = (await revoke('at_00000000000000000000000000000000')).userErrors
    for (const credential of [production.secret, elsewhere.secret, (await organization(app)).adminToken]) {
      expect((await revoke(id, credential)).userErrors).toEqual(unknown)
    }
    expect(unknown).toMatchObject([{ code: 'NOT_FOUND' }])
    const reader = await acme.apiKey({ permissions: ['access_token:read'] })
    expect((await revoke(id, reader.secret)).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
    expect(await tokensOf(acme.adminToken, { status: 'ACTIVE' })).toEqual([id])
  })
})

describe('introspectToken', () => {
  const all = 'introspection { active tokenId subject issuer audience permissions issuedAt expiresAt claims }'
  const nothing = {
    tokenId: null,
    subject: null,
    issuer: null,
    audience: null,
    permissions: null,
    issuedAt: null,
    expiresAt: null,
    claims: null,
  }
  const ask = async (
    token: string,
    input: object = {},
    credential = acme.sandboxKey,
  ): Promise<Payloads['introspectToken']['introspection']> =>
    (await app.mutate(credential, 'introspectToken', { token, ...input }, all)).introspection
  const inactive = { active: false, ...nothing }

  test('tells all of an active token, and what is left of its permissions', async () => {
    const { token, accessToken } = await exchange(app, key.secret)
    const answer = await ask(token, { audience })
    expect(answer).toEqual({
      active: true,
      tokenId: accessToken.id,
      subject: 'jane',
      issuer: `${app.config.url}/o/${acme.id}/sandbox`,
      audience,
      permissions: ['agent:read'],
      issuedAt: app.clock.at.toISOString(),
      expiresAt: accessToken.expiresAt,
      claims: claimsOf(token),
    })
    await app.mutate(acme.adminToken, 'updateApiKey', { id: key.id, permissions: [] }, 'apiKey { id }')
    expect(await ask(token)).toMatchObject({ active: true, permissions: [], claims: { permissions: ['agent:read'] } })
  })

  test('returns no details of an inactive token', async () => {
    const { token, accessToken } = await exchange(app, key.secret, { expiresIn: 300 })
    expect(await ask(token, { audience: `${audience}/` })).toEqual(inactive)
    expect(await ask('nonsense')).toEqual(inactive)
    expect(await ask('')).toEqual(inactive)
    expect(await ask('a.b.c')).toEqual(inactive)
    expect(await ask(`${token}x`)).toEqual(inactive)
    expect(await ask(acme.adminToken)).toEqual(inactive)
    expect(await ask(key.secret)).toEqual(inactive)
    expect(await ask(await signClaims(app, 'at+jwt', { ...claimsOf(token), jti: 'at_0' }))).toEqual(inactive)
    // Foreign: another organization's, another environment's, another project's.
    expect(await ask(token, {}, (await organization(app)).sandboxKey)).toEqual(inactive)
    expect(await ask(token, {}, (await acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })).secret)).toEqual(inactive)
    expect(await ask(token, {}, (await acme.apiKey({ projectId: await acme.project(), permissions: ['*'] })).secret)).toEqual(inactive)
    expect(await ask(token, {}, acme.adminToken)).toMatchObject({ active: true })
    app.clock.advance(299_999)
    expect(await ask(token)).toMatchObject({ active: true })
    app.clock.advance(1)
    expect(await ask(token)).toEqual(inactive)
    const second = await exchange(app, key.secret)
    await revoke(second.accessToken.id)
    expect(await ask(second.token)).toEqual(inactive)
    const third = await exchange(app, key.secret)
    await app.mutate(acme.adminToken, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
    expect(await ask(third.token)).toEqual(inactive)
    expect(accessToken.id).not.toBe(second.accessToken.id)
  })

  test('is audited only when refused, and the token is not stored', async () => {
    const { token } = await exchange(app, key.secret)
    await ask(token)
    const refused = await app.mutate(key.secret, 'introspectToken', { token }, all)
    expect(refused).toMatchObject({ introspection: null, userErrors: [{ code: 'FORBIDDEN' }] })
    const bad = await app.mutate(acme.sandboxKey, 'introspectToken', { token, audience: 'nowhere' }, all)
    expect(bad.userErrors).toMatchObject([{ code: 'INVALID', path: ['input', 'audience'] }])
    const events = await acme.events('access_token:introspect')
    expect(events.map(({ outcome, details }) => [outcome, details])).toEqual([
      ['DENIED', { code: 'FORBIDDEN' }],
      ['DENIED', { code: 'INVALID' }],
    ])
    const literal = await app.run(
      acme.sandboxKey,
      `mutation { introspectToken(input: { token: "${token}" }) { introspection { active } } }`,
    )
    expect(codeOf(literal)).toBe('GRAPHQL_VALIDATION_FAILED')
    expect(literal.text).not.toContain(token.slice(-40))
    expect(app.log).not.toContain(token.slice(-40))
    expect(headerOf(token).typ).toBe('at+jwt')
  })
})

describe('/.well-known/revoked.json', () => {
  test('names revoked tokens and keys until the last of it has expired', async () => {
    const token = await issue(key.secret, { expiresIn: 300 })
    await issue(key.secret, { expiresIn: 600 })
    const dying = await acme.apiKey()
    const unused = await acme.apiKey()
    await issue(dying.secret, { expiresIn: 600 })
    await revoke(token)
    for (const { id } of [dying, unused]) await app.mutate(acme.adminToken, 'revokeApiKey', { id }, 'apiKey { id }')
    const listed = async (): Promise<[boolean, boolean, boolean]> => {
      const { revokedTokens, revokedClients } = await fetchRevocationList(app)
      return [revokedTokens.includes(token), revokedClients.includes(dying.id), revokedClients.includes(unused.id)]
    }
    expect(await listed()).toEqual([true, true, false])
    app.clock.advance(299_999)
    expect(await listed()).toEqual([true, true, false])
    app.clock.advance(1)
    expect(await listed()).toEqual([false, true, false])
    app.clock.advance(299_999)
    expect(await listed()).toEqual([false, true, false])
    app.clock.advance(1)
    expect(await listed()).toEqual([false, false, false])
  })

  test('holds a key for as long as its longest token lasts', async () => {
    await issue(key.secret, { expiresIn: 2_592_000 })
    await app.mutate(acme.adminToken, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
    app.clock.advance(2_591_999_999)
    expect((await fetchRevocationList(app)).revokedClients).toContain(key.id)
    app.clock.advance(1)
    expect((await fetchRevocationList(app)).revokedClients).not.toContain(key.id)
  })

  test('holds personal tokens too', async () => {
    const { token } = await acme.member('READER')
    const { jti } = claimsOf(token)
    await app.services.orm.em.getConnection().execute('update personal_token set revoked_at = issued_at where id = ?', [jti])
    expect((await fetchRevocationList(app)).revokedTokens).toContain(jti)
    app.clock.advance(12 * 3_600_000)
    expect((await fetchRevocationList(app)).revokedTokens).not.toContain(jti)
  })

  test('is cacheable, conditional, compressed and for everybody', async () => {
    const plain = await fetchWellKnown(app, 'revoked', { 'accept-encoding': 'identity' })
    const tag = plain.headers.get('etag')!
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(plain.headers.get('cache-control')).toBe(`public, max-age=${revocationListMaxAgeSeconds}`)
    expect(plain.headers.get('access-control-allow-origin')).toBe('*')
    expect(plain.headers.get('vary')).toBe('accept-encoding')
    const zipped = await fetchWellKnown(app, 'revoked', { 'accept-encoding': 'gzip' })
    expect(zipped.headers.get('content-encoding')).toBe('gzip')
    expect(zipped.headers.get('etag')).toBe(tag)
    expect(await zipped.json()).toEqual(await plain.json())
    for (const known of [tag, tag.replace('W/', ''), `"x", ${tag}`, '*']) {
      const unchanged = await fetchWellKnown(app, 'revoked', { 'if-none-match': known })
      expect([unchanged.status, await unchanged.text(), unchanged.headers.get('etag')]).toEqual([304, '', tag])
    }
    await revoke(await issue(key.secret))
    const changed = await fetchWellKnown(app, 'revoked', { 'if-none-match': tag })
    expect([changed.status, changed.headers.get('etag') === tag]).toEqual([200, false])
  })

  test.each([
    [undefined, false],
    ['', false],
    ['gzip', true],
    ['deflate, GZIP;q=0.5', true],
    ['gzip;q=0', false],
    ['gzip; q=0.0, *', false],
    ['*', true],
    ['*;q=0', false],
    ['identity', false],
    ['gzip;q=0.5, identity', false],
  ])('compresses for %j: %j', (header, isWanted) => expect(acceptsGzip(header)).toBe(isWanted))
})

test('every well-known document is conditional', async () => {
  for (const name of ['jwks', 'audit-jwks']) {
    const answer = await fetchWellKnown(app, name)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
    expect((await fetchWellKnown(app, name, { 'if-none-match': answer.headers.get('etag')! })).status).toBe(304)
  }
})
