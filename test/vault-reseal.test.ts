/** `keyhouse vault` beside the server: killed in every phase and started again. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { readConfig } from '../src/config/config.js'
import { systemContext } from '../src/context/context.js'
import { secretPurposes } from '../src/encryption/deployment-secrets.js'
import { recordServerSettings } from '../src/encryption/server-settings.js'
import { parseMasterKeys, getKeyId, type MasterKeys } from '../src/lib/crypto/seal.js'
import { Secret } from '../src/lib/secret.js'
import { createMcpCredential } from '../src/mcp/credentials/create-mcp-credential.js'
import { openValue } from '../src/mcp/credentials/credential-value.js'
import { openServices } from '../src/open-services.js'
import { startApp, type TestApp } from './support/app.js'
import { executeSql } from './support/database-access.js'
import { firstMasterKey, newMasterKey } from './support/master-keys.js'
import { oauthColumns, sealedTexts, seedOAuthSecrets } from './support/sealed-texts.js'
import { organization, type SeededOrganization } from './support/seed.js'

const bin = join(import.meta.dirname, '../bin/keyhouse.js')
const many = 220
let app: TestApp
let acme: SeededOrganization
let env: Record<string, string>
let keys: MasterKeys
let texts: string[]

beforeAll(async () => {
  app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
  acme = await organization(app)
  texts = [newMasterKey('k2'), firstMasterKey(app)]
  await addMasterKeys(['K2', 'k2'])
  env = { ...app.env, KEYHOUSE_MASTER_KEYS: texts.join(',') }
  keys = parseMasterKeys(texts.join(','))
  const input = { name: 'x', serverLabel: 'x', serverUrl: 'https://mcp.example/mcp' }
  const { server } = await app.mutate(acme.sandboxKey, 'createMcpServer', input, 'server { id }')
  const ctx = systemContext(app.services, acme.id)
  for (let i = 0; i < many; i++)
    await createMcpCredential(ctx, { serverId: server.id, auth: { bearerToken: new Secret(`secret number ${i}`) }, name: String(i) })
  await seedOAuthSecrets(acme, (await acme.credentialRows()).at(-1)!, app.services.masterKeys)
})
afterAll(() => app.close())

/** Restarts the server with further keys behind its own, as the guide asks before a reseal. */
async function addMasterKeys(ids: string[]): Promise<void> {
  const text = [firstMasterKey(app), ...ids.map(newMasterKey)].join(',')
  const clock = (): Date => new Date(app.clock.at.getTime() + 1)
  const { services, close } = await openServices(readConfig({ ...app.env, KEYHOUSE_MASTER_KEYS: text }), { clock })
  await recordServerSettings(services.orm, app.config, services.masterKeys)
  await close()
}

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Ends it by SIGKILL as soon as it has said this. */
function keyhouse(args: string[], killAt?: RegExp, settings = env): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, 'vault', ...args], { env: { ...process.env, ...settings, NODE_OPTIONS: '' } })
    const said = { out: '', err: '' }
    const hear = (stream: 'out' | 'err') => (chunk: Buffer) => {
      said[stream] += chunk.toString()
      if (killAt?.test(said.err)) child.kill('SIGKILL')
    }
    child.stdout.on('data', hear('out'))
    child.stderr.on('data', hear('err'))
    child.on('close', (code) => resolve({ code, ...said }))
    if (killAt?.source === 'at once') child.kill('SIGKILL')
  })
}

/** Every row opens, to what was put into it. */
async function envelopes(): Promise<Map<string, string>> {
  const rows = await acme.credentialRows()
  expect(rows).toHaveLength(many)
  const kept = rows.filter(({ revokedAt }) => !revokedAt)
  for (const row of kept) expect(openValue(keys, row)).toEqual({ authorization: `Bearer secret number ${row.name}` })
  return new Map(kept.map((row) => [row.id, row.sealedValue!]))
}

const moved = (all: Map<string, string>): number => [...all.values()].filter((envelope) => getKeyId(envelope) === 'k2').length

