/** JWTs of every invalid form as credentials: refused before the database and cryptography. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'

import { maxUnknownCredentials } from '../src/http/rate-limits.js'
import { maxFailedSignatures } from '../src/rate-limits/verification-queue.js'
import { startApp, type Answer, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { audience, claimsOf, exchange, signClaims, headerOf } from './support/tokens.js'

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

let app: TestApp
let acme: SeededOrganization
let good: string
beforeEach(async () => {
  app = await startApp({ KEYHOUSE_TRUSTED_PROXIES: '127.0.0.1' })
  acme = await organization(app)
  good = (await exchange(app, acme.sandboxKey, { audience: app.config.url })).token
})
afterEach(async () => {
  jest.restoreAllMocks()
  await app.close()
})

const viewer = '{ viewer { kind } }'
const send = (token: string, from = '203.0.113.1'): Promise<Answer> => app.run(token, viewer, {}, { 'x-forwarded-for': from })

/** The good token with other members of header and claims, under its own signature. */
function altered(header: object, claims: object = {}): string {
  const [, , signature] = good.split('.')
  return `${base64url({ ...headerOf(good), ...header })}.${base64url({ ...claimsOf(good), ...claims })}.${signature}`
}

const kids = [
  '\0',
  'sk_\0',
  `sk_${'0'.repeat(31)}\0`,
  `sk_${'0'.repeat(31)}`,
  `sk_${'0'.repeat(33)}`,
  '',
  '\ud800',
  "' or 1=1",
  7,
  null,
  {},
  ['sk'],
]
const issuers = ['\0', 'https://evil.example', '', 7, null, undefined, {}, 'http://keyhouse.test/', 'http://keyhouse.test.evil.example']

