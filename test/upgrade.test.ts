/** Upgrade of a database of an earlier version: every key, token and credential still works. */
import { readdirSync, readFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'

import { startApp, type TestApp } from './support/app.js'
import { chainFaults, eventsOf } from './support/audit-trail.js'
import { emptyDatabase, isPostgres } from './support/database.js'
import { earlierDatabase, issuer, unfilledPlaceholders, type EarlierDatabase } from './support/earlier-database.js'
import { listen, type Listening } from './support/local-server.js'
import { mcpAnswer } from './support/mcp.js'
import { runKeyhouse, runKeyhouseJson } from './support/process.js'
import { openSqlConnection } from './support/sql-connection.js'
import { claimsOf, exchange, signClaims, fetchRevocationList, signingKey } from './support/tokens.js'

interface VaultStatus {
  readonly missing: string[]
  readonly sealed: { readonly what: string }[]
}

const viewer = '{ viewer { kind organization { id } endUser { externalId } } }'
const folder = new URL('fixtures/upgrade/', import.meta.url)

test('no fixture holds anything that follows from a secret', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  expect(files.length).toBeGreaterThanOrEqual(2)
  for (const name of files) {
    const text = readFileSync(new URL(name, folder), 'utf8')
    expect(text).toMatch(/'\{\{api_key\.digest key_/)
    expect(text).not.toMatch(/[a-z][a-z0-9]*_(sand|prod)_[0-9A-Za-z]|kh_(invite|signin)_|eyJ|PRIVATE KEY|\bv1\.[\w-]+\.|"(x|d)":/)
    // Hashes of the trail and names of what was asked once are made of nothing secret.
    const digests = text
      .split('\n')
      .filter((line) => /'[0-9a-f]{64}'/.test(line) && !/"(audit_event|audit_head|idempotency_key)"/.test(line))
    expect(digests).toEqual([])
  }
})

/** Of the last migration of that commit, and whether it kept credentials and idempotency keys already. */
describe.each([
  ['0003', false],
  ['0005', true],
])('as of migration %s', (migration, hasVault) => {
  let earlier: EarlierDatabase
  let app: TestApp
  let upstream: Listening
  let seen: Record<string, unknown>[]
  let before: unknown[]
  const migrations = async (): Promise<unknown[]> => {
    const raw = await openSqlConnection(earlier.env)
    const rows = await raw.rows('select * from mikro_orm_migrations order by name')
    await raw.close()
    return rows
  }

  beforeAll(async () => {
    seen = []
    upstream = await listen((request, response) => {
      seen.push(request.headers)
      return mcpAnswer(request, response, ['search'])
    })
    earlier = await earlierDatabase(migration, upstream.origin)
    const raw = await openSqlConnection(earlier.env)
    expect(await unfilledPlaceholders(raw)).toEqual([])
    await raw.close()
    before = await migrations()
    expect(before).toHaveLength(Number(migration))
    app = await startApp(earlier.env)
  })
  afterAll(async () => {
    await app.close()
    await upstream.close()
    await earlier.drop()
  })

  test('keys authenticate, are exchanged, and are refused as before', async () => {
    for (const label of ['First sandbox key', 'Production', 'Rotated', 'Once']) {
      const answer = await app.run(earlier.keys[label]!.text, viewer)
      expect(answer.data).toEqual({ viewer: { kind: 'API_KEY', organization: { id: earlier.organizationId }, endUser: null } })
      expect((await exchange(app, earlier.keys[label]!.text)).token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    }
    expect((await app.run(earlier.keys['Rotated']!.replaced!, viewer)).status).toBe(200)
    expect((await app.run(earlier.keys['Revoked']!.text, viewer)).status).toBe(403)
    expect((await app.run(`${earlier.keys['Once']!.text.slice(0, -1)}!`, viewer)).status).toBe(401)
  })

  test('tokens of the key in office and of the one before it are believed here, by introspection and offline, the revoked one nowhere', async () => {
    const jwks = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`))
    expect(new Set(earlier.accessTokens.map(({ row }) => row.signing_key_id)).size).toBe(2)
    for (const { row, text, externalId } of earlier.accessTokens) {
      const options = { issuer, audience: row.audience, typ: 'at+jwt', currentDate: app.clock.now() }
      expect((await jwtVerify(text, jwks, options)).payload).toMatchObject({ jti: row.id, sub: externalId })
      const isRevoked = row.revoked_at !== null
      const { introspection } = await app.mutate(
        earlier.keys['First sandbox key']!.text,
        'introspectToken',
        { token: text },
        'introspection { active tokenId issuer }',
      )
      const asIssued = { active: true, tokenId: row.id, issuer }
      expect(introspection).toEqual(isRevoked ? { active: false, tokenId: null, issuer: null } : asIssued)
      expect((await fetchRevocationList(app)).revokedTokens.includes(row.id)).toBe(isRevoked)
      const answer = await app.run(text, viewer)
      // The audience for this server is its URL still, which was the issuer of all.
      if (row.audience === issuer) expect(answer.data.viewer).toMatchObject({ kind: 'ACCESS_TOKEN', endUser: { externalId } })
      else expect(answer.status).toBe(401)
    }
    const { id } = earlier.keys['First sandbox key']!
    const ofKey = await app.run(
      earlier.personalTokens['LOGIN']!.text,
      'query ($filter: AccessTokenFilter) { accessTokens(filter: $filter) { nodes { id } } }',
      { filter: { apiKeyId: id } },
    )
    const known = new Set(ofKey.data.accessTokens.nodes.map((node: { id: string }) => node.id))
    expect(earlier.accessTokens.filter(({ row }) => !known.has(row.id))).toEqual([])
  })

  test('tokens from now on have the issuer of their organization and environment, and the signing key and its algorithm stay', async () => {
    const { id, algorithm } = await signingKey(app, 'CURRENT')
    expect(earlier.accessTokens.map(({ row }) => row.signing_key_id)).toContain(id)
    expect(algorithm).toBe('EdDSA')
    expect((await signingKey(app, 'NEXT')).algorithm).toBe('ES256')
    const { token, accessToken } = await exchange(app, earlier.keys['Production']!.text, { audience: issuer })
    expect(claimsOf(token).iss).toBe(`${issuer}/o/${earlier.organizationId}/production`)
    expect((await app.run(token, viewer)).data.viewer.kind).toBe('ACCESS_TOKEN')
    const asBefore = await signClaims(app, 'at+jwt', { ...claimsOf(token), iss: issuer })
    expect([claimsOf(asBefore).jti, (await app.run(asBefore, viewer)).status]).toEqual([accessToken.id, 401])
  })

  test('personal tokens work, and one that may still be seen is shown', async () => {
    const { LOGIN, RESTRICTED, Revoked } = earlier.personalTokens
    expect((await app.run(LOGIN!.text, viewer)).data.viewer.kind).toBe('PERSONAL_TOKEN')
    expect((await app.run(RESTRICTED!.text, '{ apiKeys(first: 10) { nodes { id } } }')).data.apiKeys.nodes.length).toBeGreaterThanOrEqual(5)
    expect((await app.run(Revoked!.text, viewer)).status).toBe(401)
    const shown = await app.mutate(LOGIN!.text, 'revealPersonalToken', { id: RESTRICTED!.id }, 'token')
    expect(shown).toEqual({ token: RESTRICTED!.text, userErrors: [] })
  })

  test('an invitation is accepted, and a sign-in token lets in', async () => {
    const input = { invitationToken: earlier.invitation, name: 'Grace' }
    const { token } = await app.mutate(null, 'acceptInvitation', input, 'token')
    expect((await app.run(token, viewer)).data.viewer.kind).toBe('PERSONAL_TOKEN')
    const signedIn = await app.mutate(null, 'signIn', { signInToken: earlier.signIn }, 'token')
    expect((await app.run(signedIn.token, viewer)).data.viewer.kind).toBe('PERSONAL_TOKEN')
  })

  if (hasVault) {
    test('what was made once under an idempotency key is not made again', async () => {
      const input = { label: 'Once', permissions: [], idempotencyKey: 'once' }
      const again = await app.mutate(earlier.keys['First sandbox key']!.text, 'createApiKey', input, 'apiKey { id } secret')
      expect(again).toEqual({ apiKey: { id: earlier.keys['Once']!.id }, secret: null, userErrors: [] })
    })

    test('credentials open and are sent, each on behalf of its own', async () => {
      const key = earlier.keys['First sandbox key']!.text
      for (const [label, behalf] of [
        ['tools', {}],
        ['jane', { 'x-on-behalf-of': 'jane' }],
      ] as const) {
        const { serverId, sent } = earlier.headers[label]!
        seen.length = 0
        const tried = await app.mutate(key, 'testMcpServer', { serverId }, 'test { connected toolCount }', behalf)
        expect(tried).toEqual({ test: { connected: true, toolCount: 1 }, userErrors: [] })
        const [[name, value] = []] = Object.entries(sent)
        expect(seen[0]![name!.toLowerCase()]).toBe(value)
      }
      expect(Object.keys(earlier.headers).toSorted()).toEqual(['jane', 'tools'])
    })
  }

  test('the trail holds from its first event on, across the upgrade', async () => {
    const events = await eventsOf(app.services.orm, earlier.organizationId)
    expect(events[0]).toMatchObject({ seq: 1, action: 'organization:create' })
    expect(events.length).toBeGreaterThan(20)
    expect(await chainFaults(app.services.orm, earlier.organizationId)).toEqual([])
  })

  test('its tables are those of a new database', async () => {
    const fresh = await emptyDatabase()
    await runKeyhouse(['migrate'], fresh.env)
    const shape = isPostgres
      ? `select * from (select table_name || '.' || column_name as name, data_type || is_nullable || coalesce(column_default, '') as text from information_schema.columns
         where table_schema = 'public' union all select indexname, indexdef from pg_indexes where schemaname = 'public'
         union all select tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
         union all select conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace) as shape order by 1, 2`
      : `select name, sql as text from sqlite_master order by 1`
    const shapes: unknown[] = []
    for (const env of [earlier.env, fresh.env]) {
      const raw = await openSqlConnection(env)
      shapes.push(await raw.rows(shape))
      await raw.close()
    }
    await fresh.drop()
    expect(shapes[0]).toEqual(shapes[1])
  })

  test('the command line finds all in order, and a second start migrates nothing', async () => {
    const { missing, sealed, ...status } = await runKeyhouseJson<VaultStatus>(['vault', 'status'], earlier.env)
    expect({ missing, ...status }).toEqual({ missing: [], newest: 'k1', configured: ['k1'] })
    const kinds = new Set(sealed.map(({ what }) => what))
    expect(kinds).toEqual(new Set(['signing keys', 'reveal texts', 'deployment secrets', ...(hasVault ? ['credentials'] : [])]))
    const { code, stdout } = await runKeyhouse(['audit', 'verify', '--database'], earlier.env)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(earlier.organizationId) })
    const after = await migrations()
    expect(after.length).toBeGreaterThan(before.length)
    expect(after.slice(0, before.length)).toEqual(before)
    const second = await startApp(earlier.env)
    try {
      expect(await migrations()).toEqual(after)
      expect((await second.run(earlier.keys['Production']!.text, viewer)).status).toBe(200)
    } finally {
      await second.close()
    }
  })
})
