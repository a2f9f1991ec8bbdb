/** The revocation lists: computed after a change only, at most once a second, one for the deployment and one for each issuer. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'

import { createApp } from '../src/app.js'
import { readConfig } from '../src/config/config.js'
import { systemContext } from '../src/context/context.js'
import { newId } from '../src/lib/id.js'
import { resumeOrganization } from '../src/organizations/resume-organization.js'
import { suspendOrganization } from '../src/organizations/suspend-organization.js'
import { startApp, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { audience, claimsOf, exchange, fetchRevocationList, fetchWellKnown, type RevocationList } from './support/tokens.js'
import { isAccepted } from './support/users.js'

const onPostgres = isPostgres ? test : test.skip
const nothing = { revokedTokens: [], revokedClients: [], revokedSandboxes: [] }

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
beforeEach(async () => void (acme = await organization(app)))
afterEach(() => void jest.restoreAllMocks())

const issuer = ({ id }: { id: string }, environment = 'sandbox'): string => `/o/${id}/${environment}`
const revoke = (id: string, at = acme): Promise<Payloads['revokeAccessToken']> =>
  app.mutate(at.adminToken, 'revokeAccessToken', { id }, 'accessToken { id }')
const revokeKey = (id: string): Promise<Payloads['revokeApiKey']> => app.mutate(acme.adminToken, 'revokeApiKey', { id }, 'apiKey { id }')
const reset = (): Promise<Payloads['resetSandbox']> => app.mutate(acme.sandboxKey, 'resetSandbox', null, 'revokedTokens')

/** How often the rows of a list were read since: each computation asks for revoked access tokens. */
function computations({ queryRunner } = app.services): () => number {
  const spy = jest.spyOn(queryRunner, 'readAll')
  return () => spy.mock.calls.filter(([{ name }]) => name.startsWith('revoked_access_tokens')).length
}

describe('a list', () => {
  test('that did not change is answered without reading its rows, as 200 and as 304', async () => {
    const tag = (await fetchWellKnown(app, 'revoked')).headers.get('etag')!
    const count = computations()
    for (let i = 0; i < 20; i++) {
      expect((await fetchWellKnown(app, 'revoked')).status).toBe(200)
      expect((await fetchWellKnown(app, 'revoked', { 'if-none-match': tag })).status).toBe(304)
    }
    // Changes of another kind are none of the list.
    await exchange(app, acme.sandboxKey)
    await app.mutate(acme.adminToken, 'createApiKey', { permissions: [] }, 'apiKey { id }')
    await app.services.writeBehind.flush()
    expect((await fetchWellKnown(app, 'revoked', { 'if-none-match': tag })).status).toBe(304)
    expect(count()).toBe(0)
  })

  test('that changes all the time is computed once a second, and each answer has what was revoked before it was asked', async () => {
    const ids: string[] = []
    for (let i = 0; i < 60; i++) ids.push((await exchange(app, acme.sandboxKey)).accessToken.id)
    await fetchRevocationList(app)
    const count = computations()
    const began = performance.now()
    const answers: Promise<void>[] = []
    for (const id of ids) {
      await revoke(id)
      answers.push(fetchRevocationList(app).then(({ revokedTokens }) => expect(revokedTokens).toContain(id)))
      answers.push(fetchRevocationList(app).then(({ revokedTokens }) => expect(revokedTokens).toContain(id)))
    }
    await Promise.all(answers)
    expect(count()).toBeLessThanOrEqual(Math.ceil((performance.now() - began) / 1000) + 1)
  })

  test('is computed anew when its first entry expires: not one millisecond before, and then once', async () => {
    const short = await exchange(app, acme.sandboxKey, { expiresIn: 300 })
    const long = await exchange(app, acme.sandboxKey, { expiresIn: 301 })
    for (const { accessToken } of [short, long]) await revoke(accessToken.id)
    const ids = async (): Promise<string[]> => (await fetchRevocationList(app, issuer(acme))).revokedTokens
    expect(await ids()).toEqual([short.accessToken.id, long.accessToken.id])
    const count = computations()
    app.clock.advance(299_999)
    expect([await ids(), count()]).toEqual([[short.accessToken.id, long.accessToken.id], 0])
    app.clock.advance(1)
    expect([await ids(), await ids(), count()]).toEqual([[long.accessToken.id], [long.accessToken.id], 1])
  })

  test('holds every entry, however many pages they fill', async () => {
    const { accessToken } = await exchange(app, acme.sandboxKey)
    await revoke(accessToken.id)
    const columns =
      'organization_id, project_id, environment, api_key_id, end_user_id, audience, permissions, signing_key_id, issued_at, expires_at, revoked_at'
    const numbers = isPostgres
      ? 'select n from generate_series(1, 4001) n'
      : 'with recursive s(n) as (select 1 union all select n + 1 from s where n < 4001) select n from s'
    // All expire at one moment, so that the id alone tells pages apart.
    await app.services.orm.em
      .getConnection()
      .execute(
        `insert into access_token (id, ${columns}) select 'at_page_' || n, ${columns} from access_token, (${numbers}) m where id = ?`,
        [accessToken.id],
      )
    const expected = [accessToken.id, ...Array.from({ length: 4001 }, (_, i) => `at_page_${i + 1}`)]
    for (const path of ['', issuer(acme)]) {
      const { revokedTokens } = await fetchRevocationList(app, path)
      const ofAcme = revokedTokens.filter((id) => id.startsWith('at_page_') || id === accessToken.id)
      expect(ofAcme.toSorted()).toEqual(expected.toSorted())
    }
  })

  test('is not written while the database is unavailable: 503, never an old list', async () => {
    await fetchRevocationList(app)
    jest.spyOn(app.services.queryRunner, 'read').mockRejectedValue(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))
    expect((await fetchWellKnown(app, 'revoked')).status).toBe(503)
    jest.restoreAllMocks()
    expect((await fetchWellKnown(app, 'revoked')).status).toBe(200)
  })
})

