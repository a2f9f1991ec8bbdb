/** `keyhouse api-key import`: exports of other stores, of which every usable key works afterwards. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { importFile, type ImportOptions, type ImportReport } from '../src/commands/import/api-key-import.js'
import { ApiKey } from '../src/entities/api-key.js'
import { sha256 } from '../src/lib/crypto/digest.js'
import { startApp, type TestApp } from './support/app.js'
import { runKeyhouse } from './support/process.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
const folder = mkdtempSync(join(tmpdir(), 'keyhouse-import-'))
beforeAll(async () => {
  app = await startApp()
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

const fixture = (name: string): string => resolve(import.meta.dirname, 'fixtures/imports', name)
const written = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const run = ({ id }: SeededOrganization, file: string, options: Partial<ImportOptions> = {}): Promise<ImportReport> =>
  importFile(app.services, file, { organization: id, environment: 'SANDBOX', rateLimits: true, ...options })

/** What the key with the secret became; undefined: it was not imported. */
async function importedAs(acme: SeededOrganization, secret: string): Promise<unknown> {
  const row = await acme.em.findOne(ApiKey, { digest: sha256(secret) })
  if (!row) return undefined
  const { label, preview, permissions, environment, expiresAt, rateLimits, metadata } = row
  const { data } = await app.run(secret, '{ viewer { apiKey { id } } }')
  expect(data.viewer.apiKey.id).toBe(row.id)
  return { label, preview, permissions, environment, expiresAt: expiresAt?.toISOString() ?? null, rateLimits, metadata }
}
const plain = { label: null, permissions: [], environment: 'SANDBOX', expiresAt: null, rateLimits: [], metadata: {} }
const in2027 = '2027-01-01T00:00:00.000Z'

/** Every store has its own organization, since a digest belongs to one. */
describe('a file of', () => {
  test('Unkey', async () => {
    const acme = await organization(app)
    const report = await run(acme, fixture('unkey.ndjson'))
    expect(report).toMatchObject({ imported: 2, unchanged: 0 })
    expect(report.refused.map(({ line, reason }) => [line, reason.slice(0, 34)])).toEqual([
      [3, 'The key is disabled. Enable it the'],
      [4, 'The key has a limited number of us'],
      [5, 'The window of a rate limit is not '],
      [6, '"expiresAt" must be in the future.'],
      [7, 'The line is not a JSON object. Cor'],
    ])
    expect(await importedAs(acme, 'unkey_first')).toEqual({
      ...plain,
      label: 'First',
      preview: 'unkey_f****',
      permissions: ['documents:read', 'documents:write'],
      expiresAt: in2027,
      rateLimits: [{ window: 'MINUTE', max: 100 }],
      metadata: { plan: 'pro' },
    })
    expect(await importedAs(acme, 'unkey_second')).toEqual({ ...plain, preview: 'unkey_s****', permissions: ['agent:read'] })
    expect(await run(acme, fixture('unkey.ndjson'))).toEqual({ ...report, imported: 0, unchanged: 2 })
    expect(await run(acme, fixture('unkey.ndjson'), { rateLimits: false })).toMatchObject({ imported: 1, unchanged: 2 })
  })

  test.each(['better-auth.ndjson', 'better-auth.csv'])('better-auth: %s', async (name) => {
    const other = await startApp()
    try {
      const acme = await organization(other)
      const options = { organization: acme.id, environment: 'PRODUCTION', permissions: ['agent:read'], rateLimits: true } as const
      const report = await importFile(other.services, fixture(name), options)
      expect(report).toMatchObject({ imported: 2, unchanged: 0, refused: [{ reason: expect.stringContaining('limited number of uses') }] })
      const rows = await acme.em.find(ApiKey, { importedDigest: { $ne: null } }, { orderBy: { label: 'ASC NULLS LAST' } })
      expect(
        rows.map(({ digest, label, preview, permissions, environment }) => [digest, label, preview, permissions, environment]),
      ).toEqual([
        [sha256('mk-first'), 'First', 'mk-fir****', ['agent:read', 'agent:create'], 'PRODUCTION'],
        [sha256('mk-second'), null, 'mk-sec****', ['agent:read'], 'PRODUCTION'],
      ])
      expect(rows.map(({ expiresAt, rateLimits, metadata }) => [expiresAt?.toISOString(), rateLimits, metadata])).toEqual([
        [in2027, [{ window: 'HOUR', max: 60 }], { plan: 'pro' }],
        [undefined, [], {}],
      ])
    } finally {
      await other.close()
    }
  })

  test('a table of your own', async () => {
    const acme = await organization(app)
    const report = await run(acme, fixture('table.csv'))
    expect(report).toEqual({
      imported: 2,
      unchanged: 0,
      refused: [
        { line: 4, reason: 'The key is revoked or deleted. Leave it out.' },
        { line: 5, reason: expect.stringContaining('"digest" must be a SHA-256 digest') },
        { line: 6, reason: 'The environment is neither SANDBOX nor PRODUCTION. Correct it, or leave the field out.' },
      ],
    })
    expect(JSON.stringify(report)).not.toContain('plaintext-key')
    expect(await importedAs(acme, 'own-first')).toEqual({
      ...plain,
      label: 'First, of ours',
      preview: '****',
      permissions: ['agent:read', 'agent:create'],
      environment: 'PRODUCTION',
      expiresAt: in2027,
    })
    expect(await importedAs(acme, 'own-second')).toEqual({ ...plain, preview: '****', expiresAt: in2027 })
  })
})

