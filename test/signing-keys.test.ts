/** Life cycle of a signing key: published before use, trusted until its last token expires, retired at once. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

import { createApp } from '../src/app.js'
import { readConfig } from '../src/config/config.js'
import { AccessToken } from '../src/entities/access-token.js'
import { jwksMaxAgeSeconds } from '../src/signing-keys/jwks.js'
import { maintainSigningKeys } from '../src/signing-keys/maintain-signing-keys.js'
import { retireSigningKey } from '../src/signing-keys/retire-signing-key.js'
import { rotateSigningKeys } from '../src/signing-keys/rotate-signing-keys.js'
import { codeOf, startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { claimsOf, exchange, headerOf, fetchPublishedKids, signingKey, signingKeys, fetchWellKnown } from './support/tokens.js'

const second = 1000
const day = 86_400 * second

let app: TestApp
let acme: SeededOrganization
beforeEach(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterEach(() => app.close())

const rotate = (): ReturnType<typeof rotateSigningKeys> => rotateSigningKeys(app.services)
const states = async (): Promise<string[]> => (await signingKeys(app)).map(({ state }) => state)
const here = async (input: object = {}): Promise<string> =>
  (await exchange(app, acme.sandboxKey, { audience: app.config.url, ...input })).token
const statusOf = async (token: string): Promise<number> => (await app.run(token, '{ viewer { kind } }')).status
/** Time passes, and the calendar is looked at. */
const later = async (milliseconds: number): Promise<void> => {
  app.clock.advance(milliseconds)
  await maintainSigningKeys(app.services)
}

describe('rotation', () => {
  test('lets the key sign that was published before, and publishes its successor', async () => {
    const before = await signingKey(app, 'CURRENT')
    const next = await signingKey(app, 'NEXT')
    expect((await fetchPublishedKids(app)).toSorted()).toEqual([before.id, next.id].toSorted())
    const old = await here()
    expect(headerOf(old).kid).toBe(before.id)
    await rotate()
    expect(headerOf(await here()).kid).toBe(next.id)
    expect(await states()).toEqual(['PREVIOUS', 'CURRENT', 'NEXT'])
    expect(await fetchPublishedKids(app)).toHaveLength(3)
    expect([await statusOf(old), await statusOf(await here()), await statusOf(acme.adminToken)]).toEqual([200, 200, 200])
    expect(app.log).toContain('signing keys rotated')
  })

  test('is refused until every verifier can know the next key', async () => {
    await rotate()
    const refusal = { code: 'INVALID_STATE' }
    await expect(rotate()).rejects.toMatchObject(refusal)
    app.clock.advance(jwksMaxAgeSeconds * second - 1)
    await expect(rotate()).rejects.toMatchObject(refusal)
    expect(await states()).toEqual(['PREVIOUS', 'CURRENT', 'NEXT'])
    app.clock.advance(1)
    await rotate()
    expect(await states()).toEqual(['PREVIOUS', 'PREVIOUS', 'CURRENT', 'NEXT'])
  })

  test('has one winner among any number that try at once', async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, rotate))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await states()).toEqual(['PREVIOUS', 'CURRENT', 'NEXT'])
  })

  test('writes no audit event: it belongs to no organization', async () => {
    const before = await acme.events()
    await rotate()
    expect(await acme.events()).toHaveLength(before.length)
  })
})

describe('the schedule', () => {
  test('rotates after 90 days, at the millisecond, once', async () => {
    const { id } = await signingKey(app, 'NEXT')
    await later(90 * day - 1)
    expect(await states()).toEqual(['CURRENT', 'NEXT'])
    await later(1)
    expect((await signingKey(app, 'CURRENT')).id).toBe(id)
    await later(0)
    await later(90 * day - 1)
    expect((await signingKey(app, 'CURRENT')).id).toBe(id)
    await later(1)
    expect((await signingKey(app, 'CURRENT')).id).not.toBe(id)
  })

  test('is that of the configuration, and survives a restart', async () => {
    const { id } = await signingKey(app, 'NEXT')
    app.clock.advance(7 * day)
    await maintainSigningKeys(app.services)
    expect(await states()).toEqual(['CURRENT', 'NEXT'])
    const again = await createApp(readConfig({ ...app.env, KEYHOUSE_SIGNING_KEY_DAYS: '7' }), {
      clock: app.clock.now,
      log: app.services.log,
    })
    await again.close()
    expect((await signingKey(app, 'CURRENT')).id).toBe(id)
  })
})