describe('a token is refused as unknown, without a look at the database', () => {
  const unread = async (token: string): Promise<void> => {
    const reads = jest.spyOn(app.services.queryRunner, 'read')
    for (const url of ['/graphql', '/mcp/mcp_srv_0']) {
      const answer = await fetch(`${app.url}${url}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: viewer }),
      })
      expect([answer.status, await answer.text()]).toEqual([
        401,
        expect.stringContaining('The credential is not valid. Check that it is complete and was issued by this server.'),
      ])
    }
    // Sweepers read too.
    expect(reads.mock.calls.filter(([{ name }]) => name === 'published_signing_key')).toEqual([])
    reads.mockRestore()
    const { introspection } = await app.mutate(acme.sandboxKey, 'introspectToken', { token }, 'introspection { active }')
    expect(introspection.active).toBe(false)
  }

  test('whose kid no signing key can have', async () => {
    for (const kid of kids) await unread(altered({ kid }))
  })

  test('whose issuer is none of this deployment', async () => {
    const org = `org_${'0'.repeat(32)}`
    const paths = ['/o', `/o/${org}`, `/o/${org}/`, `/o/${org}/test`, `/o/${org}/sandbox/`, `/o/${org}/SANDBOX`, `/o/${org}\0/sandbox`]
    for (const iss of [...issuers, ...paths.map((path) => `${app.config.url}${path}`)]) await unread(altered({}, { iss }))
  })

  test('that is no compact JWS', async () => {
    const [header, claims, signature] = good.split('.') as [string, string, string]
    for (const token of [
      `${header}.${claims}`,
      `${header}.${claims}.`,
      `${good}.`,
      `${good}.x`,
      `.${claims}.${signature}`,
      `${header}..${signature}`,
    ])
      await unread(token)
    for (const part of ['x', '[]', 'null', '7', '"x"']) {
      const bad = Buffer.from(part).toString('base64url')
      await unread(`${bad}.${claims}.${signature}`)
      if (part !== '[]') await unread(`${header}.${bad}.${signature}`)
    }
  })
})

describe('before cryptography', () => {
  /** Signatures that were looked at. */
  const verified = (): (() => number) => {
    const turns = jest.spyOn(app.services.verificationQueue, 'waitForTurn')
    return () => turns.mock.calls.length
  }

  test('an unknown kid, another algorithm than its key has, and a foreign issuer are refused; a bad signature is not', async () => {
    const count = verified()
    const unknown = [{ kid: `sk_${'0'.repeat(32)}` }, { alg: 'none' }, { alg: 'HS256' }, { alg: 'RS256' }, { alg: undefined }]
    for (const header of unknown) expect((await send(altered(header))).status).toBe(401)
    expect((await send(altered({}, { iss: 'https://evil.example' }))).status).toBe(401)
    expect(count()).toBe(0)
    expect((await send(altered({}, { sub: 'ceo' }))).status).toBe(401)
    expect(count()).toBe(1)
  })

  test.each(['sandbox', 'production'])(
    'the issuer of any organization passes, %s, since only its row tells which it must be',
    async (segment) => {
      const count = verified()
      await send(altered({}, { iss: `${app.config.url}/o/org_${'0'.repeat(32)}/${segment}` }))
      expect(count()).toBe(1)
    },
  )
})

test('ids in the claims of a signed token are checked before the database sees them', async () => {
  for (const jti of ['\0', 'at_\0', `at_${'0'.repeat(31)}`, 7, null]) {
    const token = await signClaims(app, 'at+jwt', { ...claimsOf(good), jti })
    expect((await send(token)).status).toBe(401)
    const { introspection } = await app.mutate(acme.sandboxKey, 'introspectToken', { token }, 'introspection { active }')
    expect(introspection.active).toBe(false)
    expect((await send(await signClaims(app, 'kh-personal+jwt', { ...claimsOf(acme.adminToken), jti }))).status).toBe(401)
  }
})

test(`malformed tokens are counted like other unknown credentials: the ${maxUnknownCredentials + 1}st in a minute is a 429`, async () => {
  const bad = [altered({ kid: '\0' }), altered({ kid: `sk_${'0'.repeat(32)}` }), altered({}, { iss: '\0' }), 'x.y.z']
  for (let i = 0; i < maxUnknownCredentials; i++) expect((await send(bad[i % bad.length]!)).status).toBe(401)
  for (const token of bad) expect((await send(token)).status).toBe(429)
  expect((await send(good)).status).toBe(200)
})

test(`after ${maxFailedSignatures} failed signatures verifications of that address queue, and valid tokens are verified in their turn`, async () => {
  const bad = altered({}, { sub: 'ceo' })
  for (let i = 0; i < maxFailedSignatures; i++) expect((await send(bad)).status).toBe(401)
  const flood = async (from: string): Promise<number> => {
    const start = performance.now()
    const answers = await Promise.all([...Array.from({ length: 25 }, () => send(bad, from)), send(good, from), send(acme.adminToken, from)])
    expect(answers.slice(0, 25).every(({ status }) => status === (from === '203.0.113.1' ? 429 : 401))).toBe(true)
    expect(answers.slice(25).map(({ status }) => status)).toEqual([200, 200])
    return performance.now() - start
  }
  expect(await flood('203.0.113.1')).toBeGreaterThanOrEqual(26 * 20 - 5)
  // API keys are no signatures, and another address is not concerned.
  const turns = jest.spyOn(app.services.verificationQueue, 'waitForTurn')
  expect((await send(acme.sandboxKey)).status).toBe(200)
  expect(turns).not.toHaveBeenCalled()
  await flood('203.0.113.2')
  app.clock.advance(60_000)
  expect((await send(bad)).status).toBe(401)
})

test('a token that expires while it waits for its turn is refused', async () => {
  const { token } = await exchange(app, acme.sandboxKey, { audience: app.config.url, expiresIn: 300 })
  const { verificationQueue } = app.services
  jest.spyOn(verificationQueue, 'waitForTurn').mockImplementationOnce(() => {
    app.clock.advance(300_000)
    return Promise.resolve(true)
  })
  expect((await send(token)).errors?.[0]?.message).toBe('The token is expired. Get a new one.')
})

test('introspection is not slowed: whoever asks is known', async () => {
  const turns = jest.spyOn(app.services.verificationQueue, 'waitForTurn')
  const { token } = await exchange(app, acme.sandboxKey, { audience })
  await app.mutate(acme.sandboxKey, 'introspectToken', { token }, 'introspection { active }')
  expect(turns).not.toHaveBeenCalled()
})