test('each batch of 500 keys is one event', async () => {
  const acme = await organization(app)
  const lines = Array.from({ length: 501 }, (_, i) => JSON.stringify({ digest: sha256(`batch-${i}`) }))
  expect(await run(acme, written('many.ndjson', lines.join('\n')))).toEqual({ imported: 501, unchanged: 0, refused: [] })
  const events = await acme.events('api_key:import')
  expect(events.map(({ actorId, details }) => [actorId, details['imported']])).toEqual([
    [null, 500],
    [null, 1],
  ])
})

describe('a file that cannot be read is refused in one sentence', () => {
  test.each([
    ['a JSON array', () => written('array.json', '[{}]'), 'The file is a JSON array.'],
    [
      'an open quote',
      () => written('quote.csv', `digest\n"${'x'.repeat(100)}`),
      'The file is not valid CSV at line 2 (CSV_QUOTE_NOT_CLOSED).',
    ],
    ['a row with a field too many', () => written('fields.csv', 'digest\nx,y'), 'The file is not valid CSV at line 2 ('],
    ['a file that does not exist', () => join(folder, 'none.csv'), 'cannot be read: ENOENT'],
    ['a folder', () => folder, 'cannot be read: EISDIR'],
  ])('%s', async (_, file, message) => {
    const acme = await organization(app)
    await expect(run(acme, file())).rejects.toThrow(message)
  })

  test('an empty file has no keys', async () => {
    const acme = await organization(app)
    expect(await run(acme, written('empty.csv', ''))).toEqual({ imported: 0, unchanged: 0, refused: [] })
  })
})

test('the command prints what was refused, and exits with 1 then', async () => {
  const acme = await organization(app)
  const secret = 'command-secret'
  const file = written('command.csv', `digest\n${sha256(secret)}\nx\n`)
  const args = ['api-key', 'import', file, '--organization', acme.id, '--environment', 'SANDBOX', '--permissions', 'agent:read']
  const { code, stdout, stderr } = await runKeyhouse(args, app.env)
  expect([code, stdout.split('\n').slice(0, 4)]).toEqual([1, ['  Imported   1', '  Unchanged  0', '  Refused    1', '']])
  expect(stdout).toContain('Line 3: "digest" must be a SHA-256 digest')
  expect(stderr).toBe('Refused keys: 1. Correct or remove the lines above, and run the import again.\n')
  expect(await importedAs(acme, secret)).toEqual({ ...plain, preview: '****', permissions: ['agent:read'] })
  const repeated = await runKeyhouse([...args, '--json'], app.env)
  expect(JSON.parse(repeated.stdout)).toMatchObject({ imported: 0, unchanged: 1, refused: [{ line: 3 }] })
})
