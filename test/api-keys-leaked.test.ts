/** Reports of leaked API keys: whoever holds a secret may end it, and learns nothing else. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { leakReportMs } from '../src/api-keys/report-leaked-api-key.js'
import { suspend } from '../src/commands/organization-suspension.js'
import { ApiKey } from '../src/entities/api-key.js'
import { generateApiKey } from '../src/lib/api-key-format.js'
import { sha256 } from '../src/lib/crypto/digest.js'
import { startApp, codeOf, type Answer, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { exchange } from './support/tokens.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const document = 'mutation ($secret: Secret!) { reportLeakedApiKey(input: { secret: $secret }) { received userErrors { code } } }'
const report = (secret: string, on = app): Promise<Answer> => on.run(null, document, { secret })
const statusOf = async (secret: string): Promise<unknown> => codeOf(await app.run(secret, '{ viewer { kind } }'))
const reportEvents = (): ReturnType<SeededOrganization['events']> => acme.events('api_key:report_leaked')

/** Next minute, so that no test meets the limit of another. */
const nextMinute = (): void => app.clock.advance(60_000)

test('a reported key and its tokens end at once, with an event that names the address of the reporter', async () => {
  nextMinute()
  const { id, secret } = await acme.apiKey({ permissions: ['*'] })
  const { token } = await exchange(app, secret, { audience: app.config.url })
  const { data } = await report(secret)
  expect(data).toEqual({ reportLeakedApiKey: { received: true, userErrors: [] } })
  expect([await statusOf(secret), await statusOf(token)]).toEqual(['CREDENTIAL_REVOKED', 'UNAUTHENTICATED'])
  const row = await acme.keyRow(id)
  expect([row.revokedAt, row.revokedBy]).toEqual([app.clock.now(), null])
  const { outcome, actorId, subjectId, projectId, environment, ipAddress, details } = (await reportEvents()).at(-1)!
  expect({ outcome, actorId, subjectId, projectId, environment, details }).toEqual({
    outcome: 'ALLOWED',
    actorId: null,
    subjectId: id,
    projectId: acme.projectId,
    environment: 'SANDBOX',
    details: {},
  })
  expect(ipAddress).toMatch(/127\.0\.0\.1$/)
  expect(JSON.stringify(await acme.events())).not.toContain(secret)
})

test('an imported key ends as any other, and so does one whose organization is suspended', async () => {
  nextMinute()
  const other = await organization(app)
  const secret = 'mk-an-imported-secret'
  await app.mutate(other.sandboxKey, 'importApiKeys', { keys: [{ digest: sha256(secret), permissions: [] }] }, 'results { outcome }')
  await suspend(app.services, other.id)
  for (const leaked of [secret, other.sandboxKey]) await report(leaked)
  const revoked = await other.em.find(ApiKey, { revokedAt: { $ne: null } })
  expect(revoked.map(({ digest }) => digest).toSorted()).toEqual([sha256(secret), sha256(other.sandboxKey)].toSorted())
})

test('the secret before a rotation ends the key while it works, and nothing afterwards', async () => {
  nextMinute()
  const [overlapping, over] = [await acme.apiKey(), await acme.apiKey()]
  const rotated = []
  for (const { id } of [overlapping, over])
    rotated.push((await app.mutate(acme.sandboxKey, 'rotateApiKey', { id, overlapSeconds: 60 }, 'secret')).secret)
  await report(overlapping.secret)
  expect(await statusOf(rotated[0]!)).toBe('CREDENTIAL_REVOKED')
  nextMinute()
  const before = (await reportEvents()).length
  await report(over.secret)
  expect([await statusOf(rotated[1]!), (await reportEvents()).length]).toEqual([undefined, before])
})

test('every text is answered the same, and not before a revocation would have ended', async () => {
  nextMinute()
  const { secret } = await acme.apiKey()
  const revoked = await acme.apiKey()
  await report(revoked.secret)
  const before = (await reportEvents()).length
  const texts = [secret, revoked.secret, generateApiKey('kh', 'SANDBOX'), 'mk-unknown', '', acme.adminToken]
  const answers = await Promise.all(
    texts.map(async (text) => {
      const from = performance.now()
      const { status, text: body } = await report(text)
      return { status, body, isInTime: performance.now() - from >= leakReportMs - 1 }
    }),
  )
  const body = '{"data":{"reportLeakedApiKey":{"received":true,"userErrors":[]}}}'
  expect(answers).toEqual(texts.map(() => ({ status: 200, body, isInTime: true })))
  expect((await reportEvents()).length).toBe(before + 1)
})

test('an address sends 100 reports in a minute, and the next one changes nothing', async () => {
  nextMinute()
  const answers = await Promise.all(Array.from({ length: 99 }, () => report('mk-unknown')))
  const [hundredth, late] = [await acme.apiKey(), await acme.apiKey()]
  expect([...answers, await report(hundredth.secret)].map((answer) => codeOf(answer))).toEqual(Array.from({ length: 100 }, () => undefined))
  const refused = await report(late.secret)
  expect([codeOf(refused), refused.status, refused.headers.get('retry-after')]).toEqual(['RATE_LIMITED', 429, '60'])
  expect([await statusOf(hundredth.secret), await statusOf(late.secret)]).toEqual(['CREDENTIAL_REVOKED', undefined])
  app.clock.advance(59_999)
  expect(codeOf(await report(late.secret))).toBe('RATE_LIMITED')
  app.clock.advance(1)
  await report(late.secret)
  expect(await statusOf(late.secret)).toBe('CREDENTIAL_REVOKED')
})