describe('several replicas', () => {
  onPostgres('each compute after a change by any of them, and not without one', async () => {
    const second = await createApp(readConfig(app.env), { clock: app.clock.now, log: app.services.log, times: { minDrainMs: 0 } })
    try {
      const { accessToken } = await exchange(app, acme.sandboxKey)
      expect((await fetchRevocationList(second)).revokedTokens).not.toContain(accessToken.id)
      const count = computations(second.services)
      for (let i = 0; i < 5; i++) await fetchRevocationList(second)
      expect(count()).toBe(0)
      await revoke(accessToken.id)
      expect((await fetchRevocationList(second)).revokedTokens).toContain(accessToken.id)
      expect((await fetchWellKnown(second, 'revoked')).headers.get('etag')).toBe((await fetchWellKnown(app, 'revoked')).headers.get('etag'))
    } finally {
      await second.close()
    }
  })

  onPostgres('find what was revoked by a transaction that began before another and ended after it', async () => {
    const [slow, quick] = [await organization(app), await organization(app)]
    const [late, early] = [await exchange(app, slow.sandboxKey), await exchange(app, quick.sandboxKey)]
    await app.services.orm.em.fork().transactional(async (em) => {
      const sql = 'update access_token set revoked_at = issued_at where id = ?'
      await em.getConnection().execute(sql, [late.accessToken.id], 'run', em.getTransactionContext())
      await revoke(early.accessToken.id, quick)
      const { revokedTokens } = await fetchRevocationList(app)
      expect([revokedTokens.includes(early.accessToken.id), revokedTokens.includes(late.accessToken.id)]).toEqual([true, false])
    })
    expect((await fetchRevocationList(app)).revokedTokens).toContain(late.accessToken.id)
  })
})

