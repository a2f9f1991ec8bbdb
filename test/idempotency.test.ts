/** Idempotency keys: a repeated create changes nothing and never returns a secret twice. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { ApiKey } from '../src/entities/api-key.js'
import { AuditEvent } from '../src/entities/audit-event.js'
import { IdempotencyKey } from '../src/entities/idempotency-key.js'
import { deleteExpiredKeys, fingerprint } from '../src/journal/idempotency.js'
import { Secret } from '../src/lib/secret.js'
import { startApp, type TestApp } from './support/app.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
})
beforeEach(async () => {
  acme = await organization(app)
})
afterAll(() => app.close())

const create = (credential: string, input: object): Promise<Payloads['createApiKey']> =>
  app.mutate(credential, 'createApiKey', input, 'secret apiKey { id label }')

const keysLabelled = (label: string): Promise<number> => acme.em.count(ApiKey, { label })

describe('a create under an idempotency key', () => {
  test('that is sent again makes nothing new, and answers the same record without its secret', async () => {
    const input = { label: 'twice', permissions: ['agent:run'], idempotencyKey: 'order-1' }
    const first = await create(acme.sandboxKey, input)
    expect(first.secret).toMatch(/^kh_sand_/)
    const second = await create(acme.sandboxKey, input)
    expect(second).toEqual({ secret: null, apiKey: first.apiKey, userErrors: [] })
    expect(await keysLabelled('twice')).toBe(1)
    const events = await acme.em.find(AuditEvent, { subjectId: first.apiKey.id }, { orderBy: { seq: 'ASC' } })
    expect(events.map(({ outcome, details }) => [outcome, details])).toEqual([
      ['ALLOWED', {}],
      ['ALLOWED', { repeated: true }],
    ])
  })

  test('that is sent several times at once makes one record', async () => {
    const input = { label: 'at once', idempotencyKey: 'order-2' }
    const answers = await Promise.all(Array.from({ length: 8 }, () => create(acme.sandboxKey, input)))
    expect(answers.filter(({ secret }) => secret !== null)).toHaveLength(1)
    expect(new Set(answers.map(({ apiKey }) => apiKey.id)).size).toBe(1)
    expect(await keysLabelled('at once')).toBe(1)
  })

  test('with another input is a conflict, and changes nothing', async () => {
    const { apiKey } = await create(acme.sandboxKey, { label: 'one', idempotencyKey: 'order-3' })
    for (const input of [{ label: 'other' }, {}, { label: 'one', permissions: [] }, { label: 'one', expiresAt: '2026-06-02T00:00:00Z' }]) {
      const conflict = await create(acme.sandboxKey, { ...input, idempotencyKey: 'order-3' })
      expect(conflict).toMatchObject({ secret: null, apiKey: null })
      expect(conflict.userErrors).toEqual([expect.objectContaining({ code: 'IDEMPOTENCY_CONFLICT', path: ['input', 'idempotencyKey'] })])
    }
    expect(await keysLabelled('other')).toBe(0)
    expect((await create(acme.sandboxKey, { label: 'one', idempotencyKey: 'order-3' })).apiKey.id).toBe(apiKey.id)
    const denied = await acme.em.find(AuditEvent, { outcome: 'DENIED' })
    expect(denied.map(({ details }) => details['code'])).toEqual(Array.from({ length: 4 }, () => 'IDEMPOTENCY_CONFLICT'))
  })

  test('with another input is this conflict, even where the other input would clash with what was made', async () => {
    const server = { name: 'one', serverLabel: 'one', serverUrl: 'https://mcp.example/mcp', idempotencyKey: 'order-9' }
    const register = (input: object): Promise<Payloads['createMcpServer']> =>
      app.mutate(acme.sandboxKey, 'createMcpServer', input, 'server { id }')
    expect((await register(server)).userErrors).toEqual([])
    expect(await register({ ...server, name: 'other' })).toMatchObject({ server: null, userErrors: [{ code: 'IDEMPOTENCY_CONFLICT' }] })
    expect(await register({ ...server, idempotencyKey: 'order-10' })).toMatchObject({ userErrors: [{ code: 'CONFLICT' }] })
  })

  test('tells faults of the input before a conflict', async () => {
    await create(acme.sandboxKey, { label: 'one', idempotencyKey: 'order-4' })
    const { userErrors } = await create(acme.sandboxKey, { label: '', idempotencyKey: 'order-4' })
    expect(userErrors).toEqual([expect.objectContaining({ code: 'INVALID', path: ['input', 'label'] })])
  })

  test('belongs to one credential', async () => {
    const input = { label: 'mine', idempotencyKey: 'order-5' }
    const other = await acme.apiKey({ permissions: ['*'] })
    const made = [await create(acme.sandboxKey, input), await create(other.secret, input), await create(acme.adminToken, input)]
    expect(made.every(({ secret }) => secret !== null)).toBe(true)
    expect(await keysLabelled('mine')).toBe(3)
  })

  test('is remembered for 24 hours to the millisecond, and not a moment longer', async () => {
    const input = { label: 'a day', idempotencyKey: 'order-6' }
    // The LOGIN token does not last a day, the key does.
    const first = await create(acme.sandboxKey, input)
    app.clock.advance(86_400_000 - 1)
    await deleteExpiredKeys(app.services)
    expect((await create(acme.sandboxKey, input)).apiKey.id).toBe(first.apiKey.id)
    app.clock.advance(1)
    const again = await create(acme.sandboxKey, input)
    expect(again.secret).not.toBeNull()
    expect(again.apiKey.id).not.toBe(first.apiKey.id)
    expect((await create(acme.sandboxKey, input)).apiKey.id).toBe(again.apiKey.id)
  })

  test('is swept away when it ran out', async () => {
    await create(acme.sandboxKey, { idempotencyKey: 'order-7' })
    app.clock.advance(86_400_000)
    await deleteExpiredKeys(app.services)
    expect(await acme.em.count(IdempotencyKey, { id: { $ne: '' } })).toBe(0)
  })

  test('that failed is not remembered', async () => {
    const { userErrors } = await create(acme.sandboxKey, { expiresAt: '2020-01-01T00:00:00Z', idempotencyKey: 'order-8' })
    expect(userErrors).toHaveLength(1)
    expect((await create(acme.sandboxKey, { label: 'mended', idempotencyKey: 'order-8' })).secret).not.toBeNull()
  })

  test('says so when what it made is gone, and makes nothing new', async () => {
    const server = { name: 'one', serverLabel: 'one', serverUrl: 'https://mcp.example/mcp', idempotencyKey: 'order-11' }
    const register = (): Promise<Payloads['createMcpServer']> => app.mutate(acme.sandboxKey, 'createMcpServer', server, 'server { id }')
    expect((await register()).userErrors).toEqual([])
    await app.mutate(acme.sandboxKey, 'resetSandbox', {}, 'deletedServers')
    expect(await register()).toMatchObject({ server: null, userErrors: [{ code: 'NOT_FOUND', path: ['input', 'idempotencyKey'] }] })
  })

  test('asks for the permission again', async () => {
    const { id, secret } = await acme.apiKey({ permissions: ['api_key:create'] })
    const input = { permissions: [], idempotencyKey: 'order-9' }
    expect((await create(secret, input)).secret).not.toBeNull()
    await app.mutate(acme.adminToken, 'updateApiKey', { id, permissions: [] }, 'apiKey { id }')
    const { apiKey, userErrors } = await create(secret, input)
    expect(apiKey).toBeNull()
    expect(userErrors[0]!.code).toBe('FORBIDDEN')
  })

  test('has 1 to 255 characters', async () => {
    const codes = async (idempotencyKey: string | null): Promise<string[]> =>
      (await create(acme.sandboxKey, { idempotencyKey })).userErrors.map(({ code }: { code: string }) => code)
    expect(await codes('')).toEqual(['INVALID'])
    expect(await codes('k')).toEqual([])
    expect(await codes('k'.repeat(255))).toEqual([])
    expect(await codes('k'.repeat(256))).toEqual(['INVALID'])
    expect(await codes('k\0')).toEqual(['INVALID'])
    expect(await codes('\ud800')).toEqual(['INVALID'])
    expect(await codes(null)).toEqual([])
    expect(await codes(null)).toEqual([])
  })
})

describe('createPersonalToken under an idempotency key', () => {
  test('answers the token once', async () => {
    const make = (input: object): Promise<Payloads['createPersonalToken']> =>
      app.mutate(acme.adminToken, 'createPersonalToken', { idempotencyKey: 'token-1', ...input }, 'token personalToken { id }')
    const first = await make({ description: 'deploy' })
    expect(first.token).toMatch(/^ey/)
    expect(await make({ description: 'deploy' })).toEqual({ token: null, personalToken: first.personalToken, userErrors: [] })
    expect((await make({ description: 'other' })).userErrors[0]!.code).toBe('IDEMPOTENCY_CONFLICT')
    expect((await make({ idempotencyKey: '' })).userErrors[0]!.code).toBe('INVALID')
  })
})

describe('what is kept of an input', () => {
  test('is an HMAC that tells secrets apart and does not mind the order of fields', () => {
    const actor = { organizationId: acme.id, authVersion: null, endUser: null } as never
    const mac = (input: object): string => fingerprint(app.services.deploymentSecrets, actor, 'mcp_credential:create', 'k', input).inputMac
    expect(mac({ a: 1, auth: { bearerToken: new Secret('one') } })).toBe(
      mac({ auth: { bearerToken: new Secret('one') }, a: 1, b: undefined }),
    )
    const different = [
      { auth: { bearerToken: new Secret('one') } },
      { auth: { bearerToken: new Secret('two') } },
      { auth: { authorization: new Secret('one') } },
      { auth: { bearerToken: 'one' } },
      { auth: null },
      {},
      { at: new Date(0) },
      { at: new Date(1) },
    ]
    expect(new Set(different.map(mac)).size).toBe(different.length)
  })
})