test('killed in each phase and started again: every row opens, none is moved twice, none is lost', async () => {
  let before = await envelopes()
  const plaintexts = await sealedTexts(app.services.orm, keys)
  for (const name of oauthColumns) expect(plaintexts[name]).toEqual([name])
  for (const killAt of [/at once/, /signing keys: /, /credentials: 100 /]) {
    expect((await keyhouse(['reseal'], killAt)).code).toBeNull()
    const after = await envelopes()
    // What was moved stays as it was moved; what was not is as it was.
    for (const [id, envelope] of before) if (getKeyId(envelope) === 'k2') expect(after.get(id)).toBe(envelope)
    expect(moved(after)).toBeGreaterThanOrEqual(moved(before))
    before = after
  }
  expect(moved(before)).toBeGreaterThanOrEqual(100)
  expect(moved(before)).toBeLessThan(many)

  const [first] = await acme.credentialRows()
  await app.mutate(acme.sandboxKey, 'revokeMcpCredential', { id: first!.id }, 'credential { status }')
  const last = await keyhouse(['reseal', '--json'])
  expect({ code: last.code, out: JSON.parse(last.out) }).toEqual({
    code: 0,
    out: { newest: 'k2', resealed: expect.any(Number), overtaken: 0, failed: [], remaining: 0 },
  })
  expect(last.err).toMatch(/^credentials: \d+ of \d+$/m)
  const after = await envelopes()
  expect(moved(after)).toBe(many - 1)
  expect((await acme.credentialRows())[0]).toMatchObject({ id: first!.id, sealedValue: null })

  const { credentials, ...others } = await sealedTexts(app.services.orm, [keys.find(({ id }) => id === 'k2')!])
  expect({ credentials: plaintexts['credentials']!.slice(1), ...others }).toEqual({ ...plaintexts, credentials })

  const again = await keyhouse(['reseal', '--json'])
  expect(JSON.parse(again.out)).toMatchObject({ resealed: 0, remaining: 0 })
  expect(await envelopes()).toEqual(after)

  const status = await keyhouse(['status', '--json'])
  expect(JSON.parse(status.out)).toEqual({
    newest: 'k2',
    configured: keys.map(({ id }) => id),
    missing: [],
    sealed: [
      { what: 'signing keys', keyId: 'k2', rows: 2 },
      { what: 'reveal texts', keyId: 'k2', rows: 1 },
      { what: 'refresh responses', keyId: 'k2', rows: 1 },
      { what: 'credentials', keyId: 'k2', rows: many - 1 },
      ...oauthColumns.slice(1).map((what) => ({ what, keyId: 'k2', rows: 1 })),
      { what: 'deployment secrets', keyId: 'k2', rows: secretPurposes.length },
    ],
  })
  // The status tells what is missing when nothing else would start.
  const without = { ...env, KEYHOUSE_MASTER_KEYS: newMasterKey('k3') }
  const lost = await keyhouse(['status', '--json'], undefined, without)
  expect(JSON.parse(lost.out)).toMatchObject({ newest: 'k3', missing: ['k2'] })
  const refused = await keyhouse(['reseal'], undefined, without)
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(refused.err).toContain('"k2", which is missing')
  // A process takes seconds to start on a busy machine.
}, 120_000)

test('a row that does not open is named, left as it is, and fails the command', async () => {
  const [, row] = await acme.credentialRows()
  const broken = `v1.${keys[1]!.id}.AAAAAAAAAAAAAAAA.${'A'.repeat(40)}`
  await executeSql(app, 'update mcp_credential set sealed_value = ? where id = ?', [broken, row!.id])
  const { code, out, err } = await keyhouse(['reseal'])
  expect(code).toBe(1)
  expect(out).toContain(`credentials ${row!.id}`)
  expect(err).toContain('1 values are not encrypted with "k2"')
  expect((await acme.credentialRows())[1]!.sealedValue).toBe(broken)
}, 60_000)

test('keys whose ids differ in case are two keys', async () => {
  const named = { ...env, KEYHOUSE_MASTER_KEYS: [newMasterKey('K2'), ...texts].join(',') }
  const before = JSON.parse((await keyhouse(['status', '--json'], undefined, named)).out)
  expect(before.sealed.filter(({ keyId }: { keyId: string }) => keyId === 'K2')).toEqual([])
  expect(JSON.parse((await keyhouse(['reseal', '--json'], undefined, named)).out)).toMatchObject({ newest: 'K2', remaining: 1 })
  const after = JSON.parse((await keyhouse(['status', '--json'], undefined, named)).out)
  expect(after.sealed).toContainEqual({ what: 'deployment secrets', keyId: 'K2', rows: secretPurposes.length })
  expect(after.sealed.filter(({ keyId }: { keyId: string }) => keyId === 'k2')).toEqual([])
}, 60_000)
