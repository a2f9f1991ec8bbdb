/** Input of exchangeApiKey at each boundary. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { deriveEndUserId } from '../src/lib/external-id.js'
import { startApp, type TestApp } from './support/app.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { audience, claimsOf, exchange, exchangePayload } from './support/tokens.js'

let app: TestApp
let acme: SeededOrganization
let key: string
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  key = (await acme.apiKey({ permissions: ['agent:*', 'api_key:read', 'mcp_tool:search'] })).secret
})
afterAll(() => app.close())

const ask = (input: object, headers: Record<string, string> = {}): Promise<Payloads['exchangeApiKey']> =>
  exchangePayload(app, key, { audience, externalUserId: 'jane', ...input }, headers)
const refusalsOf = async (input: object, headers: Record<string, string> = {}): Promise<string[]> => {
  const { token, accessToken, userErrors } = await ask(input, headers)
  if (userErrors.length > 0) expect({ token, accessToken }).toEqual({ token: null, accessToken: null })
  return userErrors.map((error: { code: string; path: string[] }) => `${error.code} ${error.path.slice(1).join('.')}`)
}

test('the token names its end user to that end user; to a key without `end_user:read` it does not', async () => {
  const mutation = 'mutation ($input: ExchangeApiKeyInput!) { exchangeApiKey(input: $input) { accessToken { endUser { externalId } } } }'
  const seen = async (input: object, headers: Record<string, string>): Promise<unknown> =>
    (await app.run<{ exchangeApiKey: { accessToken: { endUser: unknown } } }>(key, mutation, { input: { audience, ...input } }, headers))
      .data.exchangeApiKey.accessToken.endUser
  expect(await seen({}, { 'x-on-behalf-of': 'jane' })).toEqual({ externalId: 'jane' })
  expect(await seen({ externalUserId: 'jane' }, {})).toBeNull()
})

describe('expiresIn', () => {
  test.each([
    [299, '"expiresIn" must be omitted: this key expires in 299 seconds.'],
    [300, '"expiresIn" must be at most 300, the remaining lifetime of its key.'],
  ])('of a key with %p seconds left is refused by a sentence that helps', async (left, message) => {
    const { secret } = await acme.apiKey({ expiresAt: new Date(app.clock.now().getTime() + left * 1000) })
    const { userErrors } = await exchangePayload(app, secret, { audience, externalUserId: 'jane', expiresIn: 301 })
    expect(userErrors).toEqual([{ code: 'INVALID', message, path: ['input', 'expiresIn'] }])
  })

  test.each([
    [299, 300, '"expiresIn" must be omitted: this superseded secret expires in 299 seconds.'],
    [300, 301, '"expiresIn" must be at most 300, the remaining lifetime of its superseded secret.'],
    [300, 300, undefined],
    [3601, 3601, undefined],
  ])('of a superseded text whose overlap lasts %i seconds, asked for %i', async (overlapSeconds, expiresIn, message) => {
    const { id, secret } = await acme.apiKey()
    const { secret: fresh } = await app.mutate(acme.sandboxKey, 'rotateApiKey', { id, overlapSeconds }, 'secret')
    const { token, userErrors } = await exchangePayload(app, secret, { audience, externalUserId: 'jane', expiresIn })
    if (message !== undefined) expect(userErrors).toEqual([{ code: 'INVALID', message, path: ['input', 'expiresIn'] }])
    else expect(claimsOf(token).exp).toBe(app.clock.at.getTime() / 1000 + expiresIn)
    // Left out: an hour, or what is left of the overlap. The new text is not bound.
    const { iat, exp } = claimsOf((await exchange(app, secret)).token)
    expect(exp - iat).toBe(Math.min(overlapSeconds, 3600))
    expect(claimsOf((await exchange(app, fresh, { expiresIn: 86_400 })).token).exp).toBe(iat + 86_400)
  })

  test('of a superseded text never reaches beyond its key, if that ends before the overlap', async () => {
    const end = app.clock.now().getTime() + 600_000
    const { id, secret } = await acme.apiKey({ expiresAt: new Date(end) })
    await app.mutate(acme.sandboxKey, 'rotateApiKey', { id, overlapSeconds: 6000 }, 'secret')
    expect(claimsOf((await exchange(app, secret)).token).exp).toBe(end / 1000)
  })

  test.each([
    [299, false],
    [300, true],
    [2_592_000, true],
    [2_592_001, false],
    [0, false],
    [-300, false],
  ])('%d seconds', async (expiresIn, isGood) => {
    expect(await refusalsOf({ expiresIn })).toEqual(isGood ? [] : ['INVALID expiresIn'])
    if (!isGood) return
    const { iat, exp } = claimsOf((await ask({ expiresIn })).token)
    expect(exp - iat).toBe(expiresIn)
  })

  test('defaults to one hour', async () => {
    const { iat, exp } = claimsOf((await ask({})).token)
    expect(exp - iat).toBe(3600)
    expect(iat).toBe(app.clock.at.getTime() / 1000)
  })

  test('refuses fractions and null', async () => {
    const answer = await app.run(key, 'mutation ($input: ExchangeApiKeyInput!) { exchangeApiKey(input: $input) { token } }', {
      input: { audience, externalUserId: 'jane', expiresIn: 300.5 },
    })
    expect(answer.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
    expect(await refusalsOf({ expiresIn: null })).toEqual(['INVALID expiresIn'])
  })

  test('never passes the end of the key: what it has left when omitted, refused when asked for', async () => {
    const expiresAt = new Date(app.clock.at.getTime() + 20 * 60_000 + 500)
    const short = await acme.apiKey({ expiresAt })
    const { iat, exp } = claimsOf((await exchange(app, short.secret)).token)
    expect(exp - iat).toBe(1200)
    const input = { audience, externalUserId: 'jane' }
    expect((await exchangePayload(app, short.secret, { ...input, expiresIn: 1200 })).userErrors).toEqual([])
    expect((await exchangePayload(app, short.secret, { ...input, expiresIn: 1201 })).userErrors).toEqual([
      { code: 'INVALID', path: ['input', 'expiresIn'], message: expect.stringContaining('1200') },
    ])
    const long = await acme.apiKey({ expiresAt: new Date(app.clock.at.getTime() + 3_601_000) })
    const unsaid = claimsOf((await exchange(app, long.secret)).token)
    expect(unsaid.exp - unsaid.iat).toBe(3600)
  })
})

describe('externalUserId', () => {
  test.each([
    ['', false],
    ['a', true],
    ['x'.repeat(150), true],
    ['x'.repeat(151), false],
    ['*', false],
    ['**', true],
    [' jane', false],
    ['jane ', false],
    ['jane doe', true],
    ['!', true],
    ['~', true],
    ['jäne', false],
    ['jane\u007f', false],
    ['jane\n', false],
    ['ja\tne', false],
    ['\u0000', false],
    ['jane\u200b', false],
  ])('%j', async (externalUserId, isGood) => {
    expect(await refusalsOf({ externalUserId })).toEqual(isGood ? [] : ['INVALID externalUserId'])
    if (isGood) expect(claimsOf((await ask({ externalUserId })).token).sub).toBe(externalUserId)
  })

  test('is what the header says when left out, and must equal it otherwise, byte for byte', async () => {
    const header = { 'X-On-Behalf-Of': 'Jane' }
    const named = await exchangePayload(app, key, { audience }, header)
    expect(claimsOf(named.token).sub).toBe('Jane')
    expect(await refusalsOf({ externalUserId: 'Jane' }, header)).toEqual([])
    expect(await refusalsOf({ externalUserId: 'jane' }, header)).toEqual(['INVALID externalUserId'])
    expect((await exchangePayload(app, key, { audience })).userErrors).toMatchObject([
      { code: 'INVALID', path: ['input', 'externalUserId'] },
    ])
    expect((await exchangePayload(app, key, { audience, externalUserId: null }, header)).userErrors).toMatchObject([{ code: 'INVALID' }])
  })

  test('means the same end user to exchanges and to the header', async () => {
    await exchange(app, key, { externalUserId: 'twin' })
    const { data } = await app.run(key, '{ viewer { endUser { id } } }', {}, { 'x-on-behalf-of': 'twin' })
    const found = await app.run(acme.sandboxKey, '{ endUser(externalId: "twin") { id externalId } }')
    expect(found.data.endUser).toEqual({ id: data.viewer.endUser.id, externalId: 'twin' })
  })
})

describe('audience', () => {
  const padded = (length: number): string => `https://x.example/${'a'.repeat(length - 18)}`
  test.each([
    ['https://x.example', true],
    ['https://x.example/', true],
    ['HTTPS://X.Example', true],
    ['http://localhost:4100', true],
    ['https://x.example:443/%7Ea?b=c&d', true],
    ['https://x.example/a/../b', true],
    [padded(2048), true],
    [padded(2049), false],
    ['https://x.example/#', false],
    ['https://x.example/#top', false],
    ['/relative', false],
    ['x.example', false],
    ['//x.example', false],
    ['ftp://x.example', false],
    ['urn:x', false],
    ['https://', false],
    ['https://x.example/a b', false],
    [' https://x.example', false],
    ['https://x.example\n', false],
    ['https://exämple.org', false],
    ['', false],
  ])('%j', async (asked, isGood) => {
    expect(await refusalsOf({ audience: asked })).toEqual(isGood ? [] : ['INVALID audience'])
    if (isGood) expect(claimsOf((await ask({ audience: asked })).token).aud).toBe(asked)
  })

  test('is kept byte for byte, in the token and in its record', () =>
    fc.assert(
      fc.asyncProperty(fc.webUrl({ validSchemes: ['http', 'https'], withQueryParameters: true }), async (url) => {
        const { token, accessToken } = await app.mutate(
          key,
          'exchangeApiKey',
          { audience: url, externalUserId: 'j' },
          'token accessToken { audience }',
        )
        expect([claimsOf(token).aud, accessToken.audience]).toEqual([url, url])
      }),
      { numRuns: 20 },
    ))

  test('that is KEYHOUSE_URL but for a slash is refused, and the text names it', async () => {
    for (const slashes of ['/', '//']) {
      const { userErrors } = await exchangePayload(app, key, { audience: `${app.config.url}${slashes}`, externalUserId: 'j' })
      const message = `"audience" must be ${app.config.url} (KEYHOUSE_URL) without the trailing slash, or this server would refuse the token.`
      expect(userErrors).toEqual([{ code: 'INVALID', message, path: ['input', 'audience'] }])
    }
  })

  test('of a key with allowed audiences is one of them, to the byte', async () => {
    const { secret } = await acme.apiKey({ allowedAudiences: ['https://x.example', 'https://y.example/'] })
    const asked = async (one: string): Promise<string[]> =>
      (await exchangePayload(app, secret, { audience: one, externalUserId: 'j' })).userErrors.map((error: { code: string }) => error.code)
    expect(await asked('https://x.example')).toEqual([])
    expect(await asked('https://y.example/')).toEqual([])
    expect(await asked('https://x.example/')).toEqual(['URL_NOT_ALLOWED'])
    expect(await asked('https://y.example')).toEqual(['URL_NOT_ALLOWED'])
    expect(await asked('https://X.example')).toEqual(['URL_NOT_ALLOWED'])
  })
})

describe('permissions', () => {
  const carried = async (input: object): Promise<unknown> => {
    const claims = claimsOf((await ask(input)).token)
    return [claims.permissions, claims.scope]
  }

  test("omitted permissions default to the key's, an empty list grants none, and null is invalid", async () => {
    const all = ['agent:*', 'api_key:read', 'mcp_tool:search']
    expect(await carried({})).toEqual([all, all.join(' ')])
    expect(await carried({ permissions: [] })).toEqual([[], undefined])
    expect(await refusalsOf({ permissions: null })).toEqual(['INVALID permissions'])
  })

  test('are a subset, and travel as written, wildcards too', async () => {
    expect(await carried({ permissions: ['agent:read'] })).toEqual([['agent:read'], 'agent:read'])
    expect(await carried({ permissions: ['agent:*', 'mcp_tool:search'] })).toEqual([
      ['agent:*', 'mcp_tool:search'],
      'agent:* mcp_tool:search',
    ])
    const star = claimsOf((await exchange(app, acme.sandboxKey)).token)
    expect(star.permissions).toEqual(['*'])
    const part = claimsOf((await exchange(app, acme.sandboxKey, { permissions: ['application:*', 'mcp_tool:*'] })).token)
    expect(part.permissions).toEqual(['application:*', 'mcp_tool:*'])
  })

  test.each([
    // What it holds in part is named by what is missing of it.
    [['*'], ['application:*', 'api_key:update']],
    [['api_key:*'], ['api_key:update']],
    [['application:*'], ['application:*']],
    [['mcp_tool:*'], ['mcp_tool:*']],
    [['mcp_tool:other'], ['mcp_tool:other']],
    [['agents:read'], ['agents:read']],
    [['agent:read', 'api_key:update'], ['api_key:update']],
  ])('in excess are refused by name: %j', async (permissions, names) => {
    const { userErrors, token } = await ask({ permissions })
    expect(token).toBeNull()
    expect(userErrors).toMatchObject([{ code: 'PERMISSION_NOT_HELD', path: ['input', 'permissions'] }])
    for (const name of names) expect(userErrors[0]!.message).toContain(`"${name}"`)
    expect(userErrors[0]!.message).not.toContain('"api_key:read"')
  })

  test.each([
    [['agent'], 'permissions.0'],
    [['agent:read', 'Agent:read'], 'permissions.1'],
    [['api_key:raed'], 'permissions.0'],
    [['agent:read', 'agent:read'], 'permissions'],
    [[`agent:${'a'.repeat(145)}`], 'permissions.0'],
    [Array.from({ length: 101 }, (_, i) => `agent:a${i}`), 'permissions'],
  ])('that are none are invalid: %#', async (permissions, path) => {
    expect(await refusalsOf({ permissions })).toEqual([`INVALID ${path}`])
  })

  test('may be as many and as long as is promised', async () => {
    const permissions = Array.from({ length: 100 }, (_, i) => `agent:a${String(i).padStart(143, '0')}`)
    expect(permissions[0]).toHaveLength(150)
    expect(await refusalsOf({ permissions })).toEqual([])
  })
})

describe('who may exchange', () => {
  test('a key, needing no permission; nobody else', async () => {
    const bare = await acme.apiKey({ permissions: [] })
    expect(claimsOf((await exchange(app, bare.secret)).token)).toMatchObject({ permissions: [], client_id: bare.id })
    const member = await exchangePayload(app, acme.adminToken, { audience, externalUserId: 'jane' })
    expect(member).toMatchObject({ token: null, userErrors: [{ code: 'FORBIDDEN' }] })
    const { token } = await exchange(app, acme.sandboxKey, { audience: app.config.url })
    const again = await exchangePayload(app, token, { audience, externalUserId: 'jane' })
    expect(again).toMatchObject({ token: null, userErrors: [{ code: 'FORBIDDEN' }] })
  })

  test('the claims say where it comes from', async () => {
    const production = await acme.apiKey({ environment: 'PRODUCTION', permissions: ['agent:read'] })
    const { token, accessToken } = await exchange(app, production.secret)
    const seconds = app.clock.at.getTime() / 1000
    expect(claimsOf(token)).toEqual({
      iss: `http://keyhouse.test/o/${acme.id}/production`,
      aud: audience,
      sub: 'jane',
      client_id: production.id,
      iat: seconds,
      exp: seconds + 3600,
      jti: accessToken.id,
      permissions: ['agent:read'],
      scope: 'agent:read',
      org: acme.id,
      project: acme.projectId,
      env: 'PRODUCTION',
    })
  })

  test('one event each, of refusals too, and no token in it', async () => {
    const own = await organization(app)
    const { token } = await exchange(app, own.sandboxKey)
    await exchangePayload(app, own.sandboxKey, { audience: 'nowhere', externalUserId: 'jane' })
    const events = await own.events('api_key:exchange')
    const jane = deriveEndUserId(own.id, own.projectId, 'SANDBOX', 'jane')
    expect(events.map(({ outcome, endUserId: forWhom, details }) => [outcome, forWhom, details])).toEqual([
      ['ALLOWED', jane, {}],
      ['DENIED', null, { code: 'INVALID' }],
    ])
    const { data } = await app.run(own.sandboxKey, '{ auditEvents(filter: { externalUserId: "jane" }) { nodes { id } } }')
    expect(data.auditEvents.nodes).toEqual([{ id: events[0]!.id }])
    expect(JSON.stringify(events)).not.toContain(token.slice(-40))
    expect(app.log).not.toContain(token.slice(-40))
  })
})
