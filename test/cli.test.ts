/** Every command as its own process, beside a server on the same database. */
import { chmodSync, chownSync, existsSync, readdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { createKey } from '../src/commands/api-key-create.js'
import { signInByEmail } from '../src/commands/sign-in.js'
import { createOrganization, maxOrganizationNameLength } from '../src/organizations/create-organization.js'
import { signInTokenTtlSeconds } from '../src/sign-in/issue-sign-in-token.js'
import { startApp, type TestApp } from './support/app.js'
import { chainFaults } from './support/audit-trail.js'
import { withDatabase } from './support/database-access.js'
import { emptyDatabase, isPostgres } from './support/database.js'
import { runKeyhouse, runKeyhouseJson } from './support/process.js'
import type { Payloads } from './support/results.js'
import { organization } from './support/seed.js'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const viewer = '{ viewer { kind environment permissions organization { id name } user { email } } }'
const signIn = (signInToken: string): Promise<Payloads['signIn']> =>
  app.mutate(null, 'signIn', { signInToken }, 'token personalToken { type }')
let people = 0
const newEmail = (): string => `ada-${++people}@example.com`

describe('migrate', () => {
  test('by several processes at once: each ends well, and the database is prepared once', async () => {
    const database = await emptyDatabase()
    const ended = await Promise.all([1, 2, 3].map(() => runKeyhouse(['migrate'], database.env)))
    expect(ended).toEqual(ended.map(() => ({ code: 0, stdout: 'The database is up to date.\n', stderr: '' })))
    const states = await withDatabase(database.env, async (orm) => {
      const rows: { state: string }[] = await orm.em.fork().getConnection().execute('select state from signing_key order by state')
      return rows.map(({ state }) => state)
    })
    expect(states).toEqual(['CURRENT', 'NEXT'])
    await database.drop()
  })

  test('creates files that only their owner can read', async () => {
    if (isPostgres) return
    const database = await emptyDatabase()
    const directory = join(database.env['KEYHOUSE_DATA_DIR']!, 'data')
    await runKeyhouse(['migrate'], { KEYHOUSE_DATA_DIR: directory })
    const modes = Object.fromEntries(['.', ...readdirSync(directory)].map((name) => [name, statSync(join(directory, name)).mode & 0o777]))
    expect(modes).toMatchObject({ '.': 0o700, 'keyhouse.db': 0o600, 'master.key': 0o600 })
    const { '.': _, ...files } = modes
    expect(new Set(Object.values(files))).toEqual(new Set([0o600]))
    await database.drop()
  })
})

describe('master keys', () => {
  test.each([0o640, 0o604, 0o660])('in a file of mode %o are refused, with the command that mends it', async (mode) => {
    if (isPostgres) return
    const database = await emptyDatabase()
    const file = join(database.env['KEYHOUSE_DATA_DIR']!, 'master.key')
    await runKeyhouse(['migrate'], database.env)
    chmodSync(file, mode)
    const { code, stderr } = await runKeyhouse(['migrate'], database.env)
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`${file} is accessible to other users: run "chmod 600 ${file}"`),
    })
    chmodSync(file, 0o400)
    expect(await runKeyhouse(['migrate'], database.env)).toMatchObject({ code: 0 })
    await database.drop()
  })

  test('in a file of another user are refused', async () => {
    // Only root can give a file away.
    if (isPostgres || process.geteuid?.() !== 0) return
    const database = await emptyDatabase()
    const file = join(database.env['KEYHOUSE_DATA_DIR']!, 'master.key')
    await runKeyhouse(['migrate'], database.env)
    chownSync(file, 12345, 12345)
    const { code, stderr } = await runKeyhouse(['migrate'], database.env)
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`${file} belongs to user 12345, and Keyhouse runs as user 0`),
    })
    await database.drop()
  })

  test('that do not open the database are refused, with the way out', async () => {
    const { code, stderr } = await runKeyhouse(['migrate'], {
      ...app.env,
      KEYHOUSE_MASTER_KEYS: `k9:${Buffer.alloc(32, 9).toString('base64')}`,
    })
    expect(code).toBe(1)
    expect(stderr).toContain(
      'KEYHOUSE_MASTER_KEYS cannot decrypt this database: set it to the master keys that the database was last used with',
    )
    expect(stderr).not.toMatch(/^ +at /m)
  })

  test('that are lost are not replaced by new ones', async () => {
    if (isPostgres) return
    const file = join(app.env['KEYHOUSE_DATA_DIR']!, 'master.key')
    renameSync(file, `${file}.away`)
    const { code, stderr } = await runKeyhouse(['migrate'], app.env)
    expect(code).toBe(1)
    expect(stderr).toContain('master.key is missing, and the database has values encrypted with it: restore the file')
    expect(existsSync(file)).toBe(false)
    renameSync(`${file}.away`, file)
  })
})