describe('the list of an issuer', () => {
  test('has what belongs to that organization and environment, and the list of the deployment has all', async () => {
    const globex = await organization(app)
    const production = await acme.apiKey({ environment: 'PRODUCTION' })
    const foreign = await exchange(app, globex.sandboxKey)
    const [inSandbox, inProduction] = [await exchange(app, acme.sandboxKey), await exchange(app, production.secret)]
    const dying = await acme.apiKey()
    await exchange(app, dying.secret)
    await revoke(foreign.accessToken.id, globex)
    for (const { accessToken } of [inSandbox, inProduction]) await revoke(accessToken.id)
    await revokeKey(dying.id)
    const { token } = await acme.member('READER')
    await app.mutate(token, 'revokeAllPersonalTokens', null, 'revokedCount')
    expect(await fetchRevocationList(app, issuer(acme))).toEqual({
      ...nothing,
      revokedTokens: [inSandbox.accessToken.id],
      revokedClients: [dying.id],
    })
    expect(await fetchRevocationList(app, issuer(acme, 'production'))).toEqual({ ...nothing, revokedTokens: [inProduction.accessToken.id] })
    expect(await fetchRevocationList(app, issuer(globex))).toEqual({ ...nothing, revokedTokens: [foreign.accessToken.id] })
    expect(await fetchRevocationList(app, issuer(globex, 'production'))).toEqual(nothing)
    const all = await fetchRevocationList(app)
    const tokens = [foreign, inSandbox, inProduction].map(({ accessToken }) => accessToken.id)
    expect(all.revokedTokens).toEqual(expect.arrayContaining([...tokens, claimsOf(token).jti]))
    expect(all.revokedClients).toContain(dying.id)
  })

  test('has the keys of a suspended organization that have live tokens, until it is resumed', async () => {
    const [production, unused] = [await acme.apiKey({ environment: 'PRODUCTION' }), await acme.apiKey()]
    const [own, dying] = [await acme.apiKey(), await acme.apiKey()]
    for (const { secret } of [own, production, dying]) await exchange(app, secret, { expiresIn: 600 })
    await revokeKey(dying.id)
    const clients = async (path = ''): Promise<string[]> => (await fetchRevocationList(app, path)).revokedClients
    const known = await clients()
    expect(known).not.toContain(own.id)
    const system = systemContext(app.services, acme.id)
    await suspendOrganization(system)
    expect(await clients(issuer(acme))).toEqual([dying.id, own.id])
    expect(await clients(issuer(acme, 'production'))).toEqual([production.id])
    expect((await clients()).toSorted()).toEqual([...known, own.id, production.id].toSorted())
    expect(await clients()).not.toContain(unused.id)
    await resumeOrganization(system)
    expect(await clients(issuer(acme))).toEqual([dying.id])
    expect(await clients()).toEqual(known)
    await suspendOrganization(system)
    app.clock.advance(600_000)
    expect(await clients(issuer(acme))).toEqual([])
  })

  test('is empty for an organization that does not exist, after one look for it, and has the tag of any other empty one', async () => {
    const tag = (await fetch(`${app.url}${issuer(acme)}/.well-known/revoked.json`)).headers.get('etag')
    const count = computations()
    const reads = jest.spyOn(app.services.queryRunner, 'read')
    for (let i = 0; i < 5; i++) {
      const answer = await fetch(`${app.url}${issuer({ id: newId('org', app.clock.now()) })}/.well-known/revoked.json`)
      expect([answer.status, await answer.json(), answer.headers.get('etag')]).toEqual([200, nothing, tag])
    }
    const looks = reads.mock.calls.filter(([{ name }]) => name.startsWith('revocation_version'))
    expect([count(), looks.length]).toEqual([0, 5])
  })

  test.each([
    ['org_0', 'sandbox'],
    [`org_${'0'.repeat(31)}`, 'sandbox'],
    [`org_${'0'.repeat(33)}`, 'sandbox'],
    [`org_${'A'.repeat(32)}`, 'sandbox'],
    [`key_${'0'.repeat(32)}`, 'sandbox'],
    [`org_${'0'.repeat(31)}%00`, 'sandbox'],
    [`org_${'0'.repeat(32)}`, 'SANDBOX'],
    [`org_${'0'.repeat(32)}`, 'test'],
    [`org_${'0'.repeat(32)}`, '%00'],
    [`org_${'0'.repeat(32)}%2Fsandbox`, ''],
  ])('is a 404 for /o/%s/%s', async (organizationId, environment) => {
    const reads = jest.spyOn(app.services.queryRunner, 'read')
    expect((await fetch(`${app.url}/o/${organizationId}/${environment}/.well-known/revoked.json`)).status).toBe(404)
    expect(reads.mock.calls.filter(([{ name }]) => name.startsWith('revocation_version'))).toEqual([])
  })

  test('is cacheable, conditional and compressed like that of the deployment', async () => {
    const url = `${app.url}${issuer(acme)}/.well-known/revoked.json`
    const zipped = await fetch(url)
    const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
    const text = await plain.text()
    expect([zipped.headers.get('content-encoding'), plain.headers.get('content-encoding')]).toEqual(['gzip', null])
    expect(plain.headers.get('content-length')).toBe(String(text.length))
    expect(await zipped.text()).toBe(text)
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, head.headers.get('etag')]).toEqual([200, plain.headers.get('etag')])
    expect((await fetch(url, { headers: { 'if-none-match': plain.headers.get('etag')! } })).status).toBe(304)
  })
})

