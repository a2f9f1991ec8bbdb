/** `allowedIps` bind requests with an API key to addresses, as the trusted proxies forward them; its access tokens are not bound. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { codeOf, startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { exchange } from './support/tokens.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp({ KEYHOUSE_TRUSTED_PROXIES: '127.0.0.1' })
  acme = await organization(app)
})
afterAll(() => app.close())

const viewer = '{ viewer { kind } }'
const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address })
const outcomeFrom = async (credential: string, address: string): Promise<string> => {
  const answer = await app.run(credential, viewer, {}, from(address))
  return answer.status === 200 ? 'OK' : `${answer.status} ${codeOf(answer)}`
}

test('a request from another address is 403 ADDRESS_NOT_ALLOWED, an access token is not bound', async () => {
  const { secret } = await acme.apiKey({ allowedIps: ['203.0.113.0/24', '2001:db8::/32'] })
  expect(await outcomeFrom(secret, '203.0.113.7')).toBe('OK')
  expect(await outcomeFrom(secret, '::ffff:203.0.113.7')).toBe('OK')
  expect(await outcomeFrom(secret, '2001:db8::7')).toBe('OK')
  for (const address of ['203.0.114.1', '2001:db9::1', '127.0.0.1'])
    expect(await outcomeFrom(secret, address)).toBe('403 ADDRESS_NOT_ALLOWED')
  // A client can put any address before the one that the proxy adds.
  expect(await outcomeFrom(secret, '203.0.113.7, 198.51.100.1')).toBe('403 ADDRESS_NOT_ALLOWED')
  const input = { audience: app.config.url, externalUserId: 'jane' }
  const { token } = await app.mutate(secret, 'exchangeApiKey', input, 'token', from('203.0.113.7'))
  expect(await outcomeFrom(token, '198.51.100.1')).toBe('OK')
})

test('without trusted proxies the header is ignored', async () => {
  const direct = await startApp()
  const { secret } = await (await organization(direct)).apiKey({ allowedIps: ['203.0.113.0/24'] })
  expect(codeOf(await direct.run(secret, viewer, {}, from('203.0.113.7')))).toBe('ADDRESS_NOT_ALLOWED')
  await direct.close()
})

test('a narrowing applies to the next request, and is stored in canonical form without repetitions', async () => {
  const key = await acme.apiKey()
  expect(await outcomeFrom(key.secret, '198.51.100.1')).toBe('OK')
  const input = { id: key.id, allowedIps: ['203.0.113.7/24', '203.0.113.0/24', '2001:DB8::1'] }
  const { apiKey } = await app.mutate(acme.adminToken, 'updateApiKey', input, 'apiKey { allowedIps }')
  expect(apiKey.allowedIps).toEqual(['203.0.113.0/24', '2001:db8::1/128'])
  expect(await outcomeFrom(key.secret, '198.51.100.1')).toBe('403 ADDRESS_NOT_ALLOWED')
  await app.mutate(acme.adminToken, 'updateApiKey', { id: key.id, allowedIps: null }, 'apiKey { id }')
  expect(await outcomeFrom(key.secret, '198.51.100.1')).toBe('OK')
})

const blocks = (count: number): string[] => Array.from({ length: count }, (_, i) => `10.${i}.0.0/16`)
test.each([
  [blocks(50), undefined],
  [blocks(51), 'input.allowedIps'],
  [[], 'input.allowedIps'],
  [['10.0.0.0/8', '10.0.0.0/33'], 'input.allowedIps.1'],
  [['example.com'], 'input.allowedIps.0'],
  [['10.0.0.0/8', '10.0.0.0/8'], 'input.allowedIps'],
])('the input %#: %p', async (allowedIps, path) => {
  const { userErrors } = await app.mutate(acme.adminToken, 'createApiKey', { permissions: [], allowedIps }, 'apiKey { id }')
  expect(userErrors.map((fault) => [fault.code, fault.path.join('.')])).toEqual(path === undefined ? [] : [['INVALID', path]])
})

test('verifyApiKey judges `clientAddress` alone, and only when it is given', async () => {
  const { secret } = await acme.apiKey({ allowedIps: ['203.0.113.0/24'] })
  const verify = async (input: object): Promise<string> =>
    (await app.mutate(acme.sandboxKey, 'verifyApiKey', { secret, ...input }, 'verdict { code }')).verdict.code
  expect(await verify({})).toBe('VALID')
  expect(await verify({ clientAddress: null })).toBe('VALID')
  expect(await verify({ clientAddress: '203.0.113.9' })).toBe('VALID')
  expect(await verify({ clientAddress: '198.51.100.1' })).toBe('ADDRESS_NOT_ALLOWED')
  for (const clientAddress of ['', 'localhost', '203.0.113.9:443', '203.0.113.0/24']) {
    const { userErrors } = await app.mutate(acme.sandboxKey, 'verifyApiKey', { secret, clientAddress }, 'verdict { code }')
    expect(userErrors).toMatchObject([{ code: 'INVALID', path: ['input', 'clientAddress'] }])
  }
})

test('a change in flight is refused when the key is bound to other addresses before it commits', async () => {
  const key = await acme.apiKey({ permissions: ['*'] })
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      if (i === 20) await app.mutate(acme.adminToken, 'updateApiKey', { id: key.id, allowedIps: ['203.0.113.0/24'] }, 'apiKey { id }')
      const document = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret userErrors { code } } }'
      return app.run(key.secret, document, { input: { permissions: [] } }, from('198.51.100.1'))
    }),
  )
  for (const answer of outcomes) expect([undefined, 'ADDRESS_NOT_ALLOWED']).toContain(codeOf(answer))
  const events = await acme.events()
  const bound = events.findLastIndex(({ action, subjectId }) => action === 'api_key:update' && subjectId === key.id)
  expect(events.slice(bound + 1).filter(({ actorId, outcome }) => actorId === key.id && outcome === 'ALLOWED')).toEqual([])
})

test('the exchange of a bound key works from its addresses', async () => {
  const { secret } = await acme.apiKey({ allowedIps: ['127.0.0.1'] })
  expect((await exchange(app, secret)).token).toBeTruthy()
})
