/** Deleting an organization: its trail is archived, everything of it is gone, and nothing of another organization. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { verifyFile } from '../src/commands/audit-verify.js'
import { deleteById } from '../src/commands/organization-delete.js'
import { listAllOrganizations, resume, suspend } from '../src/commands/organization-suspension.js'
import { systemContext } from '../src/context/context.js'
import { BrowserSession } from '../src/entities/browser-session.js'
import { McpConnection } from '../src/entities/mcp-connection.js'
import { OAuthCode } from '../src/entities/oauth-code.js'
import { OAuthRefreshToken } from '../src/entities/oauth-refresh-token.js'
import { newId } from '../src/lib/id.js'
import { deletedEntities } from '../src/organizations/delete-organization.js'
import { deleteRemnants } from '../src/organizations/delete-remnants.js'
import { requestDeletion } from '../src/organizations/request-deletion.js'
import { startApp, type TestApp } from './support/app.js'
import { fillTable, hex, sqlLiteral, timestamp } from './support/bulk-insert.js'
import { executeSql } from './support/database-access.js'
import { isPostgres } from './support/database.js'
import { runKeyhouse, startCommand } from './support/process.js'
import { createIdIn, idKinds, type IdKindName } from './support/resources.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { claimsOf, exchange } from './support/tokens.js'
import { waitFor } from './support/wait-for.js'

let app: TestApp
let folder: string
beforeAll(async () => {
  app = await startApp()
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-archive-'))
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

let files = 0
const newFile = (): string => join(folder, `${++files}.ndjson`)
const nameOf = async ({ id }: SeededOrganization): Promise<string> =>
  (await listAllOrganizations(app.services)).find(({ organizationId }) => organizationId === id)!.name
const remove = async (acme: SeededOrganization, archive = newFile()): Promise<unknown> =>
  deleteById(app.services, acme.id, { archive, confirm: await nameOf(acme) })

/** Tables whose rows belong to an organization. */
const tenantTables = (): string[] =>
  [...app.services.orm.getMetadata().getAll().values()]
    .filter(({ tableName, properties }) => 'organizationId' in properties && tableName !== 'deleted_client')
    .map(({ tableName }) => tableName)

const rowsOf = async (acme: SeededOrganization): Promise<Record<string, object[]>> => {
  const rows: Record<string, object[]> = { organization: await executeSql(app, `select * from organization where id = '${acme.id}'`) }
  for (const table of tenantTables()) rows[table] = await executeSql(app, `select * from "${table}" where organization_id = '${acme.id}'`)
  return rows
}
const tablesWithRows = (rows: Record<string, object[]>): string[] => Object.keys(rows).filter((table) => rows[table]!.length > 0)

/** Rows of an authorization in progress, which no node has. */
async function insertOAuthRows({ em, id: organizationId, projectId }: SeededOrganization): Promise<void> {
  const now = app.clock.now()
  const row = { organizationId, grantId: 'grant', createdAt: now, expiresAt: now, usedAt: null }
  const [code, token, session] = ['oac', 'ort', 'bs'].map((prefix) => newId(prefix, now))
  const connection = { serverId: 'x', origin: 'x', apiKeyId: 'x', clientId: 'x', resource: null, scopes: [], sealedVerifier: null }
  em.persist([
    Object.assign(new OAuthCode(), { ...row, id: code, digest: code, redirectUri: 'http://localhost/', codeChallenge: 'challenge' }),
    Object.assign(new OAuthRefreshToken(), { ...row, id: token, digest: token, sealedSuccessor: null, replayUntil: null }),
    Object.assign(new McpConnection(), {
      ...row,
      ...connection,
      id: newId('mcp_con', now),
      projectId,
      environment: 'SANDBOX',
      endUserId: 'eu',
    }),
    Object.assign(new BrowserSession(), {
      ...row,
      id: session,
      digest: session,
      projectId,
      environment: 'SANDBOX',
      endUserId: 'eu',
      signedInAt: now,
      revokedAt: null,
    }),
  ])
  await em.flush()
}

