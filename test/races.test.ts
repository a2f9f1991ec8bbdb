/** Concurrent changes: one winner, no lost update, and no change by a credential that was revoked meanwhile. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { createApp, type App } from '../src/app.js'
import { AccessToken } from '../src/entities/access-token.js'
import { ApiKey } from '../src/entities/api-key.js'
import { startApp, type TestApp, type AnswerBody } from './support/app.js'
import { chainFaults, refusalsIn } from './support/audit-trail.js'
import { isPostgres } from './support/database.js'
import type { AnyPayload, Payloads } from './support/results.js'
import { organization, type SeededKey, type SeededOrganization } from './support/seed.js'
import { isAccepted } from './support/users.js'

let app: TestApp
/** A second process' worth of application on the same database, where it can have one. */
let second: App | undefined
beforeAll(async () => {
  app = await startApp()
  if (isPostgres) second = await createApp(app.config, { clock: app.clock.now, log: app.services.log })
})
afterAll(async () => {
  await second?.close()
  await app.close()
})

interface Outcome<Payload = AnyPayload> {
  readonly code: string
  readonly payload: Payload
}

let turn = 0
/** By turns through every application that there is. */
async function call<Field extends keyof Payloads>(
  credential: string,
  field: Field,
  input: object,
  selection = 'apiKey { id }',
): Promise<Outcome<Payloads[Field]>> {
  const { url } = second && turn++ % 2 ? second : app
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`
  const query = `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} userErrors { code message } } }`
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    body: JSON.stringify({ query, variables: { input } }),
  })
  const { data, errors } = (await response.json()) as AnswerBody<Payloads>
  if (errors) return { code: errors[0].extensions.code, payload: null as never }
  return { code: data[field].userErrors[0]?.code ?? 'OK', payload: data[field] }
}

const audience = 'https://service.example'
const exchange = (by: string, externalUserId = 'user'): Promise<Outcome> =>
  call(by, 'exchangeApiKey', { audience, externalUserId }, 'accessToken { id }')
const tally = (outcomes: readonly Outcome[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(outcomes, ({ code }) => code)].map(([code, all]) => [code, all.length]))

describe('one key, at once', () => {
  test('of ten rotations each wins in its turn: the newest text works, one before it for its overlap, no other', async () => {
    const acme = await organization(app)
    const key = await acme.apiKey()
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => call(acme.sandboxKey, 'rotateApiKey', { id: key.id, overlapSeconds: 60 }, 'secret')),
    )
    expect(tally(outcomes)).toEqual({ OK: 10 })
    const texts = outcomes.map(({ payload }) => payload.secret)
    expect(new Set(texts).size).toBe(10)
    const working = (await Promise.all([key.secret, ...texts].map((text) => isAccepted(app, text)))).filter(Boolean)
    expect(working).toHaveLength(2)
    expect(await acme.events('api_key:rotate')).toHaveLength(10)
    expect(await chainFaults(app.services.orm, acme.id)).toEqual([])
  })

  test('of two that rotate themselves without overlap one wins; the other no longer stands', async () => {
    const acme = await organization(app)
    for (let round = 0; round < 10; round++) {
      const key = await acme.apiKey({ permissions: ['api_key:rotate'] })
      const outcomes = await Promise.all([1, 2].map(() => call(key.secret, 'rotateApiKey', { id: key.id }, 'secret')))
      expect(tally(outcomes)).toEqual({ OK: 1, UNAUTHENTICATED: 1 })
      expect(await isAccepted(app, outcomes.find(({ code }) => code === 'OK')!.payload.secret)).toBe(true)
    }
    expect(await chainFaults(app.services.orm, acme.id)).toEqual([])
  })

  test('of ten revocations one is recorded, and all answer alike', async () => {
    const acme = await organization(app)
    const key = await acme.apiKey()
    const revokers = await Promise.all(Array.from({ length: 10 }, () => acme.apiKey({ permissions: ['api_key:revoke', 'api_key:read'] })))
    const selection = 'apiKey { revokedAt revokedBy { ... on ApiKey { id } } }'
    const outcomes = await Promise.all(revokers.map(({ secret }) => call(secret, 'revokeApiKey', { id: key.id }, selection)))
    expect(tally(outcomes)).toEqual({ OK: 10 })
    expect(new Set(outcomes.map(({ payload }) => JSON.stringify(payload))).size).toBe(1)
    expect(await acme.events('api_key:revoke')).toHaveLength(10)
  })

  test('a rotation and a revocation: it ends revoked, whichever came first', async () => {
    const acme = await organization(app)
    for (let round = 0; round < 10; round++) {
      const key = await acme.apiKey()
      const [rotation, revocation] = await Promise.all([
        call(acme.sandboxKey, 'rotateApiKey', { id: key.id, overlapSeconds: 60 }, 'secret'),
        call(acme.sandboxKey, 'revokeApiKey', { id: key.id }),
      ])
      expect([revocation.code, ['OK', 'INVALID_STATE'].includes(rotation.code)]).toEqual(['OK', true])
      expect([await isAccepted(app, key.secret), rotation.payload.secret ? await isAccepted(app, rotation.payload.secret) : false]).toEqual(
        [false, false],
      )
    }
  })
})

describe('a key that is changed in the middle of what it makes', () => {
  const change = {
    revoked: (acme: SeededOrganization, id: string) => call(acme.sandboxKey, 'revokeApiKey', { id }),
    narrowed: (acme: SeededOrganization, id: string) => call(acme.sandboxKey, 'updateApiKey', { id, permissions: ['api_key:create'] }),
    'rotated away': (acme: SeededOrganization, id: string) => call(acme.sandboxKey, 'rotateApiKey', { id }),
  }
  const changedAction = { revoked: 'api_key:revoke', narrowed: 'api_key:update', 'rotated away': 'api_key:rotate' } as const
  const held = ['api_key:create', 'agent:read']

  /** In the order of the chain: what a key made after it was changed. */
  async function madeAfter(acme: SeededOrganization, how: keyof typeof change, keys: readonly SeededKey[]): Promise<string[]> {
    const events = await acme.events()
    const changes = new Map(events.filter(({ action }) => action === changedAction[how]).map(({ subjectId, seq }) => [subjectId, seq]))
    expect(changes.size).toBe(keys.length)
    return events
      .filter(({ action, outcome, actorId, seq }) => {
        const made = action === 'api_key:create' || action === 'api_key:exchange'
        return made && outcome === 'ALLOWED' && actorId !== null && seq > (changes.get(actorId) ?? Infinity)
      })
      .map(({ subjectId }) => subjectId!)
  }

  test.each(Object.keys(change) as (keyof typeof change)[])(
    '200 keys, each %s',
    async (how) => {
      const acme = await organization(app)
      const keys = await acme.apiKeys(200, held)
      let made = 0
      for (let from = 0; from < keys.length; from += 20) {
        const outcomes = await Promise.all(
          keys.slice(from, from + 20).flatMap(({ id, secret }, i) => {
            const makes = [
              () => call(secret, 'createApiKey', { label: `by ${id}` }, 'secret apiKey { id permissions }'),
              () => exchange(secret, `user-${i}`),
            ]
            return makes.toSpliced(i % 3, 0, () => change[how](acme, id)).map((work) => work())
          }),
        )
        made += outcomes.filter(({ code }) => code === 'OK').length
        const lawful = { revoked: ['OK', 'CREDENTIAL_REVOKED'], narrowed: ['OK'], 'rotated away': ['OK', 'UNAUTHENTICATED'] }[how]
        expect(lawful).toEqual(expect.arrayContaining(Object.keys(tally(outcomes))))
      }
      expect(made).toBeGreaterThan(200)
      const em = acme.em
      const late = await madeAfter(acme, how, keys)
      if (how === 'narrowed') {
        const beyond = [
          ...(await em.find(ApiKey, { id: { $in: late } })).map(({ permissions }) => permissions),
          ...(await em.find(AccessToken, { id: { $in: late } })).map(({ permissions }) => permissions),
        ].filter((permissions) => permissions.includes('agent:read'))
        expect(beyond).toEqual([])
      } else expect(late).toEqual([])
      const events = await acme.events()
      const allowed = (action: string): string[] =>
        events
          .filter((event) => event.action === action && event.outcome === 'ALLOWED' && event.actorId !== null)
          .map(({ subjectId }) => subjectId!)
      expect((await em.find(AccessToken, {})).map(({ id }) => id).toSorted()).toEqual(allowed('api_key:exchange').toSorted())
      expect((await em.find(ApiKey, { createdBy: { $ne: null } })).map(({ id }) => id).toSorted()).toEqual(
        allowed('api_key:create').toSorted(),
      )
      expect(await chainFaults(app.services.orm, acme.id)).toEqual([])
      // 600 requests: seconds, but on a machine that is busy with something else.
    },
    120_000,
  )
})

test('200 verbs at once, refused ones among them: exact counts, an unbroken chain, no deadlock', async () => {
  const acme = await organization(app)
  const targets = await Promise.all(Array.from({ length: 75 }, () => acme.apiKey({ permissions: ['agent:read'] })))
  const powerless = await acme.apiKey()
  const before = (await acme.events()).length
  const kinds = [
    (i: number) => call(acme.sandboxKey, 'createApiKey', { label: `new ${i}`, permissions: [] }),
    (i: number) => call(acme.sandboxKey, 'updateApiKey', { id: targets[i]!.id, label: `renamed ${i}` }),
    (i: number) => call(acme.sandboxKey, 'rotateApiKey', { id: targets[25 + i]!.id }),
    (i: number) => call(acme.sandboxKey, 'revokeApiKey', { id: targets[50 + i]!.id }),
    (i: number) => exchange(acme.sandboxKey, `user-${i}`),
    () => call(powerless.secret, 'createApiKey', { permissions: [] }),
    () => call(acme.sandboxKey, 'createApiKey', { label: '', permissions: ['nonsense'] }),
    (i: number) => call(acme.sandboxKey, 'revokeApiKey', { id: `key_${i}` }),
  ]
  const outcomes = await Promise.all(Array.from({ length: 200 }, (_, i) => kinds[i % 8]!(Math.floor(i / 8))))
  expect(tally(outcomes)).toEqual({ OK: 125, FORBIDDEN: 25, INVALID: 25, NOT_FOUND: 25 })
  for (const one of [app, second]) await one?.services.refusalJournal.flush()
  const events = (await acme.events()).slice(before)
  const sum = (some: typeof events): number => some.reduce((all, one) => all + refusalsIn(one), 0)
  const count = (action: string, outcome: string): number => sum(events.filter((one) => one.action === action && one.outcome === outcome))
  expect({
    all: sum(events),
    created: count('api_key:create', 'ALLOWED'),
    notCreated: count('api_key:create', 'DENIED'),
    updated: count('api_key:update', 'ALLOWED'),
    rotated: count('api_key:rotate', 'ALLOWED'),
    revoked: count('api_key:revoke', 'ALLOWED'),
    notRevoked: count('api_key:revoke', 'DENIED'),
    exchanged: count('api_key:exchange', 'ALLOWED'),
  }).toEqual({ all: 200, created: 25, notCreated: 50, updated: 25, rotated: 25, revoked: 25, notRevoked: 25, exchanged: 25 })
  const em = acme.em
  expect([
    await em.count(ApiKey, { label: { $like: 'new %' } }),
    await em.count(ApiKey, { label: { $like: 'renamed %' } }),
    await em.count(ApiKey, { rotatedAt: { $ne: null } }),
    await em.count(ApiKey, { revokedAt: { $ne: null } }),
    await em.count(AccessToken),
  ]).toEqual([25, 25, 25, 25, 25])
  expect(await chainFaults(app.services.orm, acme.id)).toEqual([])
})
