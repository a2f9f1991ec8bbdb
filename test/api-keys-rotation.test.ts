/** Rotation and revocation of API keys: which secret works until when, to the millisecond. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { codeOf, startApp, type TestApp } from './support/app.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededKey, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
})
beforeEach(async () => {
  acme = await organization(app)
})
afterAll(() => app.close())

const answerTo = async (text: string): Promise<string> => {
  const answer = await app.run(text, '{ viewer { kind } }')
  return answer.errors ? `${answer.status} ${codeOf(answer)}` : 'works'
}
const rotate = (by: string, id: string, options: object = {}): Promise<Payloads['rotateApiKey']> =>
  app.mutate(by, 'rotateApiKey', { id, ...options }, 'secret apiKey { id preview rotatedAt previousSecretExpiresAt expiresAt }')
const verdictOn = async (secret: string, by = acme.sandboxKey): Promise<string> =>
  (await app.mutate(by, 'verifyApiKey', { secret }, 'verdict { code }')).verdict.code
const cuts = async (): Promise<unknown[]> =>
  (await acme.events('api_key:end_overlap')).map(({ outcome, subjectId, details }) => ({ outcome, subjectId, details }))

async function rotated(options: object = {}): Promise<{ key: SeededKey; fresh: string }> {
  const key = await acme.apiKey()
  const { secret, userErrors } = await rotate(acme.sandboxKey, key.id, options)
  expect(userErrors).toEqual([])
  return { key, fresh: secret }
}

describe('the text', () => {
  test('is new under the same id, and the old one ends at once', async () => {
    const key = await acme.apiKey()
    const { secret, apiKey, userErrors } = await rotate(acme.sandboxKey, key.id)
    expect(userErrors).toEqual([])
    expect(secret).not.toBe(key.secret)
    expect(apiKey).toMatchObject({ id: key.id, preview: `kh_sand_****${secret.slice(-4)}`, rotatedAt: app.clock.now().toISOString() })
    expect([await answerTo(secret), await answerTo(key.secret)]).toEqual(['works', '401 UNAUTHENTICATED'])
    expect([await verdictOn(secret), await verdictOn(key.secret)]).toEqual(['VALID', 'NOT_FOUND'])
  })

  test.each([
    [-1, 'INVALID'],
    [0, undefined],
    [604_800, undefined],
    [604_801, 'INVALID'],
    [null, 'INVALID'],
  ])('overlapSeconds %p: %p', async (overlapSeconds, code) => {
    const { id } = await acme.apiKey()
    const { userErrors, secret } = await rotate(acme.sandboxKey, id, { overlapSeconds })
    expect(userErrors[0]?.code).toBe(code)
    expect(userErrors[0]?.path).toEqual(code && ['input', 'overlapSeconds'])
    expect(secret === null).toBe(code !== undefined)
  })

  test('the longest overlap ends exactly at its deadline', async () => {
    const { key, fresh } = await rotated({ overlapSeconds: 604_800 })
    app.clock.advance(604_800_000 - 1)
    expect([await answerTo(key.secret), await verdictOn(key.secret)]).toEqual(['works', 'VALID'])
    app.clock.advance(1)
    expect([await answerTo(key.secret), await verdictOn(key.secret)]).toEqual(['401 UNAUTHENTICATED', 'NOT_FOUND'])
    app.clock.advance(1)
    expect([await answerTo(key.secret), await answerTo(fresh)]).toEqual(['401 UNAUTHENTICATED', 'works'])
  })

  test('after two rotations only the two newest secrets can work', async () => {
    const { key, fresh: second } = await rotated({ overlapSeconds: 60 })
    const { secret: third } = await rotate(acme.sandboxKey, key.id, { overlapSeconds: 60 })
    expect([await answerTo(key.secret), await answerTo(second), await answerTo(third)]).toEqual(['401 UNAUTHENTICATED', 'works', 'works'])
  })

  test('expiry does not grow, and ends an overlap that would last longer', async () => {
    const expiresAt = new Date(app.clock.now().getTime() + 30_000)
    const key = await acme.apiKey({ expiresAt })
    const { apiKey, secret } = await rotate(acme.sandboxKey, key.id, { overlapSeconds: 60 })
    expect(apiKey.expiresAt).toBe(expiresAt.toISOString())
    app.clock.advance(29_999)
    expect([await answerTo(key.secret), await answerTo(secret)]).toEqual(['works', 'works'])
    app.clock.advance(1)
    expect([await answerTo(key.secret), await answerTo(secret)]).toEqual(['401 UNAUTHENTICATED', '401 UNAUTHENTICATED'])
    const again = await rotate(acme.sandboxKey, key.id)
    expect(again.userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
  })
})

describe('endOverlapAtFirstUse', () => {
  const options = { overlapSeconds: 60, endOverlapAtFirstUse: true }

  test('a request with the new text ends the old one, with one event', async () => {
    const { key, fresh } = await rotated(options)
    expect([await answerTo(key.secret), await answerTo(key.secret)]).toEqual(['works', 'works'])
    expect(await cuts()).toEqual([])
    expect([await answerTo(fresh), await answerTo(key.secret), await answerTo(fresh)]).toEqual(['works', '401 UNAUTHENTICATED', 'works'])
    expect(await cuts()).toEqual([{ outcome: 'ALLOWED', subjectId: key.id, details: {} }])
  })

  test('a VALID verdict on the new text ends the old one; one on the old text does not', async () => {
    const { key, fresh } = await rotated(options)
    expect(await verdictOn(key.secret)).toBe('VALID')
    expect(await answerTo(key.secret)).toBe('works')
    expect([await verdictOn(fresh), await verdictOn(key.secret)]).toEqual(['VALID', 'NOT_FOUND'])
    expect(await answerTo(key.secret)).toBe('401 UNAUTHENTICATED')
    expect(await cuts()).toEqual([{ outcome: 'ALLOWED', subjectId: key.id, details: {} }])
  })

  test('a verdict that is not VALID ends nothing', async () => {
    const { key, fresh } = await rotated(options)
    const { verdict } = await app.mutate(acme.sandboxKey, 'verifyApiKey', { secret: fresh, permissions: ['a:b'] }, 'verdict { code }')
    expect(verdict.code).toBe('INSUFFICIENT_PERMISSIONS')
    expect([await answerTo(key.secret), await cuts()]).toEqual(['works', []])
  })

  test('a verdict by a caller of the other environment, or of another project, ends it too', async () => {
    const production = await acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })
    const elsewhere = await acme.apiKey({ projectId: await acme.project(), permissions: ['*'] })
    for (const { secret: by } of [production, elsewhere]) {
      const { key, fresh } = await rotated(options)
      expect([await verdictOn(fresh, by), await answerTo(key.secret)]).toEqual(['VALID', '401 UNAUTHENTICATED'])
      expect((await cuts()).at(-1)).toEqual({ outcome: 'ALLOWED', subjectId: key.id, details: {} })
    }
  })

  test('the event stands in the place of the key', async () => {
    const production = await acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })
    const { fresh } = await rotated(options)
    await verdictOn(fresh, production.secret)
    const [event] = await acme.events('api_key:end_overlap')
    expect(event).toMatchObject({ projectId: acme.projectId, environment: 'SANDBOX', actorId: production.id })
  })

  test('an overlap that ended by itself is not ended again by every request', async () => {
    const { fresh } = await rotated(options)
    app.clock.advance(60_000)
    expect([await answerTo(fresh), await answerTo(fresh), await verdictOn(fresh)]).toEqual(['works', 'works', 'VALID'])
    expect(await cuts()).toEqual([])
  })

  test('many simultaneous first uses all succeed, and exactly one of them ends the overlap', async () => {
    const { key, fresh } = await rotated(options)
    const answers = await Promise.all(Array.from({ length: 10 }, () => answerTo(fresh)))
    expect(new Set(answers)).toEqual(new Set(['works']))
    expect(await answerTo(key.secret)).toBe('401 UNAUTHENTICATED')
    expect(await cuts()).toEqual([{ outcome: 'ALLOWED', subjectId: key.id, details: {} }])
  })
})

test('a superseded secret cannot create, rotate or update keys, but can be used and revoked', async () => {
  const key = await acme.apiKey({ permissions: ['*'] })
  const other = await acme.apiKey()
  await rotate(acme.sandboxKey, key.id, { overlapSeconds: 60 })
  const attempts = [
    await app.mutate(key.secret, 'createApiKey', { permissions: [] }, 'secret'),
    await rotate(key.secret, other.id),
    await rotate(key.secret, key.id),
    await app.mutate(key.secret, 'updateApiKey', { id: other.id, label: 'x' }, 'apiKey { id }'),
  ]
  for (const { userErrors } of attempts)
    expect(userErrors).toMatchObject([{ code: 'FORBIDDEN', message: expect.stringContaining('replaced') }])
  const exchanged = await app.mutate(key.secret, 'exchangeApiKey', { audience: 'https://a.example', externalUserId: 'u' }, 'token')
  expect(exchanged.userErrors).toEqual([])
  expect((await app.mutate(key.secret, 'revokeApiKey', { id: key.id }, 'apiKey { status }')).apiKey.status).toBe('REVOKED')
})

describe('revokeApiKey', () => {
  test('is immediate, final and the same when repeated', async () => {
    const { key, fresh } = await rotated({ overlapSeconds: 60 })
    const revoke = (): Promise<Payloads['revokeApiKey']> =>
      app.mutate(
        acme.sandboxKey,
        'revokeApiKey',
        { id: key.id },
        'apiKey { id status revokedAt updatedAt revokedBy { ... on ApiKey { id } } }',
      )
    const first = await revoke()
    expect(first.apiKey).toMatchObject({ id: key.id, status: 'REVOKED', revokedAt: app.clock.now().toISOString() })
    app.clock.advance(1000)
    expect(await revoke()).toEqual(first)
    expect([await answerTo(fresh), await answerTo(key.secret)]).toEqual(['403 CREDENTIAL_REVOKED', '403 CREDENTIAL_REVOKED'])
    expect(await verdictOn(fresh)).toBe('REVOKED')
    expect((await rotate(acme.sandboxKey, key.id)).userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
    const update = await app.mutate(acme.sandboxKey, 'updateApiKey', { id: key.id, label: 'x' }, 'apiKey { id }')
    expect(update.userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
    expect(await acme.events('api_key:revoke')).toHaveLength(2)
  })

  test('a text that was replaced before is no text of the revoked key', async () => {
    const { key, fresh } = await rotated({})
    await app.mutate(acme.sandboxKey, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
    expect([await answerTo(fresh), await answerTo(key.secret)]).toEqual(['403 CREDENTIAL_REVOKED', '401 UNAUTHENTICATED'])
    expect([await verdictOn(fresh), await verdictOn(key.secret)]).toEqual(['REVOKED', 'NOT_FOUND'])
  })

  test('works for the key in use, and for the last one; that answer still arrives', async () => {
    const answer = await app.mutate(acme.sandboxKey, 'revokeApiKey', { id: await ownId() }, 'apiKey { status }')
    expect(answer).toEqual({ apiKey: { status: 'REVOKED' }, userErrors: [] })
    expect(await answerTo(acme.sandboxKey)).toBe('403 CREDENTIAL_REVOKED')
  })

  test.each([
    [500, undefined],
    [501, 'INVALID'],
  ])('a reason of %p characters: %p', async (length, code) => {
    const { id } = await acme.apiKey()
    const { userErrors } = await app.mutate(acme.sandboxKey, 'revokeApiKey', { id, reason: 'é'.repeat(length) }, 'apiKey { id }')
    expect(userErrors[0]?.code).toBe(code)
    const event = (await acme.events('api_key:revoke')).at(-1)!
    expect([event.outcome, event.details]).toEqual(code ? ['DENIED', { code }] : ['ALLOWED', { reason: 'é'.repeat(length) }])
  })

  const ownId = async (): Promise<string> => (await app.run(acme.sandboxKey, '{ viewer { apiKey { id } } }')).data.viewer.apiKey.id
})