/** An organization with rows in every table. */
async function furnished(): Promise<SeededOrganization> {
  const acme = await organization(app)
  const scope = { app, organization: acme, projectId: acme.projectId, environment: 'SANDBOX', externalUserId: 'jane' } as const
  for (const kind of Object.keys(idKinds) as IdKindName[]) await createIdIn(kind, scope)
  await acme.signInToken()
  await insertOAuthRows(acme)
  const limited = await acme.apiKey({ permissions: ['*'], rateLimits: [{ window: 'DAY', max: 10 }] })
  await app.mutate(acme.sandboxKey, 'createApiKey', { idempotencyKey: 'once', permissions: [] }, 'apiKey { id }')
  await app.run(limited.secret, '{ viewer { kind } }')
  await app.services.writeBehind.flush()
  return acme
}

test('everything of the organization is gone, and nothing of another', async () => {
  const [acme, other] = [await furnished(), await furnished()]
  // Rate limits of SQLite are counted in memory.
  const expected = ['organization', ...tenantTables()].filter((table) => isPostgres || table !== 'rate_counter')
  expect(tablesWithRows(await rowsOf(acme)).toSorted()).toEqual(expected.toSorted())
  const before = await rowsOf(other)
  await remove(acme)
  expect(tablesWithRows(await rowsOf(acme))).toEqual([])
  expect(await rowsOf(other)).toEqual(before)
  expect((await app.run(acme.sandboxKey, '{ viewer { kind } }')).status).toBe(401)
  expect((await app.run(other.sandboxKey, '{ viewer { kind } }')).status).toBe(200)
})

test('every table of a tenant has its place in the deletion', () => {
  const metadata = app.services.orm.getMetadata()
  const deleted = deletedEntities.map((entity) => metadata.get(entity).tableName)
  expect([...deleted, 'audit_head'].toSorted()).toEqual(tenantTables().toSorted())
})

test('the archive is the whole trail, with the request to delete, signed and readable by its owner alone', async () => {
  const acme = await organization(app)
  const file = newFile()
  await remove(acme, file)
  const jwks = join(folder, 'jwks.json')
  writeFileSync(jwks, await (await fetch(`${app.url}/.well-known/audit-jwks.json`)).text())
  expect(await verifyFile(file, jwks)).toContain(`events of ${acme.id}, and the checkpoint is signed.`)
  expect(readFileSync(file, 'utf8')).toContain('"action":"organization:delete"')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(existsSync(`${file}.partial`)).toBe(false)
})

test('a wrong name and a file that exists change nothing', async () => {
  const acme = await organization(app)
  await expect(deleteById(app.services, acme.id, { archive: newFile(), confirm: 'acme' })).rejects.toThrow('nothing was changed')
  const taken = newFile()
  writeFileSync(taken, 'something else')
  await expect(remove(acme, taken)).rejects.toThrow('exists already. Name a new file')
  expect(readFileSync(taken, 'utf8')).toBe('something else')
  await expect(remove(acme, join(folder, 'none', 'file'))).rejects.toThrow('cannot be written (ENOENT). Nothing was deleted')
  // The last attempt has marked it: its trail says so.
  await resume(app.services, acme.id)
  expect((await app.run(acme.sandboxKey, '{ viewer { kind } }')).status).toBe(200)
})

test('a broken chain is not archived, so nothing is deleted', async () => {
  const acme = await organization(app)
  await executeSql(app, `update audit_head set hash = 'x' where organization_id = '${acme.id}'`)
  await expect(remove(acme)).rejects.toThrow('Nothing was deleted')
  expect(tablesWithRows(await rowsOf(acme))).toContain('audit_event')
})

test('requested, it is suspended and can be resumed; started, it cannot, and no event is appended', async () => {
  const acme = await furnished()
  await requestDeletion(systemContext(app.services, acme.id))
  expect((await app.run(acme.sandboxKey, '{ viewer { kind } }')).status).toBe(403)
  await resume(app.services, acme.id)
  expect((await app.run(acme.sandboxKey, '{ viewer { kind } }')).status).toBe(200)
  await executeSql(app, `update organization set trail_archived_at = created_at where id = '${acme.id}'`)
  await expect(resume(app.services, acme.id)).rejects.toThrow('is being deleted')
  await executeSql(app, `delete from audit_head where organization_id = '${acme.id}'`)
  await app.services.writeBehind.flush()
  const before = await rowsOf(acme)
  await expect(suspend(app.services, acme.id)).rejects.toThrow()
  const [event] = await acme.events()
  const refusal = Object.assign(event!, { outcome: 'DENIED', details: { code: 'FORBIDDEN' } })
  await expect(app.services.refusalJournal.record(refusal)).rejects.toThrow()
  expect(await rowsOf(acme)).toEqual(before)
})

