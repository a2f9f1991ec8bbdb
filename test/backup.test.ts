/** Backup and restore while the server writes: every key, token and credential works in the copy. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import { emptyDatabase, isPostgres, type TestDatabase } from './support/database.js'
import type { Listening } from './support/local-server.js'
import { everythingServer, authenticatingProxy, type AuthenticatingProxy } from './support/mcp.js'
import { dumpAndRestore, pgDump } from './support/postgres-dump.js'
import { runKeyhouse, runKeyhouseJson } from './support/process.js'
import { oauthColumns, sealedTexts, seedOAuthSecrets } from './support/sealed-texts.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { exchange, fetchWellKnown } from './support/tokens.js'

const stored = 'correct-horse-battery-staple'
const issuer = { KEYHOUSE_URL: 'http://keyhouse.test', KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' }
let app: TestApp
let acme: SeededOrganization
let real: Listening
let front: AuthenticatingProxy
let folder: string
beforeAll(async () => {
  app = await startApp(issuer)
  acme = await organization(app)
  real = await everythingServer()
  front = await authenticatingProxy(real.origin)
  front.requireHeaders({ authorization: `Bearer ${stored}` })
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-backup-'))
})
afterAll(async () => {
  await front.close()
  await real.close()
  await app.close()
  rmSync(folder, { recursive: true })
})

const viewer = '{ viewer { kind organization { id } } }'

/** Copies while keys are being made; answers with those that were acknowledged before it began. */
async function whileWriting<T>(copy: () => Promise<T>): Promise<{ before: string[]; made: T }> {
  const create = async (): Promise<string> => (await app.mutate(acme.sandboxKey, 'createApiKey', { permissions: [] }, 'secret')).secret
  const before = await Promise.all(Array.from({ length: 20 }, create))
  const state = { isDone: false }
  const writing = (async () => {
    let count = 0
    while (!state.isDone) {
      await create()
      count++
    }
    return count
  })()
  const made = await copy().finally(() => {
    state.isDone = true
  })
  expect(await writing).toBeGreaterThan(0)
  return { before, made }
}

/** Where the copy is served from, and what must open it. */
async function copied(): Promise<{ before: string[]; env: Record<string, string>; target: TestDatabase | null }> {
  if (!isPostgres) {
    const file = join(folder, 'copy.db')
    const { before, made } = await whileWriting(() => runKeyhouseJson(['backup', file], app.env))
    expect(made).toEqual({ file, bytes: statSync(file).size, masterKeyFile: join(app.config.dataDir, 'master.key') })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const data = join(folder, 'restored')
    mkdirSync(data)
    cpSync(file, join(data, 'keyhouse.db'))
    cpSync(made.masterKeyFile, join(data, 'master.key'))
    return { before, env: { KEYHOUSE_DATA_DIR: data }, target: null }
  }
  const target = await emptyDatabase()
  const { before } = await whileWriting(() => dumpAndRestore(app.env, target.env))
  return { before, env: target.env, target }
}

const how = isPostgres ? (pgDump ?? 'copied row by row, for want of a pg_dump that knows this server') : 'keyhouse backup'

