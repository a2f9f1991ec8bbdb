/** Races between a change of a key and its exchanges: no token has what the changed key could not give. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { exchangeApiKey } from '../src/access-tokens/exchange-api-key.js'
import type { Actor } from '../src/access/actor.js'
import { authenticate } from '../src/access/authenticate.js'
import { revokeApiKey } from '../src/api-keys/revoke-api-key.js'
import { rotateApiKey } from '../src/api-keys/rotate-api-key.js'
import { updateApiKey } from '../src/api-keys/update-api-key.js'
import { Context } from '../src/context/context.js'
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
  /** Undefined: refused. */
  readonly token: string | undefined
  readonly code: string | undefined
}

/** A request that has passed the edge: its caller was believed, and nothing has happened yet. */
async function admitted(credential: string): Promise<Context> {
  const { queryRunner, keyring } = app.services
  const believe = (): Promise<Actor> =>
    authenticate(
      { queryRunner: queryRunner, now: app.clock.now(), urls: [app.config.url], verify: (text, typ) => keyring.verify(text, typ) },
      { authorization: `Bearer ${credential}`, onBehalfOf: [], sessionKeys: [], address: null, serverId: null },
    )
  return new Context(app.services, { requestId: 'req_race', ipAddress: null }, await believe(), believe)
}

async function attempt(ctx: Context, input: object = {}): Promise<Attempt> {
  try {
    return { token: (await exchangeApiKey(ctx, { audience, externalUserId: 'jane', ...input })).token, code: undefined }
  } catch (error) {
    return { token: undefined, code: String(Reflect.get(Object(error), 'code')) }
  }
}

/** Each key exchanges several times at once and is changed in the midst of it; all callers were believed before that. */
async function inTheMiddle(
  acme: SeededOrganization,
  keys: readonly SeededKey[],
  change: (ctx: Context, key: SeededKey) => Promise<unknown>,
  input: object = {},
): Promise<Attempt[]> {
  const prepared = await Promise.all(
    keys.map(async (key) => ({
      key,
      admin: await admitted(acme.adminToken),
      early: await Promise.all(Array.from({ length: exchangesEach / 2 }, () => admitted(key.secret))),
      late: await Promise.all(Array.from({ length: exchangesEach / 2 }, () => admitted(key.secret))),
    })),
  )
  const attempts: Attempt[] = []
  // A few keys at a time, or most exchanges would be over before the first change has had its turn.
  while (prepared.length > 0) {
    const batch = prepared.splice(0, 3).map(async ({ key, admin, early, late }) => {
      const begun = early.map((ctx) => attempt(ctx, input))
      const changed = change(admin, key)
      const [last, ...middle] = late
      begun.push(...middle.map((ctx) => attempt(ctx, input)))
      await changed
      return Promise.all([...begun, attempt(last!, input)])
    })
    attempts.push(...(await Promise.all(batch)).flat())
  }
  return attempts
}

const make = (acme: SeededOrganization, permissions: string[]): Promise<SeededKey[]> =>
  Promise.all(Array.from({ length: keysEach }, () => acme.apiKey({ permissions })))

/** The tokens that the chain of events places after the change of their key. */
async function recordedAfter(acme: SeededOrganization, action: string): Promise<AccessToken[]> {
  const tokens = new Map((await acme.em.findAll(AccessToken)).map((token) => [token.id, token]))
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
  const attempts = await inTheMiddle(acme, keys, (admin, { id }) => revokeApiKey(admin, { id }))
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
  const attempts = await inTheMiddle(acme, keys, (admin, { id }) => updateApiKey(admin, { id, permissions: ['agent:read'] }))
  expect(attempts.filter(({ token }) => !token)).toEqual([])
  const after = await recordedAfter(acme, 'api_key:update')
  expect(after.length).toBeGreaterThanOrEqual(keysEach)
  for (const { permissions } of after) expect(permissions).toEqual(['agent:read'])
})

test('narrowed: what was asked for by name and is no longer held is refused by name', async () => {
  const acme = await organization(app)
  const keys = await make(acme, ['agent:read', 'agent:create'])
  const attempts = await inTheMiddle(acme, keys, (admin, { id }) => updateApiKey(admin, { id, permissions: ['agent:read'] }), {
    permissions: ['agent:create'],
  })
  expect(await recordedAfter(acme, 'api_key:update')).toEqual([])
  for (const { token, code } of attempts) expect(token ?? code).toBe(token ?? 'PERMISSION_NOT_HELD')
})

test('limited to other end users: no token for this one after it', async () => {
  const acme = await organization(app)
  const keys = await make(acme, ['agent:read'])
  const attempts = await inTheMiddle(acme, keys, (admin, { id }) => updateApiKey(admin, { id, endUsers: { prefix: 'tenant-7:' } }))
  expect(await recordedAfter(acme, 'api_key:update')).toEqual([])
  for (const { token, code } of attempts) expect(token ?? code).toBe(token ?? 'FORBIDDEN')
})

test('rotated away: no token after it for the text that was replaced', async () => {
  const acme = await organization(app)
  const keys = await make(acme, ['agent:read'])
  const attempts = await inTheMiddle(acme, keys, (admin, { id }) => rotateApiKey(admin, { id }))
  expect(await recordedAfter(acme, 'api_key:rotate')).toEqual([])
  for (const { token, code } of attempts) expect(token ?? code).toBe(token ?? 'UNAUTHENTICATED')
})

test('expired: no token that was issued at or after its end, or outlives it', async () => {
  const acme = await organization(app)
  const expiresAt = new Date(app.clock.at.getTime() + 1_000_000)
  const keys = await Promise.all(Array.from({ length: keysEach }, () => acme.apiKey({ expiresAt })))
  const admit = (): Promise<Context[]> => Promise.all(keys.map(({ secret }) => admitted(secret)))
  const [first, second, third] = [await admit(), await admit(), await admit()]
  const before = await Promise.all(first.map((ctx) => attempt(ctx)))
  // These have their permit and their text, and are not on the disk yet.
  const under = second.map((ctx) => attempt(ctx))
  app.clock.advance(1_000_000)
  const after = await Promise.all(third.map((ctx) => attempt(ctx)))
  expect(after.map(({ code }) => code)).toEqual(keys.map(() => 'UNAUTHENTICATED'))
  expect((await Promise.all(under)).map(({ code }) => code)).toEqual(keys.map(() => 'UNAUTHENTICATED'))
  for (const { token } of before) {
    expect(claimsOf(token!)).toMatchObject({ iat: expiresAt.getTime() / 1000 - 1000, exp: expiresAt.getTime() / 1000 })
  }
  expect((await acme.events('api_key:exchange')).filter(({ outcome }) => outcome === 'ALLOWED')).toHaveLength(keysEach)
})