describe('organization create', () => {
  test('makes an organization whose key and token work at once', async () => {
    const email = newEmail()
    const made = await runKeyhouseJson(['organization', 'create', '--name', 'Acme', '--email', email], app.env)
    expect(Object.keys(made)).toEqual(['organizationId', 'projectId', 'sandboxApiKey', 'sandboxIssuer', 'adminToken'])
    const [key, person] = await Promise.all([app.run(made.sandboxApiKey, viewer), app.run(made.adminToken, viewer)])
    const itself = { id: made.organizationId, name: 'Acme' }
    expect(key.data.viewer).toMatchObject({ kind: 'API_KEY', environment: 'SANDBOX', permissions: ['*'], organization: itself })
    expect(person.data.viewer).toMatchObject({ kind: 'PERSONAL_TOKEN', user: { email }, organization: itself })
    const { data } = await app.run(made.sandboxApiKey, '{ viewer { issuer } }')
    expect(data.viewer.issuer).toBe(made.sandboxIssuer)
  })

  test('tells people what they got, and that they see it once', async () => {
    const { code, stdout } = await runKeyhouse(['organization', 'create', '--name', 'Acme', '--email', newEmail()], app.env)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /Issuer of sandbox tokens +http\S+\/sandbox\n +Sandbox API key +kh_sand_[0-9A-Za-z]{38}\n.*LOGIN token +ey\S+\n\nThese secrets are shown once/s,
    )
  })

  test('reports every invalid argument', async () => {
    const { code, stderr, stdout } = await runKeyhouse(['organization', 'create', '--name', '', '--email', 'ada'], app.env)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe('"name" must have 1 to 255 characters.\n"email" must be an e-mail address of at most 320 characters.\n')
  })

  test.each([
    [0, false],
    [1, true],
    [maxOrganizationNameLength, true],
    [maxOrganizationNameLength + 1, false],
  ])('a name of %i characters: %p', async (length, isGood) => {
    const making = createOrganization(app.services, { name: 'n'.repeat(length), email: newEmail(), userName: 'Admin' })
    await (isGood ? expect(making).resolves.toBeDefined() : expect(making).rejects.toMatchObject({ code: 'INVALID' }))
  })

  test.each([
    [`${'a'.repeat(308)}@example.com`, true],
    [`${'a'.repeat(309)}@example.com`, false],
    ['a@b', true],
    ['a@b@c', false],
    ['a b@example.com', false],
    ['a\0@example.com', false],
    ['@example.com', false],
  ])('the address %j: %p', async (email, isGood) => {
    const making = createOrganization(app.services, { name: 'Acme', email, userName: 'Admin' })
    await (isGood ? expect(making).resolves.toBeDefined() : expect(making).rejects.toMatchObject({ code: 'INVALID' }))
  })
})

describe('sign-in', () => {
  test('prints a token that becomes a LOGIN token, once', async () => {
    const email = newEmail()
    const acme = await createOrganization(app.services, { name: 'Acme', email, userName: 'Ada' })
    const { signInToken, organizationId } = await runKeyhouseJson(['sign-in', '--email', email.toUpperCase()], app.env)
    expect(organizationId).toBe(acme.organizationId)
    const first = await signIn(signInToken)
    expect(first).toMatchObject({ personalToken: { type: 'LOGIN' }, userErrors: [] })
    expect((await app.run(first.token, viewer)).data.viewer).toMatchObject({ permissions: ['*'], user: { email } })
    expect(await signIn(signInToken)).toMatchObject({
      token: null,
      userErrors: [{ code: 'INVALID_STATE', path: ['input', 'signInToken'] }],
    })
  })

  test('prints the link to a console that can open a session, and none otherwise', async () => {
    const email = newEmail()
    await createOrganization(app.services, { name: 'Acme', email, userName: 'Ada' })
    expect((await runKeyhouseJson(['sign-in', '--email', email], app.env)).consoleUrl).toBeNull()
    const config = { ...app.config, url: 'https://keys.example.com', console: true }
    const { consoleUrl, signInToken } = await signInByEmail({ ...app.services, config }, email, undefined)
    expect(consoleUrl).toBe(`https://keys.example.com/console#sign-in=${signInToken}`)
  })

  test('tells people until when, and how to use it', async () => {
    const email = newEmail()
    await createOrganization(app.services, { name: 'Acme', email, userName: 'Ada' })
    const { stdout } = await runKeyhouse(['sign-in', '--email', email], app.env)
    expect(stdout).toMatch(/Valid once, until +\d{4}-\d\d-\d\d \d\d:\d\d UTC\n/)
    expect(stdout).toContain("curl -s http://keyhouse.test/graphql -H 'Content-Type: application/json' -d '{")
  })

  test.each([
    [signInTokenTtlSeconds * 1000 - 1, true],
    [signInTokenTtlSeconds * 1000, false],
    [signInTokenTtlSeconds * 1000 + 1, false],
  ])('%i ms later: %p', async (later, isGood) => {
    const email = newEmail()
    await createOrganization(app.services, { name: 'Acme', email, userName: 'Ada' })
    const { signInToken } = await signInByEmail(app.services, email, undefined)
    app.clock.advance(later)
    const { token, userErrors } = await signIn(signInToken)
    expect(userErrors.map(({ code }: { code: string }) => code)).toEqual(isGood ? [] : ['INVALID_STATE'])
    expect(token === null).toBe(!isGood)
  })

  test('a token that was never issued is no token', async () => {
    expect(await signIn('kh_signin_nonsense')).toMatchObject({ token: null, userErrors: [{ code: 'NOT_FOUND' }] })
  })

  test('asks which organization when an address is known in several, and knows nobody else', async () => {
    const email = newEmail()
    const make = (): Promise<{ organizationId: string }> => createOrganization(app.services, { name: 'Acme', email, userName: 'Ada' })
    const [first, second] = [await make(), await make()]
    const { code, stderr } = await runKeyhouse(['sign-in', '--email', email], app.env)
    expect(code).toBe(1)
    for (const { organizationId } of [first, second]) expect(stderr).toContain(organizationId)
    const chosen = await runKeyhouseJson(['sign-in', '--email', email, '--organization', second.organizationId], app.env)
    expect(chosen.organizationId).toBe(second.organizationId)
    const unknown = await runKeyhouse(['sign-in', '--email', 'nobody@example.com'], app.env)
    expect(unknown).toEqual({ code: 1, stdout: '', stderr: 'No member has this e-mail address. Check --email.\n' })
  })
})

