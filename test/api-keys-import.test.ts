/** API keys that were issued elsewhere: imported by digest, used wherever a key is, rotated and revoked. */
import { createHash, randomBytes } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'

import { generateApiKey } from '../src/lib/api-key-format.js'
import { startApp, codeOf, type TestApp } from './support/app.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { exchange } from './support/tokens.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

/** A secret of another store, and the digest that it keeps. */
const foreignSecret = (): string => `mk-${randomBytes(24).toString('base64url')}`
const digestOf = (secret: string, encoding: 'hex' | 'base64' | 'base64url' = 'hex'): string =>
  createHash('sha256').update(secret).digest(encoding)

type Results = Payloads['importApiKeys']['results']
const selection = 'results { outcome apiKey { id label preview environment permissions metadata } errors { code message path } }'
const importAll = (input: object, by = acme.sandboxKey): Promise<Payloads['importApiKeys']> =>
  app.mutate(by, 'importApiKeys', input, selection)
const key = (secret: string, fields: object = {}): object => ({ digest: digestOf(secret), permissions: [], ...fields })

/** Imports one key, which must succeed. */
async function imported(secret: string, fields: object = {}, by = acme.sandboxKey): Promise<Results[number]['apiKey']> {
  const { results, userErrors } = await importAll({ keys: [key(secret, fields)] }, by)
  expect([userErrors, results[0]?.errors, results[0]?.outcome]).toEqual([[], [], 'IMPORTED'])
  return results[0]!.apiKey
}

const outcomes = ({ results }: { results: Results }): unknown[] => results.map(({ outcome, errors }) => errors[0]?.code ?? outcome)
const whoIs = async (secret: string): Promise<unknown> => {
  const answer = await app.run(secret, '{ viewer { apiKey { id } } }')
  return answer.data?.viewer?.apiKey?.id ?? codeOf(answer)
}

