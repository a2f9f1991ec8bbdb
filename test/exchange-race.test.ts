/** A key that changes in the middle of its own exchanges: no token that it could not have had after the change. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { AccessToken } from '../src/entities/access-token.js'
import { startApp, type TestApp } from './support/app.js'
import { organization, type SeededKey, type SeededOrganization } from './support/seed.js'
import { audience, claimsOf } from './support/tokens.js'

const keysEach = 50
const exchangesEach = 6

let app: TestApp
beforeAll(async () => void (app = await startApp()))
afterAll(() => app.close())

interface Attempt {
  readonly keyId: string
  /** Undefined: refused. */
  readonly token: string | undefined
  readonly code: string | undefined
}

const mutation = 'mutation ($input: ExchangeApiKeyInput!) { exchangeApiKey(input: $input) { token userErrors { code } } }'

async function attempt({ id, secret }: SeededKey, input: object = {}): Promise<Attempt> {
  const { data, errors } = await app.run(secret, mutation, { input: { audience, externalUserId: 'jane', ...input } })
  const { token, userErrors } = data?.exchangeApiKey ?? {}
  return { keyId: id, token: token ?? undefined, code: errors?.[0]?.extensions.code ?? userErrors?.[0]?.code }
}

/** Each key exchanges several times at once, and is changed in the midst of it. */
async function inTheMiddle(
  keys: readonly SeededKey[],
  change: (key: SeededKey) => Promise<unknown>,
  input: object = {},
): Promise<Attempt[]> {
  const all = await Promise.all(
    keys.map(async (key) => {
      const early = Array.from({ length: exchangesEach / 2 }, () => attempt(key, input))
      const changed = change(key)
      const late = Array.from({ length: exchangesEach / 2 }, () => attempt(key, input))
      await changed
      return Promise.all([...early, ...late, attempt(key, input)])
    }),
  )
  return all.flat()
}

const make = (acme: SeededOrganization, permissions: string[]): Promise<SeededKey[]> =>
  Promise.all(Array.from({ length: keysEach }, () => acme.apiKey({ permissions })))

/** The tokens that the chain of events places after the change of their key. */
async function recordedAfter(acme: SeededOrganization, action: string): Promise<AccessToken[]> {
  const em = app.services.orm.em.fork()
  em.setFilterParams('tenant', { organizationId: acme.id, projectIds: null, environment: null })
  const tokens = new Map((await em.findAll(AccessToken)).map((token) => [token.id, token]))
  const changedAt = new Map(
    (await acme.events(action)).filter(({ outcome }) => outcome === 'ALLOWED').map(({ subjectId, seq }) => [subjectId, seq]),
  )
  const exchanges = (await acme.events('api_key:exchange')).filter(({ outcome }) => outcome === 'ALLOWED')
  expect(exchanges).toHaveLength(tokens.size)
  return exchanges.flatMap(({ subjectId, seq }) => {
    const token = tokens.get(subjectId!)!
    return seq > changedAt.get(token.apiKeyId)! ? [token] : []
  })
}

test('revoked: no token after it, and every earlier one is dead', async () => {
  const acme = await organization(app)
  const keys = await make(acme, ['agent:read'])
  const attempts = await inTheMiddle(keys, ({ id }) => app.mutate(acme.adminToken, 'revokeApiKey', { id }, 'apiKey { id }'))
  expect(await recordedAfter(acme, 'api_key:revoke')).toEqual([])
  for (const { token, code } of attempts) expect(token ?? code).toBe(token ?? 'CREDENTIAL_REVOKED')
  expect(attempts.filter(({ token }) => !token).length).toBeGreaterThanOrEqual(keysEach)
  for (const { token } of attempts.filter((one) => one.token).slice(0, 20)) {
    const { introspection } = await app.mutate(acme.adminToken, 'introspectToken', { token }, 'introspection { active }')
    expect(introspection.active).toBe(false)
  }
})

test('narrowed: what comes after it holds the narrower permissions', async () => {
  const acme = await organization(app)
  const keys = await make(acme, ['agent:read', 'agent:create'])
  const attempts = await inTheMiddle(keys, ({ id }) =>
    app.mutate(acme.adminToken, 'updateApiKey', { id, permissions: ['agent:read'] }, 'apiKey { id }'),
  )
  expect(attempts.filter(({ token }) => !token)).toEqual([])
  const after = await recordedAfter(acme, 'api_key:update')
  expect(after.length).toBeGreaterThanOrEqual(keysEach)
  for (const { permissions } of after) expect(permissions).toEqual(['agent:read'])
})

test('narrowed: what was asked for by name and is no longer held is refused by name', async () => {
  const acme = await organization(app)
  const keys = await make(acme, ['agent:read', 'agent:create'])
  const attempts = await inTheMiddle(
    keys,
    ({ id }) => app.mutate(acme.adminToken, 'updateApiKey', { id, permissions: ['agent:read'] }, 'apiKey { id }'),
    { permissions: ['agent:create'] },
  )
  expect(await recordedAfter(acme, 'api_key:update')).toEqual([])
  for (const { token, code } of attempts) expect(token ?? code).toBe(token ?? 'PERMISSION_NOT_HELD')
})

test('rotated away: no token after it for the text that was replaced', async () => {
  const acme = await organization(app)
  const keys = await make(acme, ['agent:read'])
  const attempts = await inTheMiddle(keys, ({ id }) => app.mutate(acme.adminToken, 'rotateApiKey', { id }, 'apiKey { id }'))
  expect(await recordedAfter(acme, 'api_key:rotate')).toEqual([])
  for (const { token, code } of attempts) expect(token ?? code).toBe(token ?? 'UNAUTHENTICATED')
})

test('expired: no token that was issued at or after its end, or outlives it', async () => {
  const acme = await organization(app)
  const expiresAt = new Date(app.clock.at.getTime() + 1_000_000)
  const keys = await Promise.all(Array.from({ length: keysEach }, () => acme.apiKey({ expiresAt })))
  const early = keys.flatMap((key) => Array.from({ length: exchangesEach / 2 }, () => attempt(key)))
  // The end comes while they are under way: as soon as the first has its answer.
  await Promise.race(early)
  app.clock.advance(1_000_000)
  const late = await Promise.all(keys.map((key) => attempt(key)))
  const attempts = [...(await Promise.all(early)), ...late]
  expect(late.map(({ code }) => code)).toEqual(keys.map(() => 'UNAUTHENTICATED'))
  expect(attempts.some(({ token }) => token)).toBe(true)
  for (const { token, code } of attempts) {
    if (!token) expect(code).toBe('UNAUTHENTICATED')
    else expect(claimsOf(token)).toMatchObject({ iat: expiresAt.getTime() / 1000 - 1000, exp: expiresAt.getTime() / 1000 })
  }
})