describe('a previous key', () => {
  test('stays until the last token that it signed has expired', async () => {
    const { id } = await signingKey(app, 'CURRENT')
    const token = await here({ expiresIn: 2_592_000 })
    // The admin's LOGIN token, of 12 hours, is signed by it too.
    await rotate()
    await later(2_592_000 * second - 1)
    expect(await fetchPublishedKids(app)).toContain(id)
    expect(await statusOf(token)).toBe(200)
    await later(1)
    expect(await fetchPublishedKids(app)).not.toContain(id)
    expect((await signingKeys(app, 'RETIRED'))[0]).toMatchObject({ id, retiredAt: app.clock.at })
    const { data } = await app.run(acme.sandboxKey, '{ accessTokens { nodes { status } } }')
    expect(data.accessTokens.nodes).toEqual([{ status: 'EXPIRED' }])
  })

  test('stays for personal tokens as well', async () => {
    const { id } = await signingKey(app, 'CURRENT')
    await rotate()
    await later(12 * 3600 * second - 1)
    expect([await statusOf(acme.adminToken), (await fetchPublishedKids(app)).includes(id)]).toEqual([200, true])
    await later(1)
    expect([await statusOf(acme.adminToken), (await fetchPublishedKids(app)).includes(id)]).toEqual([401, false])
  })

  test('stays for what it signed a moment ago, which may not be on the disk yet', async () => {
    await later(12 * 3600 * second)
    const { id } = await signingKey(app, 'CURRENT')
    await rotate()
    await later(jwksMaxAgeSeconds * second - 1)
    expect(await fetchPublishedKids(app)).toContain(id)
    await later(1)
    expect(await fetchPublishedKids(app)).not.toContain(id)
  })
})