test(`the copy (${how}) serves every key, every token and every credential`, async () => {
  const { server } = await app.mutate(
    acme.sandboxKey,
    'createMcpServer',
    { name: 'Tools', serverLabel: 'tools', serverUrl: `${front.origin}/mcp` },
    'server { id }',
  )
  const owners: Record<string, string>[] = [{}, { 'x-on-behalf-of': 'jane' }]
  for (const owner of owners) {
    const input = { serverId: server.id, auth: { bearerToken: stored } }
    await app.mutate(acme.sandboxKey, 'createMcpCredential', input, 'credential { id }', owner)
  }
  await seedOAuthSecrets(acme, (await acme.credentialRows()).at(-1)!, app.services.masterKeys)
  const itself = await exchange(app, acme.sandboxKey, { audience: 'http://keyhouse.test' })
  const rotatedKey = await acme.apiKey({ environment: 'PRODUCTION' })
  const rotation = { id: rotatedKey.id, overlapSeconds: 3600 }
  const { secret: newText } = await app.mutate(acme.adminToken, 'rotateApiKey', rotation, 'secret')
  const revokedKey = await acme.apiKey()
  await app.mutate(acme.adminToken, 'revokeApiKey', { id: revokedKey.id }, 'apiKey { id }')
  const jwks = await (await fetchWellKnown(app, 'jwks')).json()

  const { before, env, target } = await copied()
  const restored = await startApp({ ...issuer, ...env })
  try {
    expect(await (await fetchWellKnown(restored, 'jwks')).json()).toEqual(jwks)
    for (const key of [acme.sandboxKey, rotatedKey.secret, newText, ...before]) {
      expect((await restored.run(key, viewer)).data).toEqual({ viewer: { kind: 'API_KEY', organization: { id: acme.id } } })
    }
    expect((await restored.run(revokedKey.secret, viewer)).status).toBe(403)
    expect((await restored.run(acme.adminToken, viewer)).data.viewer.kind).toBe('PERSONAL_TOKEN')
    expect((await restored.run(itself.token, viewer)).data.viewer.kind).toBe('ACCESS_TOKEN')
    expect((await exchange(restored, acme.sandboxKey)).token).toMatch(/^eyJ/)
    for (const owner of owners) {
      const selection = 'test { connected failure { code } }'
      const { test: tried } = await restored.mutate(acme.sandboxKey, 'testMcpServer', { serverId: server.id }, selection, owner)
      expect(tried).toEqual({ connected: true, failure: null })
    }
    const texts = await sealedTexts(restored.services.orm, restored.services.masterKeys)
    for (const name of oauthColumns) expect(texts[name]).toEqual([name])
    const { code, stdout } = await runKeyhouse(['audit', 'verify', '--database'], { ...issuer, ...env })
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(acme.id) })
  } finally {
    await restored.close()
    await target?.drop()
  }
})

test('without the master key the copy is refused, in words', async () => {
  const env = isPostgres ? app.env : { KEYHOUSE_DATA_DIR: join(folder, 'alone') }
  if (!isPostgres) {
    mkdirSync(env['KEYHOUSE_DATA_DIR']!)
    await runKeyhouseJson(['backup', join(env['KEYHOUSE_DATA_DIR']!, 'keyhouse.db')], app.env)
    const missing = await runKeyhouse(['migrate'], env)
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('master.key is missing') })
  }
  const other = await runKeyhouse(['migrate'], { ...env, KEYHOUSE_MASTER_KEYS: `k9:${Buffer.alloc(32, 9).toString('base64')}` })
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot decrypt this database') })
})

test('the command refuses what it cannot do, and leaves nothing behind', async () => {
  const file = join(folder, 'once.db')
  if (isPostgres) {
    const { code, stderr } = await runKeyhouse(['backup', file], app.env)
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'This command is for SQLite. Copy a PostgreSQL database with pg_dump.\n' })
    return
  }
  writeFileSync(file, 'mine')
  expect(await runKeyhouse(['backup', file], app.env)).toMatchObject({ code: 1, stderr: `${file} exists already. Name a new file.\n` })
  expect(readFileSync(file, 'utf8')).toBe('mine')
  const nowhere = join(folder, 'nowhere')
  expect((await runKeyhouse(['backup', join(nowhere, 'x.db')], app.env)).stderr).toContain('cannot be created (ENOENT)')
  expect((await runKeyhouse(['backup', join(folder, 'y.db')], { KEYHOUSE_DATA_DIR: nowhere })).stderr).toContain('There is no database at')
  expect(readdirSync(folder)).not.toContain('y.db')
  const { stdout } = await runKeyhouse(['backup', join(folder, 'said.db')], app.env)
  expect(stdout).toContain('The copy can be decrypted with the master keys only. Store')
})
