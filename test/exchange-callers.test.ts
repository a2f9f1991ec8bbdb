/** Access tokens as callers of Keyhouse itself: an end user, with what the token carries and its key still holds. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { codeOf, startApp, type TestApp } from './support/app.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededKey, type SeededOrganization } from './support/seed.js'
import { exchange, exchangePayload } from './support/tokens.js'

let app: TestApp
let acme: SeededOrganization
let key: SeededKey
beforeAll(async () => void (app = await startApp()))
afterAll(() => app.close())
beforeEach(async () => {
  acme = await organization(app)
  key = await acme.apiKey({ permissions: ['*'] })
})

const here = (input: object = {}): Promise<string> =>
  exchange(app, key.secret, { audience: app.config.url, ...input }).then(({ token }) => token)
const viewer =
  '{ viewer { kind environment permissions expiresAt organization { id } project { id } user { id } apiKey { id } personalToken { id } endUser { externalId firstSeenAt lastSeenAt } } }'

describe('an access token whose audience is this server', () => {
  test('is its end user', async () => {
    const { token, accessToken } = await exchange(app, key.secret, {
      audience: app.config.url,
      permissions: ['agent:read', 'mcp_server:*'],
    })
    const { data } = await app.run(token, viewer)
    const at = app.clock.at.toISOString()
    expect(data.viewer).toEqual({
      kind: 'ACCESS_TOKEN',
      environment: 'SANDBOX',
      permissions: ['agent:read', 'mcp_server:*'],
      expiresAt: accessToken.expiresAt,
      organization: { id: acme.id },
      project: { id: acme.projectId },
      user: null,
      apiKey: null,
      personalToken: null,
      endUser: { externalId: 'jane', firstSeenAt: at, lastSeenAt: at },
    })
  })

  test('is seen when it is used, and its key is not used by that', async () => {
    const token = await here()
    await app.services.writeBehind.flush()
    const used = (await acme.keyRow(key.id)).lastUsedAt
    app.clock.advance(60_000)
    await app.run(token, '{ viewer { kind } }')
    await app.services.writeBehind.flush()
    const { data } = await app.run(acme.sandboxKey, '{ endUser(externalId: "jane") { lastSeenAt firstSeenAt } }')
    expect(data.endUser).toEqual({
      lastSeenAt: app.clock.at.toISOString(),
      firstSeenAt: new Date(app.clock.at.getTime() - 60_000).toISOString(),
    })
    expect((await acme.keyRow(key.id)).lastUsedAt).toEqual(used)
  })

  test('reaches nothing but what an end user may, whatever it carries', async () => {
    const token = await here({ permissions: ['*'] })
    const other = await acme.apiKey()
    for (const query of [
      '{ apiKeys { totalCount } }',
      `{ apiKey(id: "${key.id}") { id } }`,
      '{ accessTokens { totalCount } }',
      '{ endUsers { totalCount } }',
      '{ endUser(externalId: "jane") { id } }',
      '{ organization { id } }',
      '{ projects { id } }',
      '{ signingKeys { kid } }',
    ]) {
      const answer = await app.run(token, query)
      expect([query, answer.status, codeOf(answer)]).toEqual([query, 200, 'FORBIDDEN'])
    }
    const forbidden = async (field: keyof Payloads, input: object, selection: string): Promise<unknown> =>
      (await app.mutate(token, field, input, selection)).userErrors.map((error: { code: string }) => error.code)
    expect(await forbidden('createApiKey', {}, 'secret')).toEqual(['FORBIDDEN'])
    expect(await forbidden('updateApiKey', { id: other.id, label: 'x' }, 'apiKey { id }')).toEqual(['FORBIDDEN'])
    expect(await forbidden('rotateApiKey', { id: other.id }, 'secret')).toEqual(['FORBIDDEN'])
    expect(await forbidden('revokeApiKey', { id: other.id }, 'apiKey { id }')).toEqual(['FORBIDDEN'])
    expect(await forbidden('verifyApiKey', { secret: other.secret }, 'verdict { code }')).toEqual(['FORBIDDEN'])
    expect(await forbidden('introspectToken', { token }, 'introspection { active }')).toEqual(['FORBIDDEN'])
    expect(await forbidden('exchangeApiKey', { audience: app.config.url }, 'token')).toEqual(['FORBIDDEN'])
    const { accessToken } = await exchange(app, key.secret)
    expect(await forbidden('revokeAccessToken', { id: accessToken.id }, 'accessToken { id }')).toEqual(['FORBIDDEN'])
    for (const id of [acme.id, acme.projectId, key.id, accessToken.id]) {
      expect((await app.run(token, 'query ($id: ID!) { node(id: $id) { id } }', { id })).data).toEqual({ node: null })
    }
    expect((await acme.keyRow(other.id)).revokedAt).toBeNull()
    const denied = (await acme.events('api_key:revoke')).at(-1)
    expect(denied).toMatchObject({ outcome: 'DENIED', actorId: denied?.endUserId, environment: 'SANDBOX', projectId: acme.projectId })
    expect(denied?.endUserId).toMatch(/^eu_[0-9a-f]{32}$/)
  })

  test('is told whether a permission would help', async () => {
    const limited = await acme.apiKey({ permissions: ['agent:read'] })
    const messages = async (document: string): Promise<unknown> =>
      (await app.run(limited.secret, document, {}, { 'x-on-behalf-of': 'jane' })).errors?.map(({ message }) => message)
    expect(await messages('{ mcpServers { nodes { id } } }')).toEqual([
      'This credential does not hold the required permission "mcp_server:read".',
    ])
    expect(await messages('{ apiKeys { nodes { id } } }')).toEqual([
      'The permission "api_key:read" is never available while acting for an end user. Repeat the request with an API key and without X-On-Behalf-Of.',
    ])
  })

  test('cannot learn whether another end user exists', async () => {
    const token = await here({ permissions: ['*'] })
    await here({ externalUserId: 'john' })
    const ask = async (credential: string, externalId: string, headers = {}): Promise<unknown> => {
      const answer = await app.run(
        credential,
        'query ($externalId: String!) { endUser(externalId: $externalId) { id } }',
        { externalId },
        headers,
      )
      return codeOf(answer) ?? answer.data
    }
    for (const externalId of ['john', 'nobody']) {
      expect(await ask(token, externalId)).toEqual({ endUser: null })
      expect(await ask(key.secret, externalId, { 'x-on-behalf-of': 'jane' })).toEqual({ endUser: null })
    }
    expect(await ask(token, 'jane')).toBe('FORBIDDEN')
  })

  test('holds what it carries and its key holds now', async () => {
    const token = await here({ permissions: ['agent:*', 'mcp_server:read'] })
    const update = async (permissions: string[]): Promise<string[]> => {
      await app.mutate(acme.adminToken, 'updateApiKey', { id: key.id, permissions }, 'apiKey { id }')
      return (await app.run(token, '{ viewer { permissions } }')).data.viewer.permissions
    }
    expect(await update(['agent:read', 'mcp_server:*'])).toEqual(['agent:read', 'mcp_server:read'])
    expect(await update(['payment:make'])).toEqual([])
    expect(await update(['*'])).toEqual(['agent:*', 'mcp_server:read'])
  })

  test('may name its own subject in X-On-Behalf-Of, and nobody else', async () => {
    const token = await here()
    const named = async (header: Record<string, string>): Promise<[number, string | undefined]> => {
      const answer = await app.run(token, '{ viewer { kind } }', {}, header)
      return [answer.status, codeOf(answer)]
    }
    expect(await named({ 'x-on-behalf-of': 'jane' })).toEqual([200, undefined])
    for (const value of ['Jane', 'john', '*', '', 'jäne']) expect(await named({ 'x-on-behalf-of': value })).toEqual([400, 'BAD_REQUEST'])
  })
})

describe('the end of an access token', () => {
  const refused = async (token: string): Promise<unknown> => {
    const answer = await app.run(token, '{ viewer { kind } }')
    return [answer.status, codeOf(answer), answer.headers.get('www-authenticate')?.split(' ')[0]]
  }
  const gone = [401, 'UNAUTHENTICATED', 'Bearer']

  test('comes exactly at its expiry', async () => {
    const token = await here({ expiresIn: 300 })
    app.clock.advance(299_999)
    expect((await app.run(token, '{ viewer { kind } }')).status).toBe(200)
    app.clock.advance(1)
    expect(await refused(token)).toEqual(gone)
  })

  test('comes with its revocation', async () => {
    const { token, accessToken } = await exchange(app, key.secret, { audience: app.config.url })
    await app.mutate(acme.sandboxKey, 'revokeAccessToken', { id: accessToken.id }, 'accessToken { id }')
    expect(await refused(token)).toEqual(gone)
  })

  test('comes with that of its key, as a 401 and not the 403 of the key', async () => {
    const token = await here()
    await app.mutate(acme.adminToken, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
    expect(await refused(token)).toEqual(gone)
    expect((await app.run(key.secret, '{ viewer { kind } }')).status).toBe(403)
  })

  test('comes with the end of its key, and not with a new text of it', async () => {
    const expiresAt = new Date(app.clock.at.getTime() + 600_000)
    key = await acme.apiKey({ permissions: ['*'], expiresAt })
    const token = await here()
    await app.mutate(acme.adminToken, 'rotateApiKey', { id: key.id }, 'apiKey { id }')
    expect((await app.run(token, '{ viewer { kind } }')).status).toBe(200)
    app.clock.advance(600_000)
    expect(await refused(token)).toEqual(gone)
  })

  test('is asked before the header is', async () => {
    const token = await here({ expiresIn: 300 })
    app.clock.advance(300_000)
    expect((await app.run(token, '{ viewer { kind } }', {}, { 'x-on-behalf-of': '*' })).status).toBe(401)
  })
})

test('a key in another environment or organization changes nothing for a token', async () => {
  const production = await acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })
  const { token } = await exchange(app, production.secret, { audience: app.config.url })
  const { data } = await app.run(token, '{ viewer { environment } }')
  expect(data.viewer.environment).toBe('PRODUCTION')
  const { userErrors } = await exchangePayload(app, token, { audience: app.config.url })
  expect(userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
})
