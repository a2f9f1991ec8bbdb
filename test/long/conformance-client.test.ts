/** The conformance suite's scenarios for OAuth clients, against the accounts that Keyhouse connects: what passes, and what does not. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { driveConformance, type ConformanceRun } from '../support/conformance-driver.js'
import { bodyOf, listen, type Listening } from '../support/local-server.js'
import { runIn } from '../support/npm.js'
import { ConnectionWorld } from '../support/oauth-connections.js'

const conformancePackage = '@modelcontextprotocol/conformance@0.2.0-alpha.12'

let world: ConnectionWorld
let folder: string
let control: Listening
/** Outcome of the driver, by scenario. */
const outcomes = new Map<string, string>()

/** The program that the suite runs: it asks this process to act, and ends with its outcome. */
const program = (
  origin: string,
): string => `const { MCP_CONFORMANCE_SCENARIO: scenario, MCP_CONFORMANCE_CONTEXT: context, MCP_CONFORMANCE_PROTOCOL_VERSION: protocolVersion } = process.env
const run = { scenario, protocolVersion, context: context ? JSON.parse(context) : null, serverUrl: process.argv.at(-1) }
fetch('${origin}', { method: 'POST', body: JSON.stringify(run) }).then(({ status }) => process.exit(status === 200 ? 0 : 1))
`

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-conformance-'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  await runIn(folder, process.env, 'npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', conformancePackage)
  world = await ConnectionWorld.start({}, { KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1,localhost' })
  control = await listen(async (request, response) => {
    const run = JSON.parse(await bodyOf(request)) as ConformanceRun
    const outcome = await driveConformance(world, run).then(
      () => 'connected',
      (error: unknown) => String(error),
    )
    outcomes.set(run.scenario, outcome)
    response.writeHead(outcome === 'connected' ? 200 : 400).end()
  })
  writeFileSync(join(folder, 'driver.mjs'), program(control.origin))
}, 300_000)
afterAll(async () => {
  await control.close()
  await world.close()
  rmSync(folder, { recursive: true })
})

interface Check {
  readonly id: string
  readonly status: string
}

/** Runs one scenario; returns the checks that do not pass. */
async function findings(scenario: string, version: string): Promise<string[]> {
  const results = join(folder, 'results', `${scenario.replace('/', '-')}-${version}`)
  const suite = join(folder, 'node_modules/@modelcontextprotocol/conformance/dist/index.js')
  const args = ['client', '--command', `${process.execPath} driver.mjs`, '--scenario', scenario, '--spec-version', version, '-o', results]
  // Its exit status says less than its report.
  await runIn(folder, process.env, process.execPath, suite, ...args).catch(() => undefined)
  const report = readdirSync(results, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('checks.json'))!
  const checks = JSON.parse(readFileSync(join(results, report), 'utf8')) as Check[]
  expect(checks.length).toBeGreaterThan(0)
  return checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING').map(({ id, status }) => `${status} ${id}`)
}

const connected = 'connected'
const nothing = expect.stringContaining('Nothing was connected')
const refused = expect.stringContaining('OAUTH_UNAVAILABLE')

/** Scenario, outcome of the driver, and the checks that do not pass: docs/conformance.md says why. */
const both: [string, unknown, string[]][] = [
  ['metadata-default', connected, []],
  ['metadata-var1', connected, []],
  ['metadata-var2', connected, []],
  ['metadata-var3', connected, []],
  ['basic-cimd', connected, ['WARNING cimd-client-id-used']],
  ['scope-from-www-authenticate', connected, []],
  ['scope-from-scopes-supported', connected, []],
  ['scope-omitted-when-undefined', connected, []],
  ['scope-step-up', connected, []],
  ['scope-retry-limit', expect.stringContaining('CREDENTIAL_REFUSED'), []],
  ['token-endpoint-auth-basic', connected, []],
  ['token-endpoint-auth-post', connected, []],
  ['token-endpoint-auth-none', connected, []],
  ['pre-registration', connected, []],
]
const since2026: typeof both = [
  ['resource-mismatch', refused, []],
  ['offline-access-scope', connected, []],
  ['offline-access-not-supported', connected, []],
  ['authorization-server-migration', connected, []],
  ['iss-supported', connected, []],
  ['iss-not-advertised', connected, []],
  ['iss-supported-missing', nothing, []],
  ['iss-wrong-issuer', nothing, []],
  ['iss-unexpected', nothing, []],
  ['iss-normalized', nothing, []],
  ['metadata-issuer-mismatch', refused, []],
]
const before2025: typeof both = [
  ['2025-03-26-oauth-metadata-backcompat', connected, []],
  [
    '2025-03-26-oauth-endpoint-fallback',
    refused,
    ['FAILURE client-registration', 'FAILURE authorization-request', 'FAILURE token-request'],
  ],
]
const versions = { '2025-03-26': before2025, '2025-11-25': both, '2026-07-28': [...both, ...since2026] }
const table = Object.entries(versions).flatMap(([version, rows]) => rows.map((row) => [version, ...row] as const))

test.each(table)(
  '%s: %s',
  async (version, name, outcome, expected) => {
    const scenario = `auth/${name}`
    expect([await findings(scenario, version), outcomes.get(scenario)]).toEqual([expected, outcome])
  },
  60_000,
)