describe('api-key create', () => {
  test('makes the key that was asked for', async () => {
    const acme = await organization(app)
    const options = [
      '--organization',
      acme.id,
      '--environment',
      'PRODUCTION',
      '--label',
      'CI',
      '--permissions',
      'agent:read',
      'api_key:read',
    ]
    const { apiKeyId, secret } = await runKeyhouseJson(['api-key', 'create', ...options], app.env)
    const { data } = await app.run(secret, '{ viewer { apiKey { id label environment permissions createdBy { __typename } } } }')
    const expected = { id: apiKeyId, label: 'CI', environment: 'PRODUCTION', permissions: ['agent:read', 'api_key:read'], createdBy: null }
    expect(data.viewer.apiKey).toEqual(expected)
  })

  test.each([
    [{ permissions: ['api_key:raed'] }, '"permissions.0" is not a permission of Keyhouse; did you mean "api_key:read"?'],
    [{ permissions: ['member:invite'] }, '"permissions" must not name permissions that no API key can hold: member:invite.'],
    [
      { project: 'prj_00000000000000000000000000000000' },
      'No project with this id is visible to the caller. Check the id, and the project and environment of your credential.',
    ],
    [{ label: 'x'.repeat(256) }, '"label" must have 1 to 255 characters.'],
  ])('refuses %j', async (options, message) => {
    const acme = await organization(app)
    const making = createKey(app.services, { organization: acme.id, environment: 'SANDBOX', permissions: [], ...options })
    await expect(making).rejects.toThrow(message)
  })

  test('asks which organization when there are several', async () => {
    await organization(app)
    const { code, stderr } = await runKeyhouse(['api-key', 'create'], app.env)
    expect(code).toBe(1)
    expect(stderr).toContain('Choose one with --organization: org_')
    const unknown = await runKeyhouse(['api-key', 'create', '--organization', 'org_none'], app.env)
    expect(unknown).toEqual({ code: 1, stdout: '', stderr: 'No organization has this id. See "keyhouse organization list".\n' })
  })

  test('beside a server under load: nothing fails on either side, and the chain holds', async () => {
    const acme = await organization(app)
    const exchange = (): Promise<Payloads['exchangeApiKey']> =>
      app.mutate(acme.sandboxKey, 'exchangeApiKey', { audience: 'https://api.example.com', externalUserId: 'ada' }, 'token')
    const done = new AbortController()
    const load = [1, 2, 3, 4].map(async () => {
      let count = 0
      while (!done.signal.aborted) {
        expect((await exchange()).userErrors).toEqual([])
        if (count++ % 10 === 0) expect((await app.mutate(acme.sandboxKey, 'createApiKey', {}, 'secret')).userErrors).toEqual([])
      }
      return count + Math.ceil(count / 10)
    })
    const commands = await Promise.all([1, 2, 3].map(() => runKeyhouseJson(['api-key', 'create', '--organization', acme.id], app.env)))
    done.abort()
    const changes = (await Promise.all(load)).reduce((sum, count) => sum + count, 0)
    expect(new Set(commands.map(({ apiKeyId }) => apiKeyId)).size).toBe(3)
    expect(await chainFaults(app.services.orm, acme.id)).toEqual([])
    const events = await acme.events()
    // The organization, its first key and its admin's token come first.
    expect(events).toHaveLength(3 + commands.length + changes)
  })
})
