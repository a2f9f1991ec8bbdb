/** Programs of docs/guide/exchange-and-verify.md in every installed language: they accept valid tokens only. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import { codeBlocksOf } from './support/guide-pages.js'
import { programOf, programs } from './support/guide-programs.js'
import { freePort } from './support/local-server.js'
import { organization, type SeededKey, type SeededOrganization } from './support/seed.js'
import { root } from './support/shell.js'
import { claimsOf, exchange, signClaims } from './support/tokens.js'

const run = promisify(execFile)
const audience = 'https://agents.example'
const permissions = ['agent:read']

let app: TestApp
let acme: SeededOrganization
let key: SeededKey
let token: string
let folder: string
beforeAll(async () => {
  const port = await freePort()
  app = await startApp({ PORT: port, KEYHOUSE_URL: `http://127.0.0.1:${port}` })
  // The programs look at the real clock.
  app.clock.at = new Date()
  acme = await organization(app)
  key = await acme.apiKey({ permissions })
  token = (await exchange(app, key.secret, { audience, externalUserId: 'user-1' })).token
  // Here Node finds the packages that the program imports.
  folder = mkdtempSync(join(root, 'node_modules/.guide-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await app.close()
})

/** With another claim, signed by the deployment. */
const altered = (change: object, typ = 'at+jwt'): Promise<string> => signClaims(app, typ, { ...claimsOf(token), ...change })

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** With another claim, and the signature as it was. */
function tampered(): string {
  const [head, , signature] = token.split('.')
  return [head, encode({ ...claimsOf(token), sub: 'admin' }), signature].join('.')
}

const unsigned = (): string => `${encode({ alg: 'none', typ: 'at+jwt' })}.${token.split('.')[1]}.`

/** By a key of its own that calls itself one of Keyhouse's. */
async function signedByAnother(): Promise<string> {
  const [head = '', claims = ''] = token.split('.')
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, Buffer.from(`${head}.${claims}`))
  return `${head}.${claims}.${Buffer.from(signature).toString('base64url')}`
}

async function revokedToken(): Promise<string> {
  const made = await exchange(app, key.secret, { audience, externalUserId: 'user-1' })
  await app.mutate(acme.adminToken, 'revokeAccessToken', { id: made.accessToken.id }, 'accessToken { id }')
  return made.token
}

async function tokenOfRevokedKey(): Promise<string> {
  const other = await acme.apiKey({ permissions })
  const made = await exchange(app, other.secret, { audience, externalUserId: 'user-1' })
  await app.mutate(acme.adminToken, 'revokeApiKey', { id: other.id }, 'apiKey { id }')
  return made.token
}

/** For the same service and the same user, and good in every other respect. */
const tokenOf = async (secret: string): Promise<string> =>
  (await exchange(app, secret, { audience, externalUserId: 'user-1', permissions })).token

/** The token of all tests until now; those that follow have a newer one. */
async function tokenBeforeReset(): Promise<string> {
  const before = token
  await app.mutate(acme.adminToken, 'resetSandbox', { projectId: acme.projectId }, 'revokedTokens')
  token = (await exchange(app, key.secret, { audience, externalUserId: 'user-1' })).token
  app.clock.at = new Date()
  return before
}

const now = (): number => Math.floor(Date.now() / 1000)

const refused: readonly (readonly [what: string, make: () => string | Promise<string>])[] = [
  ['tampered with', tampered],
  ['unsigned', unsigned],
  ['signed by another', signedByAnother],
  ['of another kind', () => altered({}, 'kh-personal+jwt')],
  ['for another service', () => altered({ aud: 'https://payments.example' })],
  ['of another issuer', () => altered({ iss: 'https://keys.example' })],
  ['of the deployment as issuer', () => altered({ iss: app.config.url })],
  ['of another organization', async () => tokenOf((await organization(app)).sandboxKey)],
  ['of the other environment', async () => tokenOf((await acme.apiKey({ environment: 'PRODUCTION', permissions })).secret)],
  ['of another project', async () => tokenOf((await acme.apiKey({ projectId: await acme.project(), permissions })).secret)],
  // Libraries allow clocks to differ by half a minute.
  ['expired', () => altered({ iat: now() - 3600, exp: now() - 60 })],
  ['without an end', () => altered({ exp: undefined })],
  ['revoked', revokedToken],
  ['exchanged from a revoked key', tokenOfRevokedKey],
  ['of a sandbox that was reset', tokenBeforeReset],
  ['an API key', () => key.secret],
  ['nothing of the kind', () => 'a.b.c'],
]

const page = resolve(root, 'docs/guide/exchange-and-verify.md')

/** @returns how the program of the page is run */
async function prepare(name: string): Promise<readonly [string, ...string[]]> {
  const { file, run: command, env = {} } = programs[name]!
  const path = join(folder, file)
  writeFileSync(
    path,
    textOf(name).replaceAll('http://localhost:4000', app.url).replaceAll('org_…', acme.id).replaceAll('prj_…', acme.projectId),
  )
  if (!file.endsWith('.go')) return [command, path]
  await run('go', ['build', '-o', `${path}.bin`, path], { env: { ...process.env, ...env } })
  return [`${path}.bin`]
}

const names = Object.keys(programs)
const runnable = names.filter((name) => programs[name]!.isInstalled)
const textOf = (name: string): string => codeBlocksOf(page).find((block) => programOf(block) === name)!.text

describe.each(runnable)('%s', (name) => {
  let program: readonly [string, ...string[]]
  // Go compiles its standard library when it has never done so.
  beforeAll(async () => {
    program = await prepare(name)
  }, 120_000)

  /** What it prints, and, when it ends badly, what it complains of. */
  const answer = async (variables: Record<string, string>): Promise<{ said: string; complaint: string | null }> => {
    const [file, ...args] = program
    return run(file, args, { env: { ...process.env, KEY: '', ...variables } }).then(
      ({ stdout }) => ({ said: stdout, complaint: null }),
      ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ said: stdout, complaint: stderr }),
    )
  }
  const letIn = { sub: 'user-1', permissions }

  test('lets a good token in', async () => {
    expect(JSON.parse((await answer({ TOKEN: token })).said)).toEqual(letIn)
  })

  test.each(refused)('refuses one that is %s', async (_what, make) => {
    expect(await answer({ TOKEN: await make() })).toEqual({ said: '', complaint: expect.stringMatching(/./) })
  })

  // Those that show discovery only verify.
  if (!textOf(name).includes('KEY')) return

  test('exchanges and verifies', async () => {
    expect(JSON.parse((await answer({ KEY: key.secret })).said)).toEqual(letIn)
  })

  test('repeats why the key was refused', async () => {
    const weak = await acme.apiKey({ permissions: [] })
    expect(await answer({ KEY: weak.secret })).toEqual({ said: '', complaint: expect.stringContaining('agent:read') })
  })
})

for (const name of names.filter((one) => !runnable.includes(one))) {
  test(`the program in ${name} was not run: it is not installed here`, () => {
    expect(textOf(name)).toContain('/.well-known/')
  })
}
