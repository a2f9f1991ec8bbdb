/** Sealed values open only in their own row, with a configured master key. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { createApp } from '../src/app.js'
import { ConfigError, readConfig } from '../src/config/config.js'
import { reseal } from '../src/encryption/reseal.js'
import { replaceEnvelope, sealedColumns } from '../src/encryption/sealed-columns.js'
import { getKeyId } from '../src/lib/crypto/seal.js'
import { openServices } from '../src/open-services.js'
import { codeOf, startApp, TestApp } from './support/app.js'
import { executeSql } from './support/database-access.js'
import { listen, type Listening } from './support/local-server.js'
import { firstMasterKey, newMasterKey } from './support/master-keys.js'
import { mcpAnswer } from './support/mcp.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let upstream: Listening
let seen: (string | undefined)[] = []
beforeAll(async () => {
  upstream = await listen((incoming, response) => {
    seen.push(incoming.headers.authorization)
    return mcpAnswer(incoming, response, ['echo'])
  })
  app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
  acme = await organization(app)
})
afterAll(async () => {
  await app.close()
  await upstream.close()
})

const user = (name: string): Record<string, string> => ({ 'x-on-behalf-of': name })
let labels = 0

async function newServer(): Promise<string> {
  const input = { name: 'x', serverLabel: `s-${++labels}`, serverUrl: `${upstream.origin}/mcp` }
  return (await app.mutate(acme.sandboxKey, 'createMcpServer', input, 'server { id }')).server.id
}

async function store(serverId: string, secret: string, headers = {}, at: TestApp = app): Promise<string> {
  const input = { serverId, auth: { bearerToken: secret } }
  return (await at.mutate(acme.sandboxKey, 'createMcpCredential', input, 'credential { id }', headers)).credential.id
}

const document =
  'mutation ($input: TestMcpServerInput!) { testMcpServer(input: $input) { test { connected failure { code } } userErrors { code } } }'

/** Masked to the caller, told to the log, and nothing went out. */
async function expectFault(serverId: string, credentialId: string, headers: Record<string, string>): Promise<void> {
  seen = []
  const answer = await app.run(acme.sandboxKey, document, { input: { serverId, credentialId } }, headers)
  expect(codeOf(answer)).toBe('INTERNAL_SERVER_ERROR')
  expect(answer.errors![0]!.message).toBe('Internal server error. Report the request id to the operator of this server.')
  expect(seen).toEqual([])
  const line = app.log.split('\n').find((one) => one.includes(credentialId) && one.includes('stored MCP credential cannot be decrypted'))
  expect(line).toContain('SealError')
}