describe('retiring', () => {
  test('the current key ends what it signed at once, and the next one signs', async () => {
    const { id } = await signingKey(app, 'CURRENT')
    const next = await signingKey(app, 'NEXT')
    const token = await here()
    const { current } = await retireSigningKey(app.services, id)
    expect(current.id).toBe(next.id)
    expect(await fetchPublishedKids(app)).not.toContain(id)
    expect(await statusOf(token)).toBe(401)
    expect(await statusOf(acme.adminToken)).toBe(401)
    const introspected = await app.mutate(acme.sandboxKey, 'introspectToken', { token }, 'introspection { active }')
    expect(introspected.introspection).toEqual({ active: false })
    const query = 'query ($status: CredentialStatus) { accessTokens(filter: { status: $status }) { nodes { id status } } }'
    const { jti } = claimsOf(token)
    expect((await app.run(acme.sandboxKey, query, { status: 'REVOKED' })).data.accessTokens.nodes).toEqual([{ id: jti, status: 'REVOKED' }])
    expect((await app.run(acme.sandboxKey, query, { status: 'ACTIVE' })).data.accessTokens.nodes).toEqual([])
    const fresh = await here()
    expect([headerOf(fresh).kid, await statusOf(fresh)]).toEqual([next.id, 200])
    expect(await states()).toEqual(['RETIRED', 'CURRENT', 'NEXT'])
    // The new next key is as young as after a rotation.
    await expect(rotate()).rejects.toMatchObject({ code: 'INVALID_STATE' })
  })

  test('the next key puts another in its place', async () => {
    const { id } = await signingKey(app, 'NEXT')
    const token = await here()
    await retireSigningKey(app.services, id)
    expect(await states()).toEqual(['CURRENT', 'RETIRED', 'NEXT'])
    expect(await statusOf(token)).toBe(200)
    await expect(rotate()).rejects.toMatchObject({ code: 'INVALID_STATE' })
  })

  test('a previous key ends what it signed, and nothing else', async () => {
    const { id } = await signingKey(app, 'CURRENT')
    const token = await here()
    await rotate()
    const fresh = await here()
    await retireSigningKey(app.services, id)
    expect([await statusOf(token), await statusOf(fresh)]).toEqual([401, 200])
  })

  test('twice is once, and an unknown key is none', async () => {
    const { id } = await signingKey(app, 'CURRENT')
    await retireSigningKey(app.services, id)
    const after = await signingKeys(app)
    const again = await retireSigningKey(app.services, id)
    expect(again.retired.id).toBe(id)
    expect(await signingKeys(app)).toEqual(after)
    await expect(retireSigningKey(app.services, 'sk_0')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('the algorithm', () => {
  const restart = async (algorithm?: string): Promise<void> => {
    const env = algorithm === undefined ? app.env : { ...app.env, KEYHOUSE_JWT_ALGORITHM: algorithm }
    const other = await createApp(readConfig(env), { clock: app.clock.now, log: app.services.log })
    await other.close()
  }

  test('that is configured anew comes next, and signs once it has been published long enough', async () => {
    const old = await here()
    app.clock.advance(second)
    await restart('EdDSA')
    const next = await signingKey(app, 'NEXT')
    expect([next.algorithm, (await signingKey(app, 'CURRENT')).algorithm]).toEqual(['EdDSA', 'ES256'])
    app.clock.advance(jwksMaxAgeSeconds * second - 1)
    await restart('EdDSA')
    expect((await signingKey(app, 'CURRENT')).algorithm).toBe('ES256')
    app.clock.advance(1)
    await restart('EdDSA')
    expect((await signingKey(app, 'CURRENT')).id).toBe(next.id)
    expect(headerOf(await here())).toMatchObject({ alg: 'EdDSA', kid: next.id })
    expect(await statusOf(old)).toBe(200)
  })

  test('that is only the default waits for the next rotation: verifiers of a deployment that exists pin the other one', async () => {
    await restart('EdDSA')
    app.clock.advance(jwksMaxAgeSeconds * second)
    await restart('EdDSA')
    const { id, activatedAt } = await signingKey(app, 'CURRENT')
    await restart()
    expect((await signingKey(app, 'NEXT')).algorithm).toBe('ES256')
    const due = activatedAt!.getTime() + app.config.signingKeyDays * 86_400 * second
    app.clock.at = new Date(due - 1)
    await restart()
    expect(await signingKey(app, 'CURRENT')).toMatchObject({ id, algorithm: 'EdDSA' })
    app.clock.advance(1)
    await restart()
    expect((await signingKey(app, 'CURRENT')).algorithm).toBe('ES256')
    expect(headerOf(await here()).alg).toBe('ES256')
  })
})

describe('what is told of signing keys', () => {
  test('signingKeys and node need signing_key:read, which admins hold', async () => {
    await rotate()
    const { data } = await app.run(
      acme.adminToken,
      '{ signingKeys { id kid algorithm state createdAt activatedAt supersededAt retiredAt } }',
    )
    const at = app.clock.at.toISOString()
    expect(data.signingKeys).toEqual([
      expect.objectContaining({ state: 'NEXT', activatedAt: null, supersededAt: null }),
      expect.objectContaining({ state: 'CURRENT', activatedAt: at, supersededAt: null }),
      expect.objectContaining({ state: 'PREVIOUS', activatedAt: at, supersededAt: at, retiredAt: null, algorithm: 'ES256', createdAt: at }),
    ])
    for (const { id, kid } of data.signingKeys) expect(id).toBe(kid)
    const { id } = data.signingKeys[0]!
    const node = 'query ($id: ID!) { node(id: $id) { ... on SigningKey { state } } }'
    expect((await app.run(acme.adminToken, node, { id })).data.node).toEqual({ state: 'NEXT' })
    const member = await acme.member('MEMBER')
    for (const credential of [member.token, acme.sandboxKey]) {
      expect(codeOf(await app.run(credential, '{ signingKeys { id } }'))).toBe('FORBIDDEN')
      expect((await app.run(credential, node, { id })).data.node).toBeNull()
    }
    expect((await app.run(null, '{ signingKeys { id } }')).status).toBe(401)
  })

  test('audit-jwks.json keeps every public half with its time in office, and nothing private', async () => {
    const { id } = await signingKey(app, 'CURRENT')
    app.clock.advance(second)
    await rotate()
    app.clock.advance(second)
    await retireSigningKey(app.services, id)
    const { keys } = (await (await fetchWellKnown(app, 'audit-jwks')).json()) as { keys: Record<string, unknown>[] }
    const at = (ago: number): string => new Date(app.clock.at.getTime() - ago * second).toISOString()
    expect(keys.map(({ kid, activatedAt, supersededAt, retiredAt }) => [kid, activatedAt, supersededAt, retiredAt])).toEqual([
      [id, at(2), at(1), at(0)],
      [(await signingKey(app, 'CURRENT')).id, at(1), null, null],
      [(await signingKey(app, 'NEXT')).id, null, null, null],
    ])
    for (const key of keys) {
      expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })
      expect(key).not.toHaveProperty('d')
    }
  })

  test('private halves are sealed in the database', async () => {
    for (const { sealedPrivateKey, publicJwk } of await signingKeys(app)) {
      expect(sealedPrivateKey).toMatch(/^v1\.[^.]+\.[\w-]{16}\.[\w-]+$/)
      expect(publicJwk).not.toHaveProperty('d')
    }
  })
})

test('every record names the key that signed it', async () => {
  const token = await here()
  expect((await acme.em.findOneOrFail(AccessToken, { id: claimsOf(token).jti })).signingKeyId).toBe(headerOf(token).kid)
})