test('events of an organization that is not being deleted stay append-only', async () => {
  const acme = await organization(app)
  const attempt = (): Promise<unknown> => executeSql(app, `delete from audit_event where organization_id = '${acme.id}'`)
  await suspend(app.services, acme.id)
  await expect(attempt()).rejects.toThrow('append-only')
  await requestDeletion(systemContext(app.services, acme.id))
  await expect(attempt()).rejects.toThrow('append-only')
})

test('its unexpired tokens stay in both revocation lists until they expire', async () => {
  const acme = await organization(app)
  const { client_id: key } = claimsOf((await exchange(app, acme.sandboxKey, { expiresIn: 3600 })).token)
  const listed = async (): Promise<boolean[]> =>
    Promise.all(
      ['', `/o/${acme.id}/sandbox`, `/o/${acme.id}/production`].map(async (path) => {
        const response = await fetch(`${app.url}${path}/.well-known/revoked.json`)
        return ((await response.json()) as { revokedClients: string[] }).revokedClients.includes(key)
      }),
    )
  await remove(acme)
  expect(await listed()).toEqual([true, true, false])
  app.clock.advance(3_599_999)
  expect(await listed()).toEqual([true, true, false])
  app.clock.advance(1)
  expect(await listed()).toEqual([false, false, false])
  const left = (): Promise<object[]> => executeSql(app, `select id from deleted_client where organization_id = '${acme.id}'`)
  expect(await left()).toHaveLength(1)
  await deleteRemnants(app.services)
  expect(await left()).toEqual([])
})

test('the version of the revocation list never returns to an earlier value', async () => {
  const [acme, other] = [await organization(app), await organization(app)]
  const listed = async (): Promise<string[]> =>
    ((await (await fetch(`${app.url}/.well-known/revoked.json`)).json()) as { revokedClients: string[] }).revokedClients
  const { client_id: key } = claimsOf((await exchange(app, other.sandboxKey)).token)
  await suspend(app.services, acme.id)
  expect(await listed()).not.toContain(key)
  await remove(acme)
  await suspend(app.services, other.id)
  expect(await listed()).toContain(key)
})

test('usage that a process writes after the deletion is removed, and that of others stays', async () => {
  const [acme, other] = [await organization(app), await organization(app)]
  await remove(acme)
  for (const { id } of [acme, other]) {
    const { actor } = systemContext(app.services, id)
    app.services.writeBehind.recordUsage({ actor, operation: 'viewer', isDenied: false, at: app.clock.now() })
  }
  await app.services.writeBehind.flush()
  expect(tablesWithRows(await rowsOf(acme))).toEqual(['usage_count'])
  await deleteRemnants(app.services)
  expect(tablesWithRows(await rowsOf(acme))).toEqual([])
  expect(tablesWithRows(await rowsOf(other))).toContain('usage_count')
})

test('killed at any moment, it is finished by running it again', async () => {
  const acme = await organization(app)
  const file = newFile()
  await fillTable(app, 'end_user', 20_000, {
    id: `'eu_' || ${hex(`i + ${2_000_000 + files * 100_000}`)}`,
    organization_id: sqlLiteral(acme.id),
    project_id: sqlLiteral(acme.projectId),
    environment: `'SANDBOX'`,
    external_id: `'user-' || i`,
    first_seen_at: timestamp('1'),
    last_seen_at: timestamp('1'),
  })
  const count = async (): Promise<number> => (await executeSql(app, `select id from end_user where organization_id = '${acme.id}'`)).length
  const args = ['organization', 'delete', acme.id, '--archive', file, '--confirm', await nameOf(acme)]
  for (const reached of [
    () => Promise.resolve(existsSync(file)),
    async () => (await count()) < 20_000,
    async () => (await count()) < 15_000,
  ]) {
    const running = startCommand(args, app.env)
    await waitFor(reached)
    running.kill()
    await running.exited
  }
  expect(await count()).toBeGreaterThan(0)
  const again = await runKeyhouse(args, app.env)
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('is deleted, with everything that belonged to it') })
  expect(tablesWithRows(await rowsOf(acme))).toEqual([])
  expect((await runKeyhouse(args, app.env)).stderr).toContain('No organization has the id')
})

test('without a terminal the command asks for --confirm', async () => {
  const acme = await organization(app)
  const { code, stderr } = await runKeyhouse(['organization', 'delete', acme.id, '--archive', newFile()], app.env)
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('Add --confirm with its name') })
})