describe('a secret that was issued elsewhere', () => {
  test.each([
    ['hexadecimal digits', (secret: string) => digestOf(secret)],
    ['upper-case hexadecimal digits', (secret: string) => digestOf(secret).toUpperCase()],
    ['base64', (secret: string) => digestOf(secret, 'base64')],
    ['base64 without padding', (secret: string) => digestOf(secret, 'base64').replace('=', '')],
    ['base64url', (secret: string) => digestOf(secret, 'base64url')],
    ['base64url with padding', (secret: string) => `${digestOf(secret, 'base64url')}=`],
  ])('works after the import of its digest in %s', async (_, encode) => {
    // Both base64 alphabets have to occur.
    const secrets = Array.from({ length: 20 }, foreignSecret)
    const { results } = await importAll({ keys: secrets.map((secret) => key(secret, { digest: encode(secret) })) })
    expect(await Promise.all(secrets.map(whoIs))).toEqual(results.map(({ apiKey }) => apiKey.id))
  })

  test('authenticates, is exchanged, verified, rotated and revoked as any key', async () => {
    const secret = foreignSecret()
    const fields = { label: 'From there', preview: 'mk-abc...xyz', permissions: ['agent:read'], metadata: { plan: 'pro' } }
    const apiKey = await imported(secret, fields)
    expect(apiKey).toEqual({ id: apiKey.id, environment: 'SANDBOX', ...fields })
    const { token } = await exchange(app, secret)
    expect(token).toMatch(/^eyJ/)
    const verify = async (text: string): Promise<unknown> => {
      const chosen = 'verdict { code apiKey { id metadata } }'
      const { verdict } = await app.mutate(acme.sandboxKey, 'verifyApiKey', { secret: text, permissions: ['agent:read'] }, chosen)
      return [verdict.code, verdict.apiKey]
    }
    const shown = { id: apiKey.id, metadata: { plan: 'pro' } }
    expect(await verify(secret)).toEqual(['VALID', shown])
    const rotated = await app.mutate(secret, 'rotateApiKey', { id: apiKey.id, overlapSeconds: 60 }, 'secret apiKey { id preview }')
    expect(rotated.userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
    const input = { id: apiKey.id, overlapSeconds: 60 }
    const { secret: second } = await app.mutate(acme.sandboxKey, 'rotateApiKey', input, 'secret')
    expect(second).toMatch(/^kh_sand_[0-9A-Za-z]{38}$/)
    for (const text of [secret, second]) expect([await whoIs(text), await verify(text)]).toEqual([apiKey.id, ['VALID', shown]])
    app.clock.advance(60_000)
    expect([await whoIs(secret), await verify(secret)]).toEqual(['UNAUTHENTICATED', ['NOT_FOUND', null]])
    expect(await whoIs(second)).toBe(apiKey.id)
    await app.mutate(acme.sandboxKey, 'revokeApiKey', { id: apiKey.id }, 'apiKey { id }')
    expect([await whoIs(second), await verify(second)]).toEqual(['CREDENTIAL_REVOKED', ['REVOKED', shown]])
  })

  test('with dots is a key, unless it has the form of a JWT', async () => {
    const secrets = ['acme.live.0123456789', 'one.two', 'a.b.c.d', `${Buffer.from('no json').toString('base64url')}.b.c`]
    for (const secret of secrets) {
      const { id } = await imported(secret)
      expect(await whoIs(secret)).toBe(id)
    }
    const jwt = `${Buffer.from('{"alg":"none"}').toString('base64url')}.b.c`
    await imported(jwt)
    expect(await whoIs(jwt)).toBe('UNAUTHENTICATED')
  })

  test('that has our own form, from another deployment, works as one of ours', async () => {
    const secret = generateApiKey('kh', 'PRODUCTION')
    const { id } = await imported(secret)
    expect(await whoIs(secret)).toBe(id)
    await app.mutate(acme.sandboxKey, 'rotateApiKey', { id, overlapSeconds: 60 }, 'secret')
    expect(await whoIs(secret)).toBe(id)
    expect(outcomes(await importAll({ keys: [key(secret)] }))).toEqual(['UNCHANGED'])
  })
})

describe('a second import', () => {
  test('changes nothing, in any encoding and within one call', async () => {
    const secret = foreignSecret()
    const first = await imported(secret, { label: 'first' })
    const again = await importAll({ keys: [key(secret, { label: 'second' }), key(secret, { digest: digestOf(secret, 'base64') })] })
    expect(again.results).toEqual([0, 1].map(() => ({ outcome: 'UNCHANGED', apiKey: first, errors: [] })))
    const twice = foreignSecret()
    const { results } = await importAll({ keys: [key(twice), key(twice)] })
    expect(results.map(({ outcome, apiKey }) => [outcome, apiKey.id])).toEqual([
      ['IMPORTED', results[0]!.apiKey.id],
      ['UNCHANGED', results[0]!.apiKey.id],
    ])
  })

  test('revives neither a secret that was replaced twice nor a revoked one', async () => {
    const [replaced, revoked] = [foreignSecret(), foreignSecret()]
    const { id } = await imported(replaced)
    for (let i = 0; i < 2; i++) await app.mutate(acme.sandboxKey, 'rotateApiKey', { id, overlapSeconds: 60 }, 'secret')
    await app.mutate(acme.sandboxKey, 'revokeApiKey', { id: (await imported(revoked)).id }, 'apiKey { id }')
    expect(outcomes(await importAll({ keys: [key(replaced), key(revoked)] }))).toEqual(['UNCHANGED', 'UNCHANGED'])
    expect([await whoIs(replaced), await whoIs(revoked)]).toEqual(['UNAUTHENTICATED', 'CREDENTIAL_REVOKED'])
  })

  test('shows an existing key only to callers that may read keys', async () => {
    const secret = foreignSecret()
    await imported(secret)
    const blind = await acme.apiKey({ permissions: ['api_key:create'] })
    expect((await importAll({ keys: [key(secret)] }, blind.secret)).results).toEqual([{ outcome: 'UNCHANGED', apiKey: null, errors: [] }])
  })
})

describe('a digest that is in use elsewhere', () => {
  test('is the same conflict, whoever uses it and in whichever way', async () => {
    const other = await organization(app)
    const [taken, replaced, moved] = [foreignSecret(), foreignSecret(), foreignSecret()]
    await imported(taken, {}, other.sandboxKey)
    const { id } = await imported(replaced, {}, other.sandboxKey)
    await app.mutate(other.sandboxKey, 'rotateApiKey', { id }, 'secret')
    await importAll({ environment: 'PRODUCTION', keys: [key(moved)] }, acme.adminToken)
    const issued = await other.apiKey()
    const { results } = await importAll({ keys: [taken, replaced, moved, issued.secret].map((secret) => key(secret)) })
    expect(results).toEqual(
      [0, 1, 2, 3].map((i) => ({
        outcome: 'REFUSED',
        apiKey: null,
        errors: [
          {
            code: 'CONFLICT',
            message: '"digest" is in use. Import another key, or issue a new one.',
            path: ['input', 'keys', String(i), 'digest'],
          },
        ],
      })),
    )
  })

  test('goes to one of two organizations that import it at the same time', async () => {
    const [a, b] = [await organization(app), await organization(app)]
    const secrets = Array.from({ length: 40 }, foreignSecret)
    const both = await Promise.all([
      importAll({ keys: secrets.map((secret) => key(secret)) }, a.sandboxKey),
      importAll({ keys: secrets.toReversed().map((secret) => key(secret)) }, b.sandboxKey),
    ])
    const counts = both.map((payload) => outcomes(payload).filter((outcome) => outcome === 'IMPORTED').length)
    expect(counts.toSorted((x, y) => x - y)).toEqual([0, 40])
    expect(both.flatMap(outcomes).filter((outcome) => outcome === 'CONFLICT')).toHaveLength(40)
  })
})

describe('what an import grants', () => {
  test('is refused for each key by itself, with its reasons and paths', async () => {
    const maker = await acme.apiKey({ permissions: ['api_key:create', 'agent:read'], expiresAt: new Date('2026-07-01T00:00:00Z') })
    const keys = [
      key(foreignSecret(), { permissions: ['agent:read'] }),
      key(foreignSecret(), { permissions: ['agent:read', 'agent:create'] }),
      key(foreignSecret(), { permissions: ['member:invite'], label: '' }),
      key(foreignSecret(), { expiresAt: '2026-07-01T00:00:00.001Z' }),
      key(foreignSecret(), { expiresAt: app.clock.now() }),
      { digest: 'f00', permissions: [] },
    ]
    const { results } = await importAll({ keys }, maker.secret)
    expect(results.map(({ outcome, errors }) => [outcome, ...errors.map(({ code, path }) => [code, path.slice(2).join('.')])])).toEqual([
      ['IMPORTED'],
      ['REFUSED', ['PERMISSION_NOT_HELD', '1.permissions']],
      ['REFUSED', ['INVALID', '2.label'], ['INVALID', '2.permissions']],
      ['REFUSED', ['INVALID', '3.expiresAt']],
      ['REFUSED', ['INVALID', '4.expiresAt']],
      ['REFUSED', ['INVALID', '5.digest']],
    ])
    const row = await acme.keyRow(results[0]!.apiKey.id)
    expect([row.createdBy, row.rootKeyIds, row.expiresAt]).toEqual([maker.id, [maker.id], new Date('2026-07-01T00:00:00Z')])
  })

  test('is nothing for a key with limits', async () => {
    const limited = await acme.apiKey({ permissions: ['*'], rateLimits: [{ window: 'DAY', max: 100 }] })
    const { userErrors } = await importAll({ keys: [key(foreignSecret())] }, limited.secret)
    expect(userErrors).toMatchObject([{ code: 'FORBIDDEN' }])
  })

  test('has one event with its counts and the ids', async () => {
    const other = await organization(app)
    const [held, fresh] = [foreignSecret(), foreignSecret()]
    await imported(held, {}, other.sandboxKey)
    const { results } = await importAll({ keys: [key(held), key(fresh), key(fresh, { digest: '' })] }, other.sandboxKey)
    const [, event] = await other.events('api_key:import')
    const { projectId, environment, details } = event!
    const apiKeyIds = [results[1]!.apiKey.id]
    expect({ projectId, environment, details }).toEqual({
      projectId: other.projectId,
      environment: 'SANDBOX',
      details: { imported: 1, unchanged: 1, refused: { INVALID: 1 }, apiKeyIds },
    })
  })
})

describe('limits', () => {
  test.each([
    [0, 'INVALID'],
    [1, undefined],
    [100, undefined],
    [101, 'INVALID'],
  ])('%i keys in a call', async (count, code) => {
    const keys = Array.from({ length: count }, () => key(foreignSecret()))
    const { userErrors } = await importAll({ keys })
    expect(userErrors[0]?.code).toBe(code)
  })

  test('a preview has at most 32 characters, and is not the secret', async () => {
    const short = 'k'.repeat(32)
    const keys = ['p'.repeat(32), 'p'.repeat(33), 'pä', ''].map((preview) => key(foreignSecret(), { preview }))
    const payload = await importAll({ keys: [...keys, key(short, { preview: short })] })
    expect(outcomes(payload)).toEqual(['IMPORTED', 'INVALID', 'INVALID', 'INVALID', 'INVALID'])
    expect((await imported(foreignSecret())).preview).toBe('****')
  })

  test('the digest of the empty text is refused: a service may pass on a missing header as one', async () => {
    expect(outcomes(await importAll({ keys: [key('')] }))).toEqual(['INVALID'])
    const { verdict } = await app.mutate(acme.sandboxKey, 'verifyApiKey', { secret: '' }, 'verdict { code }')
    expect(verdict.code).toBe('NOT_FOUND')
  })

  test('a digest has one spelling in each encoding', async () => {
    const secret = foreignSecret()
    const base64 = digestOf(secret, 'base64url')
    const last = base64.at(-1)!
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const sibling = alphabet[alphabet.indexOf(last) + 1]!
    const digests = [`${base64.slice(0, -1)}${sibling}`, `${base64}A`, `${base64}==`, digestOf(secret).slice(1), ` ${digestOf(secret)}`]
    expect(outcomes(await importAll({ keys: digests.map((digest) => ({ digest, permissions: [] })) }))).toEqual(
      digests.map(() => 'INVALID'),
    )
  })
})

describe('metadata of a key', () => {
  const sized = (bytes: number): object => ({ m: 'x'.repeat(bytes - JSON.stringify({ m: '' }).length) })
  const deep = (levels: number): object => (levels === 1 ? {} : { a: deep(levels - 1) })
  type Write = (metadata: unknown) => Promise<readonly { code: string }[]>
  const writes: Record<string, Write> = {
    createApiKey: async (metadata) => (await app.mutate(acme.sandboxKey, 'createApiKey', { metadata }, 'apiKey { id }')).userErrors,
    updateApiKey: async (metadata) => {
      const { id } = await acme.apiKey()
      const { userErrors } = await app.mutate(acme.sandboxKey, 'updateApiKey', { id, metadata }, 'apiKey { id }')
      if (userErrors.length === 0) expect((await acme.keyRow(id)).metadata).toEqual(metadata)
      return userErrors
    },
    importApiKeys: async (metadata) => (await importAll({ keys: [key(foreignSecret(), { metadata })] })).results[0]!.errors,
  }
  test.each(Object.entries(writes))('%s takes 4,096 bytes and 5 levels', async (_, write) => {
    const tried = [sized(4096), sized(4097), { m: 'é'.repeat(2040) }, { m: 'é'.repeat(2046) }, deep(5), deep(6), { a: '\0' }, null]
    const codes = []
    for (const metadata of tried) codes.push((await write(metadata))[0]?.code)
    expect(codes).toEqual([undefined, 'INVALID', undefined, 'INVALID', undefined, 'INVALID', 'INVALID', 'INVALID'])
  })

  test('is an empty object by default, and stays when an update omits it', async () => {
    const { id } = await acme.apiKey({ metadata: { plan: 'pro' } })
    await app.mutate(acme.sandboxKey, 'updateApiKey', { id, label: 'new' }, 'apiKey { id }')
    expect((await acme.keyRow(id)).metadata).toEqual({ plan: 'pro' })
    expect((await acme.keyRow((await acme.apiKey()).id)).metadata).toEqual({})
  })
})

test('a text that is neither ours nor imported costs one look-up and counts as an unknown credential', async () => {
  const other = await startApp()
  try {
    const read = jest.spyOn(other.services.queryRunner, 'read')
    const codes = []
    for (let i = 0; i < 101; i++) codes.push(codeOf(await other.run(foreignSecret(), '{ viewer { kind } }')))
    expect([codes.at(0), codes.at(99), codes.at(100)]).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'RATE_LIMITED'])
    expect(read).toHaveBeenCalledTimes(101)
  } finally {
    await other.close()
  }
})
