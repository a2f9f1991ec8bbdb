/** Suspending an API key: it and its access tokens are refused at once, everywhere, until it is resumed. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { suspend as suspendOrganization } from '../src/commands/organization-suspension.js'
import { codeOf, startApp, type TestApp } from './support/app.js'
import { chainFaults } from './support/audit-trail.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { exchange, fetchRevocationList } from './support/tokens.js'
import { hour, startReplica } from './support/users.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const selection = 'apiKey { status suspendedAt }'
const suspend = (id: string, by = acme.adminToken, more: object = {}): Promise<Payloads['suspendApiKey']> =>
  app.mutate(by, 'suspendApiKey', { id, ...more }, selection)
const resume = (id: string, by = acme.adminToken): Promise<Payloads['resumeApiKey']> => app.mutate(by, 'resumeApiKey', { id }, selection)
const outcome = async (credential: string, at = app): Promise<string> => {
  const answer = await at.run(credential, '{ viewer { kind } }')
  return answer.status === 200 ? 'OK' : `${answer.status} ${codeOf(answer)}`
}
const refused = '403 CREDENTIAL_SUSPENDED'

test('a suspended key and its tokens are refused, others are not, and both work again when it is resumed', async () => {
  const [key, other] = [await acme.apiKey({ permissions: ['*'] }), await acme.apiKey()]
  const { token } = await exchange(app, key.secret, { audience: app.config.url })
  expect(await suspend(key.id)).toEqual({ apiKey: { status: 'SUSPENDED', suspendedAt: app.clock.now().toISOString() }, userErrors: [] })
  expect([await outcome(key.secret), await outcome(token), await outcome(other.secret)]).toEqual([refused, refused, 'OK'])
  const { introspection } = await app.mutate(acme.sandboxKey, 'introspectToken', { token }, 'introspection { active subject }')
  expect(introspection).toEqual({ active: false, subject: null })
  expect(await resume(key.id)).toEqual({ apiKey: { status: 'ACTIVE', suspendedAt: null }, userErrors: [] })
  expect([await outcome(key.secret), await outcome(token)]).toEqual(['OK', 'OK'])
})

test('both are idempotent and leave an event each time; a reason is recorded', async () => {
  const { id } = await acme.apiKey()
  const first = await suspend(id, acme.adminToken, { reason: 'seen in a log' })
  app.clock.advance(1000)
  expect(await suspend(id)).toEqual(first)
  expect(await resume(id)).toEqual(await resume(id))
  const events = (await acme.events())
    .filter(({ subjectId }) => subjectId === id)
    .slice(1)
    .map(({ action, details }) => [action, details])
  expect(events).toEqual([
    ['api_key:suspend', { reason: 'seen in a log' }],
    ['api_key:suspend', {}],
    ['api_key:resume', {}],
    ['api_key:resume', {}],
  ])
  expect((await suspend(id, acme.adminToken, { reason: 'x'.repeat(500) })).userErrors).toEqual([])
  expect((await suspend(id, acme.adminToken, { reason: 'x'.repeat(501) })).userErrors).toMatchObject([{ code: 'INVALID' }])
})

test('a replica refuses the key at the next request, and accepts it at the next after it was resumed', async () => {
  const replica = await startReplica(app)
  const key = await acme.apiKey()
  await suspend(key.id)
  expect(await outcome(key.secret, replica)).toBe(refused)
  await resume(key.id)
  expect(await outcome(key.secret, replica)).toBe('OK')
  await replica.close()
})

test('the revocation lists have the key while it is suspended and has unexpired tokens', async () => {
  const [key, unused] = [await acme.apiKey(), await acme.apiKey()]
  await exchange(app, key.secret, { expiresIn: 300 })
  const listed = async (): Promise<boolean[]> => {
    const lists = await Promise.all(['', `/o/${acme.id}/sandbox`, `/o/${acme.id}/production`].map((path) => fetchRevocationList(app, path)))
    return lists.map(({ revokedClients }) => revokedClients.filter((id) => id === key.id || id === unused.id).length > 0)
  }
  expect(await listed()).toEqual([false, false, false])
  await suspend(key.id)
  await suspend(unused.id)
  expect(await listed()).toEqual([true, true, false])
  await resume(key.id)
  expect(await listed()).toEqual([false, false, false])
  await suspend(key.id)
  expect(await listed()).toEqual([true, true, false])
  await app.mutate(acme.adminToken, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
  const { revokedClients } = await fetchRevocationList(app)
  expect(revokedClients.filter((id) => id === key.id)).toEqual([key.id])
  app.clock.advance(300_000)
  expect(await listed()).toEqual([false, false, false])
})

test('the revocation lists name a suspended key of a suspended organization once', async () => {
  const own = await organization(app)
  const key = await own.apiKey()
  await exchange(app, key.secret, { expiresIn: 300 })
  await suspend(key.id, own.adminToken)
  await suspendOrganization(app.services, own.id)
  for (const path of ['', `/o/${own.id}/sandbox`]) {
    const { revokedClients } = await fetchRevocationList(app, path)
    expect(revokedClients.filter((id) => id === key.id)).toEqual([key.id])
  }
})

test('REVOKED comes before SUSPENDED, and SUSPENDED before EXPIRED', async () => {
  const key = await acme.apiKey({ expiresAt: new Date(app.clock.now().getTime() + 1000) })
  const verdict = async (): Promise<string> =>
    (await app.mutate(acme.sandboxKey, 'verifyApiKey', { secret: key.secret }, 'verdict { code }')).verdict.code
  await suspend(key.id)
  app.clock.advance(1000)
  expect([await outcome(key.secret), await verdict()]).toEqual([refused, 'SUSPENDED'])
  await resume(key.id)
  expect([await outcome(key.secret), await verdict()]).toEqual(['401 UNAUTHENTICATED', 'EXPIRED'])
  await suspend(key.id)
  await app.mutate(acme.adminToken, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
  expect([await outcome(key.secret), await verdict()]).toEqual(['403 CREDENTIAL_REVOKED', 'REVOKED'])
  for (const answer of [await suspend(key.id), await resume(key.id)]) expect(answer.userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
})

test('filters tell suspended keys and tokens from the others, as `status` does', async () => {
  const own = await organization(app)
  const soon = new Date(app.clock.now().getTime() + 1000)
  const [active, suspended, , revoked] = [
    await own.apiKey({ label: 'active' }),
    await own.apiKey({ label: 'suspended' }),
    await own.apiKey({ label: 'ended', expiresAt: soon }),
    await own.apiKey({ label: 'revoked' }),
  ]
  for (const { secret } of [active, suspended, revoked]) await exchange(app, secret, { expiresIn: 300 })
  for (const { id } of [suspended, revoked]) await suspend(id, own.adminToken)
  await app.mutate(own.adminToken, 'revokeApiKey', { id: revoked.id }, 'apiKey { id }')
  app.clock.advance(1000)
  const statuses = ['ACTIVE', 'SUSPENDED', 'EXPIRED', 'REVOKED']
  const counted = async (list: string): Promise<unknown[]> =>
    Promise.all(
      statuses.map(async (status) => {
        const filter = list === 'apiKeys' ? `statuses: [${status}]` : `status: ${status}`
        const { data } = await app.run<Record<string, { nodes: { status: string }[] }>>(
          own.adminToken,
          `{ ${list}(filter: { ${filter} }) { nodes { status } } }`,
        )
        return data[list]!.nodes.map((node) => node.status)
      }),
    )
  expect(await counted('apiKeys')).toEqual([['ACTIVE', 'ACTIVE'], ['SUSPENDED'], ['EXPIRED'], ['REVOKED']])
  expect(await counted('accessTokens')).toEqual([['ACTIVE'], ['SUSPENDED'], [], ['REVOKED']])
  app.clock.advance(300_000)
  expect(await counted('accessTokens')).toEqual([[], [], ['EXPIRED', 'EXPIRED'], ['REVOKED']])
})

describe('resuming gives access back, so it needs what granting it would', () => {
  test('every permission of the key', async () => {
    const { id } = await acme.apiKey({ permissions: ['agent:read'] })
    const poor = await acme.apiKey({ permissions: ['api_key:suspend'] })
    expect((await suspend(id, poor.secret)).userErrors).toEqual([])
    expect((await resume(id, poor.secret)).userErrors).toMatchObject([{ code: 'PERMISSION_NOT_HELD' }])
    const rich = await acme.apiKey({ permissions: ['api_key:suspend', 'agent:*'] })
    expect((await resume(id, rich.secret)).userErrors).toEqual([])
  })

  test('no limits of its own, and the current secret', async () => {
    const { id } = await acme.apiKey()
    await suspend(id)
    const limited = await acme.apiKey({ permissions: ['*'], endUsers: { preset: 'NOBODY' } })
    expect((await resume(id, limited.secret)).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
    const rotated = await acme.apiKey({ permissions: ['*'] })
    await app.mutate(acme.adminToken, 'rotateApiKey', { id: rotated.id, overlapSeconds: 60 }, 'secret')
    expect((await resume(id, rotated.secret)).userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
  })

  test('a credential that does not end before the key', async () => {
    const end = app.clock.now().getTime() + hour
    const { secret } = await acme.apiKey({ permissions: ['*'], expiresAt: new Date(end) })
    for (const [expiresAt, code] of [
      [null, 'INVALID'],
      [new Date(end + 1), 'INVALID'],
      [new Date(end), undefined],
    ] as const) {
      const { id } = await acme.apiKey({ expiresAt })
      await suspend(id)
      expect((await resume(id, secret)).userErrors[0]?.code).toBe(code)
    }
  })

  test('a key suspends itself and cannot resume itself', async () => {
    const key = await acme.apiKey({ permissions: ['*'] })
    expect((await suspend(key.id, key.secret)).userErrors).toEqual([])
    await expect(resume(key.id, key.secret)).rejects.toThrow('CREDENTIAL_SUSPENDED')
  })
})

test('a suspended key can be rotated and updated, and its new secret works once it is resumed', async () => {
  const key = await acme.apiKey()
  await suspend(key.id)
  const { secret } = await app.mutate(acme.adminToken, 'rotateApiKey', { id: key.id }, 'secret')
  await app.mutate(acme.adminToken, 'updateApiKey', { id: key.id, label: 'x' }, 'apiKey { id }')
  expect(await outcome(secret)).toBe(refused)
  await resume(key.id)
  expect([await outcome(secret), await outcome(key.secret)]).toEqual(['OK', '401 UNAUTHENTICATED'])
})

test('of 200 exchanges in flight none is recorded after the suspension, and one after the resumption is', async () => {
  const own = await organization(app)
  const key = await own.apiKey()
  const document = 'mutation ($input: ExchangeApiKeyInput!) { exchangeApiKey(input: $input) { token userErrors { code } } }'
  const input = { audience: 'https://a.example', externalUserId: 'jane' }
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      if (i === 100) await suspend(key.id, own.adminToken)
      return app.run(key.secret, document, { input })
    }),
  )
  for (const answer of answers) expect([undefined, 'CREDENTIAL_SUSPENDED']).toContain(codeOf(answer))
  await resume(key.id, own.adminToken)
  await exchange(app, key.secret)
  const events = (await own.events()).filter(({ outcome: one }) => one === 'ALLOWED').map(({ action }) => action)
  expect(events.slice(events.indexOf('api_key:suspend') + 1)).toEqual(['api_key:resume', 'api_key:exchange'])
  expect(await chainFaults(app.services.orm, own.id)).toEqual([])
}, 60_000)