const call = (serverId: string, headers: Record<string, string>): Promise<Response> =>
  fetch(`${app.url}/mcp/${serverId}`, {
    method: 'POST',
    headers: {
      ...headers,
      authorization: `Bearer ${acme.sandboxKey}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  })

async function expectGatewayFault(serverId: string, headers: Record<string, string>): Promise<void> {
  seen = []
  expect(await (await call(serverId, headers)).json()).toMatchObject({ error: { code: expect.any(Number) } })
  expect(seen).toEqual([])
}

describe('a row that somebody tampered with does not open', () => {
  test('after one byte was changed, wherever it is', async () => {
    const serverId = await newServer()
    const id = await store(serverId, 'the secret of Ada', user('ada'))
    const { sealedValue } = await acme.credentialRow(id)
    const [version, keyId, nonce, text] = sealedValue!.split('.') as [string, string, string, string]
    const flip = (base64: string, at: number): string => {
      const bytes = Buffer.from(base64, 'base64url')
      bytes[at]! ^= 1
      return bytes.toString('base64url')
    }
    const last = Buffer.from(text, 'base64url').length - 1
    for (const changed of [
      [version, keyId, flip(nonce, 0), text],
      [version, keyId, nonce, flip(text, 0)],
      [version, keyId, nonce, flip(text, last)],
      [version, keyId, nonce, ''],
      ['v2', keyId, nonce, text],
      [version, 'other', nonce, text],
    ]) {
      await executeSql(app, 'update mcp_credential set sealed_value = ? where id = ?', [changed.join('.'), id])
      await expectFault(serverId, id, user('ada'))
    }
    await executeSql(app, 'update mcp_credential set sealed_value = ? where id = ?', [sealedValue, id])
    const answer = await app.run(acme.sandboxKey, document, { input: { serverId, credentialId: id } }, user('ada'))
    expect(answer.data.testMcpServer.test).toEqual({ connected: true, failure: null })
  })

  test('after its value was taken away, or its type changed to none: it is never an unauthenticated call', async () => {
    const serverId = await newServer()
    const id = await store(serverId, 'the secret of Ada', user('ada'))
    const { sealedValue, authType } = await acme.credentialRow(id)
    for (const [value, type] of [
      [null, 'BEARER'],
      [null, 'AUTHORIZATION'],
      [null, 'HEADERS'],
      [sealedValue, 'NONE'],
    ] as const) {
      await executeSql(app, 'update mcp_credential set sealed_value = ?, auth_type = ? where id = ?', [value, type, id])
      await expectFault(serverId, id, user('ada'))
      await expectGatewayFault(serverId, user('ada'))
    }
    await executeSql(app, 'update mcp_credential set sealed_value = ?, auth_type = ? where id = ?', [sealedValue, authType, id])
    expect((await call(serverId, user('ada'))).status).toBe(200)
    expect(seen).toEqual(['Bearer the secret of Ada'])
  })

  test('after the ciphertexts of two rows were swapped', async () => {
    const serverId = await newServer()
    const [one, two] = [await store(serverId, 'the secret of Ada', user('ada')), await store(serverId, 'the secret of Bob', user('bob'))]
    const rows = await Promise.all([one, two].map((id) => acme.credentialRow(id)))
    await executeSql(app, 'update mcp_credential set sealed_value = ? where id = ?', [rows[1]!.sealedValue, one])
    await executeSql(app, 'update mcp_credential set sealed_value = ? where id = ?', [rows[0]!.sealedValue, two])
    await expectFault(serverId, one, user('ada'))
    await expectFault(serverId, two, user('bob'))
  })

  test('after it was moved to another end user, server, or host', async () => {
    const serverId = await newServer()
    const elsewhere = await newServer()
    const bobs = await acme.credentialRow(await store(serverId, 'the secret of Bob', user('bob')))
    const adas = await store(serverId, 'the secret of Ada', user('ada'))
    await executeSql(app, 'update mcp_credential set end_user_id = ? where id = ?', [bobs.endUserId, adas])
    await expectFault(serverId, adas, user('bob'))
    const moved = await store(serverId, 'the secret of Ada', user('ada'))
    await executeSql(app, 'update mcp_credential set server_id = ? where id = ?', [elsewhere, moved])
    await expectFault(elsewhere, moved, user('ada'))
    const rehomed = await store(serverId, 'the secret of Ada', user('ada'))
    const thief = await listen((incoming, response) => {
      seen.push(incoming.headers.authorization)
      return mcpAnswer(incoming, response, ['echo'])
    })
    await executeSql(app, 'update mcp_server set server_url = ? where id = ?', [`${thief.origin}/mcp`, serverId])
    seen = []
    const { data } = await app.run(acme.sandboxKey, document, { input: { serverId, credentialId: rehomed } }, user('ada'))
    expect(data.testMcpServer.test.failure).toEqual({ code: 'CREDENTIAL_UNAVAILABLE' })
    await app.run(acme.sandboxKey, document, { input: { serverId } }, user('ada'))
    expect(seen.filter((value) => value !== undefined)).toEqual([])
    await executeSql(app, 'update mcp_credential set origin = ? where id = ?', [thief.origin, rehomed])
    await expectFault(serverId, rehomed, user('ada'))
    await thief.close()
  })

  test('after it was moved to the other environment', async () => {
    const serverId = await newServer()
    const id = await store(serverId, 'the secret of the sandbox')
    const production = await acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })
    await executeSql(app, 'update mcp_credential set environment = ? where id = ?', ['PRODUCTION', id])
    await executeSql(app, 'update mcp_server set environment = ? where id = ?', ['PRODUCTION', serverId])
    const answer = await app.run(production.secret, document, { input: { serverId, credentialId: id } })
    expect(codeOf(answer)).toBe('INTERNAL_SERVER_ERROR')
  })
})

describe('master keys', () => {
  const startWith = async (keys: string): Promise<unknown> => {
    const services = await openServices(readConfig({ ...app.env, KEYHOUSE_MASTER_KEYS: keys, LOG_LEVEL: 'silent' })).catch(
      (error: unknown) => error,
    )
    if (services instanceof Error) return services
    await (services as { close(): Promise<void> }).close()
    return undefined
  }

  test('a missing one is refused at start, with the way out', async () => {
    const fault = await startWith(newMasterKey('k9'))
    expect(fault).toBeInstanceOf(ConfigError)
    const [id] = firstMasterKey(app).split(':')
    expect((fault as Error).message).toContain(`(values are encrypted with "${id}", which is missing; remove a key only when`)
  })

  test('another one under a known id is refused at start, with the way out', async () => {
    const [id, base64] = firstMasterKey(app).split(':') as [string, string]
    const fault = await startWith(`${id}:${newMasterKey('wrong').split(':')[1]}`)
    expect(fault).toBeInstanceOf(ConfigError)
    expect((fault as Error).message).toContain(`("${id}" is not the key that this database knows by that id`)
    expect((fault as Error).message).not.toContain(base64)
  })

  test('one more beside the right one is welcome, first or last', async () => {
    const [first, other] = [firstMasterKey(app), newMasterKey('k9')]
    expect(await startWith(`${first},${other}`)).toBeUndefined()
    expect(await startWith(`${other},${first}`)).toBeUndefined()
  })

  test('rotate by rolling restart: no request fails, whichever two configurations run side by side', async () => {
    const own = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
    const [a, b] = [firstMasterKey(own), newMasterKey('k2')]
    const team = await organization(own)
    const input = { name: 'x', serverLabel: 'x', serverUrl: `${upstream.origin}/mcp` }
    const { server } = await own.mutate(team.sandboxKey, 'createMcpServer', input, 'server { id }')
    let users = 0
    /** Stores at one, uses at the other, both ways, and signs and verifies tokens across. */
    const work = async (one: TestApp, other: TestApp): Promise<void> => {
      for (const [writer, reader] of [
        [one, other],
        [other, one],
      ] as const) {
        const headers = user(`user-${++users}`)
        const stored = await writer.mutate(
          team.sandboxKey,
          'createMcpCredential',
          { serverId: server.id, auth: { bearerToken: `secret of ${users}` } },
          'credential { id }',
          headers,
        )
        expect(stored.userErrors).toEqual([])
        seen = []
        const tried = await reader.mutate(team.sandboxKey, 'testMcpServer', { serverId: server.id }, 'test { connected }', headers)
        expect(tried.test).toEqual({ connected: true })
        expect(new Set(seen)).toEqual(new Set([`Bearer secret of ${users}`]))
        const { data } = await reader.run(team.adminToken, '{ viewer { kind } }')
        expect(data.viewer.kind).toBe('PERSONAL_TOKEN')
      }
    }
    const beside = async (keys: string): Promise<TestApp> => {
      const env = { ...own.env, KEYHOUSE_MASTER_KEYS: keys }
      const config = readConfig(env)
      const replica = await createApp({ ...config, logLevel: 'silent' }, { clock: own.clock.now })
      return new TestApp(replica, config, own.clock, env, [], () => replica.close())
    }
    let running = own
    for (const keys of [`${a},${b}`, `${b},${a}`]) {
      const next = await beside(keys)
      await work(running, next)
      if (running !== own) await running.close()
      running = next
    }
    const { orm, masterKeys } = running.services
    const [done] = await Promise.all([reseal(orm, masterKeys, () => undefined), work(running, running)])
    expect(done).toMatchObject({ failed: [], remaining: 0 })
    const last = await beside(b)
    await work(running, last)
    await running.close()
    for (const row of await team.credentialRows()) expect(getKeyId(row.sealedValue!)).toBe('k2')
    await last.close()
    await own.close()
  })

  test('a row that was changed since it was read is not overwritten', async () => {
    const serverId = await newServer()
    const id = await store(serverId, 'the secret of Ada', user('ada'))
    const { sealedValue } = await acme.credentialRow(id)
    await app.mutate(acme.sandboxKey, 'revokeMcpCredential', { id }, 'credential { id }', user('ada'))
    const column = sealedColumns.find(({ name }) => name === 'credentials')!
    expect(await replaceEnvelope(app.services.orm, column, { id, envelope: sealedValue!, aad: [] }, 'v1.new.nonce.text')).toBe(false)
    expect((await acme.credentialRow(id)).sealedValue).toBeNull()
  })
})
