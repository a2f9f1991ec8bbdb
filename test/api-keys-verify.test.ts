/** Verdicts of verifyApiKey in their order, and the time of last use. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { createApp } from '../src/app.js'
import { generateApiKey } from '../src/lib/api-key-format.js'
import { startApp, type TestApp, type AnswerBody } from './support/app.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const verify = (secret: string, input: object = {}, by = acme.sandboxKey): Promise<Payloads['verifyApiKey']> =>
  app.mutate(
    by,
    'verifyApiKey',
    { secret, ...input },
    'verdict { valid code missingPermissions retryAfterMs apiKey { id environment project { id } } }',
  )
const inMs = (ms: number): Date => new Date(app.clock.now().getTime() + ms)

test('VALID returns the key of any project of the organization', async () => {
  const projectId = await acme.project()
  const key = await acme.apiKey({ projectId, environment: 'PRODUCTION', permissions: ['agent:*'] })
  const { verdict, userErrors } = await verify(key.secret, { permissions: ['agent:read'], environment: 'PRODUCTION' })
  const apiKey = { id: key.id, environment: 'PRODUCTION', project: { id: projectId } }
  expect([userErrors, verdict]).toEqual([[], { valid: true, code: 'VALID', missingPermissions: [], retryAfterMs: null, apiKey }])
})

test.each([
  ['a text that is no key', () => 'hello'],
  ['an empty text', () => ''],
  ['a text never issued', () => generateApiKey('kh', 'SANDBOX')],
  ["another organization's key", async () => (await organization(app)).sandboxKey],
  ['a text replaced twice', async () => superseded()],
])('NOT_FOUND: %s', async (_, text) => {
  const { verdict } = await verify(await text())
  expect(verdict).toEqual({ valid: false, code: 'NOT_FOUND', missingPermissions: [], retryAfterMs: null, apiKey: null })
})

async function superseded(): Promise<string> {
  const { id, secret } = await acme.apiKey()
  for (let i = 0; i < 2; i++) await app.mutate(acme.sandboxKey, 'rotateApiKey', { id, overlapSeconds: 60 }, 'secret')
  return secret
}

test('REVOKED, SUSPENDED, EXPIRED, ENVIRONMENT_MISMATCH, ADDRESS_NOT_ALLOWED, INSUFFICIENT_PERMISSIONS and VALID come in this order', async () => {
  const allowedIps = ['203.0.113.0/24']
  const key = await acme.apiKey({ permissions: ['agent:read'], expiresAt: inMs(1000), allowedIps })
  const codes: string[] = []
  const wrong = { environment: 'PRODUCTION', permissions: ['agent:write', 'agent:read', 'usage:read'], clientAddress: '198.51.100.1' }
  codes.push((await verify(key.secret, { permissions: ['agent:read'] })).verdict.code)
  const lacking = (await verify(key.secret, { ...wrong, environment: 'SANDBOX', clientAddress: '203.0.113.1' })).verdict
  expect(lacking.missingPermissions).toEqual(['agent:write', 'usage:read'])
  codes.push(lacking.code, (await verify(key.secret, { ...wrong, environment: 'SANDBOX' })).verdict.code)
  codes.push((await verify(key.secret, wrong)).verdict.code)
  app.clock.advance(999)
  codes.push((await verify(key.secret, wrong)).verdict.code)
  app.clock.advance(1)
  codes.push((await verify(key.secret, wrong)).verdict.code)
  await app.mutate(acme.sandboxKey, 'suspendApiKey', { id: key.id }, 'apiKey { id }')
  codes.push((await verify(key.secret, wrong)).verdict.code)
  await app.mutate(acme.sandboxKey, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
  const last = (await verify(key.secret, wrong)).verdict
  codes.push(last.code)
  expect(codes).toEqual([
    'VALID',
    'INSUFFICIENT_PERMISSIONS',
    'ADDRESS_NOT_ALLOWED',
    'ENVIRONMENT_MISMATCH',
    'ENVIRONMENT_MISMATCH',
    'EXPIRED',
    'SUSPENDED',
    'REVOKED',
  ])
  expect(last.apiKey.id).toBe(key.id)
})

test('"*" on a key means all that a key may hold, and no more', async () => {
  const { secret } = await acme.apiKey({ permissions: ['*'] })
  expect((await verify(secret, { permissions: ['agent:read', 'audit_event:read'] })).verdict.code).toBe('VALID')
  expect((await verify(secret, { permissions: ['*'] })).verdict.code).toBe('VALID')
  expect((await verify(secret, { permissions: ['member:invite'] })).verdict.code).toBe('INSUFFICIENT_PERMISSIONS')
  const lesser = await acme.apiKey({ permissions: ['application:*', 'mcp_server:*'] })
  expect((await verify(lesser.secret, { permissions: ['*'] })).verdict).toMatchObject({
    code: 'INSUFFICIENT_PERMISSIONS',
    missingPermissions: expect.arrayContaining(['api_key:create', 'audit_event:read']),
  })
  expect((await verify((await acme.apiKey()).secret, { permissions: ['*'] })).verdict.missingPermissions).toEqual(['*'])
})

test('a refused verification is audited, a permitted one is not', async () => {
  const own = await organization(app)
  const before = (await own.events()).length
  await verify(own.sandboxKey, {}, own.sandboxKey)
  expect(await own.events()).toHaveLength(before)
  const { secret, id } = await own.apiKey()
  const { verdict, userErrors } = await verify(own.sandboxKey, {}, secret)
  expect([verdict, userErrors]).toMatchObject([null, [{ code: 'FORBIDDEN', message: expect.stringContaining('api_key:verify') }]])
  const [event] = await own.events('api_key:verify')
  expect(event).toMatchObject({ outcome: 'DENIED', actorId: id, details: { code: 'FORBIDDEN' } })
})

test('a key issued under an older prefix keeps working, and a new one bears the new', async () => {
  const older = await acme.apiKey({ permissions: ['*'] })
  const renamed = await createApp({ ...app.config, keyPrefix: 'acme1' }, { clock: app.clock.now, log: app.services.log })
  try {
    const response = await fetch(`${renamed.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${older.secret}` },
      body: JSON.stringify({ query: 'mutation { createApiKey(input: { permissions: [] }) { secret apiKey { preview } } }' }),
    })
    const { data } = (await response.json()) as AnswerBody
    expect(data.createApiKey.secret).toMatch(/^acme1_sand_[0-9A-Za-z]{38}$/)
    expect(data.createApiKey.apiKey.preview).toBe(`acme1_sand_****${data.createApiKey.secret.slice(-4)}`)
    expect((await verify(data.createApiKey.secret)).verdict.code).toBe('VALID')
  } finally {
    await renamed.close()
  }
})

test('lastUsedAt is written behind: after a flush it is there, for requests and for VALID verdicts alone', async () => {
  const [used, valid, judged, idle] = [await acme.apiKey(), await acme.apiKey(), await acme.apiKey(), await acme.apiKey()]
  await app.run(used.secret, '{ viewer { kind } }')
  await verify(valid.secret)
  await verify(judged.secret, { permissions: ['agent:read'] })
  await app.services.writeBehind.flush()
  const rows = await Promise.all([used, valid, judged, idle].map(({ id }) => acme.keyRow(id)))
  expect(rows.map(({ lastUsedAt }) => lastUsedAt)).toEqual([app.clock.now(), app.clock.now(), null, null])
  expect(rows[0]!.updatedAt).toEqual(rows[0]!.createdAt)
})
