/** The example of a downstream service as its own process, which knows only the URL of Keyhouse. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { issuerUrl } from '../src/lib/issuer.js'
import { startApp, type TestApp } from './support/app.js'
import { organization, type SeededKey, type SeededOrganization } from './support/seed.js'
import { claimsOf, exchange, signClaims } from './support/tokens.js'
import { waitFor } from './support/wait-for.js'

const audience = 'https://agents.example'

let app: TestApp
let acme: SeededOrganization
let key: SeededKey
let service: ChildProcess
let url: string

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

beforeAll(async () => {
  const port = await freePort()
  app = await startApp({ PORT: String(port), KEYHOUSE_URL: `http://127.0.0.1:${port}` })
  // The service looks at the real clock.
  app.clock.at = new Date()
  acme = await organization(app)
  const verifier = await acme.apiKey({ permissions: ['api_key:verify'] })
  service = spawn(process.execPath, [new URL('../examples/downstream/server.js', import.meta.url).pathname], {
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      KEYHOUSE_ISSUER: issuerUrl(app.url, acme.id, 'SANDBOX'),
      PROJECT: acme.projectId,
      AUDIENCE: audience,
      KEYHOUSE_API_KEY: verifier.secret,
      POLL_SECONDS: '0.05',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: service.stdout! })) {
    url = line.split(' ').at(-1)!
    break
  }
})
afterAll(async () => {
  const ended = once(service, 'close')
  service.kill('SIGTERM')
  await ended
  await app.close()
})
beforeEach(async () => void (key = await acme.apiKey({ permissions: ['application:*'] })))

async function ask(path: string, credential: string | null, method = 'GET'): Promise<[status: number, body: unknown]> {
  const headers = credential === null ? {} : { authorization: `Bearer ${credential}` }
  const response = await fetch(`${url}${path}`, { method, headers })
  return [response.status, await response.json()]
}
const agents = async (credential: string | null): Promise<number> => (await ask('/agents', credential))[0]
const tokenWith = async (permissions: string[], input: object = {}): Promise<string> =>
  (await exchange(app, acme.sandboxKey, { audience, permissions, ...input })).token

describe('GET /agents', () => {
  test('serves a token of this audience with agent:read, wildcards included', async () => {
    expect(await ask('/agents', await tokenWith(['agent:read']))).toEqual([200, { endUser: 'jane', agents: [expect.anything()] }])
    for (const permission of ['agent:*', 'application:*', '*']) expect(await agents(await tokenWith([permission]))).toBe(200)
  })

  test('refuses the others: 403 for what it may not do, 401 for what it is not', async () => {
    for (const permissions of [[], ['agent:create'], ['agents:*'], ['api_key:*', 'mcp_tool:*']]) {
      expect(await ask('/agents', await tokenWith(permissions))).toEqual([403, { error: 'insufficient_scope' }])
    }
    const good = await tokenWith(['agent:read'])
    const past = claimsOf(good).iat - 3600
    for (const bad of [
      acme.adminToken,
      key.secret,
      'nonsense',
      await tokenWith(['agent:read'], { audience: `${audience}/` }),
      await tokenWith(['agent:read'], { audience: app.url }),
      await signClaims(app, 'kh-personal+jwt', claimsOf(good)),
      await signClaims(app, 'at+jwt', { ...claimsOf(good), iss: 'https://other.example' }),
      await signClaims(app, 'at+jwt', { ...claimsOf(good), iss: app.config.url }),
      await signClaims(app, 'at+jwt', { ...claimsOf(good), exp: past }),
      good.slice(0, -4),
    ]) {
      expect(await ask('/agents', bad)).toEqual([401, { error: 'invalid_token' }])
    }
    expect(await ask('/agents', null)).toEqual([401, { error: 'missing_token' }])
    expect(await agents(good)).toBe(200)
  })

  test.each([
    ['another organization', async () => (await organization(app)).sandboxKey],
    ['production', async () => (await acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })).secret],
    ['another project', async () => (await acme.apiKey({ projectId: await acme.project(), permissions: ['*'] })).secret],
  ])('refuses a token for this audience from %s', async (_from, keyOf) => {
    const { token } = await exchange(app, await keyOf(), { audience, permissions: ['agent:read'] })
    expect(await ask('/agents', token)).toEqual([401, { error: 'invalid_token' }])
  })

  test('learns of a revoked token at its next poll', async () => {
    const { token, accessToken } = await exchange(app, acme.sandboxKey, { audience, permissions: ['agent:read'] })
    const other = await tokenWith(['agent:read'])
    expect(await agents(token)).toBe(200)
    await app.mutate(acme.sandboxKey, 'revokeAccessToken', { id: accessToken.id }, 'accessToken { id }')
    await waitFor(async () => (await agents(token)) === 401)
    expect(await agents(other)).toBe(200)
  })

  test('learns of a revoked key at its next poll, for all of its tokens', async () => {
    const tokens = await Promise.all(Array.from({ length: 5 }, async () => (await exchange(app, key.secret, { audience })).token))
    expect(await Promise.all(tokens.map(agents))).toEqual([200, 200, 200, 200, 200])
    await app.mutate(acme.adminToken, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
    await waitFor(async () => (await agents(tokens[0]!)) === 401)
    expect(await Promise.all(tokens.map(agents))).toEqual([401, 401, 401, 401, 401])
  })
})

test('does not start without an issuer, and says what is missing', async () => {
  const file = new URL('../examples/downstream/server.js', import.meta.url).pathname
  const started = spawn(process.execPath, [file], { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  started.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(started, 'close')) as [number]
  expect({ code, said }).toEqual({ code: 1, said: expect.stringMatching(/^KEYHOUSE_ISSUER is missing .*\n$/) })
})

describe('a sandbox reset', () => {
  test('is learnt at the next poll, for all earlier tokens of that sandbox; newer ones go on', async () => {
    const before = await tokenWith(['agent:read'])
    expect(await agents(before)).toBe(200)
    await app.mutate(acme.adminToken, 'resetSandbox', { projectId: acme.projectId }, 'revokedTokens')
    await waitFor(async () => (await agents(before)) === 401)
    expect(await agents(await tokenWith(['agent:read']))).toBe(200)
    const { iat } = claimsOf(before)
    const [atReset, after] = await Promise.all(
      [iat, iat + 1].map((at) => signClaims(app, 'at+jwt', { ...claimsOf(before), jti: 'x', iat: at })),
    )
    expect([await agents(atReset!), await agents(after!)]).toEqual([401, 200])
  })
})

describe('POST /payments/proof', () => {
  const proof = (credential: string | null): Promise<[number, unknown]> => ask('/payments/proof', credential, 'POST')

  test('is for sandbox keys', async () => {
    expect(await proof(key.secret)).toEqual([200, { proof: 'paid-in-sandbox' }])
    const production = await acme.apiKey({ environment: 'PRODUCTION' })
    expect(await proof(production.secret)).toEqual([400, { error: 'production_payments_not_supported' }])
  })

  test('refuses every other credential', async () => {
    await app.mutate(acme.adminToken, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
    for (const bad of [key.secret, (await organization(app)).sandboxKey, 'nonsense', acme.adminToken]) {
      expect(await proof(bad)).toEqual([401, { error: 'invalid_key' }])
    }
    expect((await proof(null))[0]).toBe(401)
    expect((await ask('/payments/proof', key.secret))[0]).toBe(404)
  })
})