describe('a sandbox reset', () => {
  const sandboxOf = ({ revokedSandboxes }: RevocationList): RevocationList['revokedSandboxes'] =>
    revokedSandboxes.filter(({ project }) => project === acme.projectId)
  const here = (input: object = {}): ReturnType<typeof exchange> =>
    exchange(app, acme.sandboxKey, { audience: app.config.url, permissions: [], ...input })

  test('is one entry, until the last token that it revoked has expired', async () => {
    for (let i = 0; i < 5; i++) await here({ expiresIn: 300 + i })
    const { iat } = claimsOf((await here({ expiresIn: 310 })).token)
    expect((await reset()).revokedTokens).toBe(6)
    const entry = { project: acme.projectId, issuedBefore: iat }
    expect(await fetchRevocationList(app, issuer(acme))).toEqual({ ...nothing, revokedSandboxes: [entry] })
    expect(sandboxOf(await fetchRevocationList(app))).toEqual([entry])
    expect(await fetchRevocationList(app, issuer(acme, 'production'))).toEqual(nothing)
    app.clock.advance(309_999)
    expect(sandboxOf(await fetchRevocationList(app, issuer(acme)))).toEqual([entry])
    app.clock.advance(1)
    expect(await fetchRevocationList(app, issuer(acme))).toEqual(nothing)
    expect(sandboxOf(await fetchRevocationList(app))).toEqual([])
  })

  test('ends the tokens here too: as credentials, by introspection, in lists; another project and production go on', async () => {
    const elsewhere = await acme.apiKey({ projectId: await acme.project() })
    const production = await acme.apiKey({ environment: 'PRODUCTION' })
    const token = (await here()).token
    const others = await Promise.all([elsewhere, production].map(({ secret }) => exchange(app, secret, { audience: app.config.url })))
    await reset()
    expect(await isAccepted(app, token)).toBe(false)
    for (const other of others) expect(await isAccepted(app, other.token)).toBe(true)
    const { introspection } = await app.mutate(acme.sandboxKey, 'introspectToken', { token }, 'introspection { active }')
    expect(introspection.active).toBe(false)
    const { data } = await app.run(
      acme.sandboxKey,
      '{ all: accessTokens { nodes { status } } revoked: accessTokens(filter: { status: REVOKED }) { nodes { id } } active: accessTokens(filter: { status: ACTIVE }) { nodes { id } } }',
    )
    expect(data).toEqual({
      all: { nodes: [{ status: 'REVOKED' }] },
      revoked: { nodes: [{ id: claimsOf(token).jti }] },
      active: { nodes: [] },
    })
  })

  test('lets an exchange in its second wait for the next: its token is newer than the entry, and works', async () => {
    app.clock.advance(1000 - (app.clock.at.getTime() % 1000) + 700)
    await here()
    await reset()
    const { issuedBefore } = sandboxOf(await fetchRevocationList(app))[0]!
    expect(issuedBefore).toBe(Math.floor(app.clock.at.getTime() / 1000))
    const began = performance.now()
    const { token } = await here()
    expect(performance.now() - began).toBeGreaterThanOrEqual(300 - 5)
    expect(claimsOf(token).iat).toBe(issuedBefore + 1)
    expect(await isAccepted(app, token)).toBe(true)
    // Nobody else waits, and in the next second neither does this key.
    const neighbour = await acme.apiKey({ projectId: await acme.project() })
    expect(claimsOf((await exchange(app, neighbour.secret)).token).iat).toBe(issuedBefore)
    app.clock.advance(300)
    expect(claimsOf((await here()).token).iat).toBe(issuedBefore + 1)
    // The second reset ends what was issued since the first.
    expect((await reset()).revokedTokens).toBe(2)
    expect(await isAccepted(app, token)).toBe(false)
  })

  test('of a sandbox without tokens is no entry, and nobody waits', async () => {
    expect((await reset()).revokedTokens).toBe(0)
    expect(sandboxOf(await fetchRevocationList(app))).toEqual([])
    expect(claimsOf((await here()).token).iat).toBe(Math.floor(app.clock.at.getTime() / 1000))
  })

  test('covers a token that a replica with a clock ahead issued; the wait for that clock is 5 seconds at most', async () => {
    const { accessToken } = await here()
    const ahead = async (ms: number): Promise<void> => {
      const at = new Date(app.clock.at.getTime() + ms)
      await app.services.orm.em
        .getConnection()
        .execute('update access_token set issued_at = ? where id = ?', [isPostgres ? at.toISOString() : at.getTime(), accessToken.id])
    }
    await ahead(60_000)
    expect((await reset()).revokedTokens).toBe(1)
    expect(sandboxOf(await fetchRevocationList(app))[0]!.issuedBefore).toBe(Math.floor(app.clock.at.getTime() / 1000) + 60)
    const document = `mutation { exchangeApiKey(input: { audience: "${audience}", externalUserId: "jane" }) { token } }`
    const refused = await app.run(acme.sandboxKey, document)
    expect([refused.errors?.[0]?.extensions.code, refused.errors?.[0]?.message]).toEqual([
      'UNAVAILABLE',
      'The clocks of the replicas differ, and the latest sandbox reset is in the future of this one. Retry after the time in Retry-After.',
    ])
    app.clock.advance(60_000)
    expect((await here()).token).toBeDefined()
  })

  test('that comes between an exchange and its record makes the exchange begin anew', async () => {
    await here()
    const { keyring } = app.services
    const sign = keyring.sign.bind(keyring)
    jest.spyOn(keyring, 'sign').mockImplementationOnce(async (...input) => {
      await reset()
      return sign(...input)
    })
    const { token } = await here()
    expect(claimsOf(token).iat).toBe(sandboxOf(await fetchRevocationList(app))[0]!.issuedBefore + 1)
    expect(await isAccepted(app, token)).toBe(true)
  })
})
