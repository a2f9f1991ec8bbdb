/** Two processes on one PostgreSQL: a suspension at one applies to the next request of the other, until the key is resumed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { isPostgres, newDatabase, type TestDatabase } from './support/database.js'
import { Upstream, waitUntilClosed } from './support/gateway.js'
import { runKeyhouseJson, sendGraphql, startKeyhouse, type ServerProcess } from './support/process.js'
import type { Payloads } from './support/results.js'

const issuer = 'http://keyhouse.test'

let database: TestDatabase
let upstream: Upstream
let here: ServerProcess
let there: ServerProcess
let admin: string
let backend: string
let serverId: string

/** SQLite is for one process. */
const onPostgres = isPostgres ? test : (name: string, _work: () => Promise<void>): void => test(`${name} (one process)`, () => undefined)

beforeAll(async () => {
  database = await newDatabase()
  if (!isPostgres) return
  upstream = await Upstream.start()
  upstream.answer = ({ response }) => response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  const env = { ...database.env, KEYHOUSE_URL: issuer, KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' }
  ;[here, there] = await Promise.all([startKeyhouse(env), startKeyhouse(env)])
  const made = await runKeyhouseJson(['organization', 'create', '--name', 'Acme', '--email', 'ada@example.com'], env)
  admin = made.adminToken
  backend = made.sandboxApiKey
  const server = { name: 'x', serverLabel: 'x', serverUrl: `${upstream.origin}/mcp`, requireApproval: 'NEVER' }
  serverId = (await mutate(backend, 'createMcpServer', server, 'server { id }')).server.id
  await mutate(backend, 'createMcpCredential', { serverId, auth: { none: 'NONE' } }, 'credential { id }')
}, 60_000)
afterAll(async () => {
  if (isPostgres) {
    for (const replica of [here, there]) replica.kill('SIGTERM')
    await Promise.all([here.exited, there.exited, upstream.close()])
  }
  await database.drop()
})

/** Sends a mutation to `here`. */
async function mutate<Field extends keyof Payloads>(
  credential: string,
  field: Field,
  input: object,
  selection: string,
): Promise<Payloads[Field]> {
  const type = `${field[0]!.toUpperCase()}${field.slice(1)}Input!`
  const document = `mutation ($input: ${type}) { ${field}(input: $input) { ${selection} userErrors { code } } }`
  const { data, errors } = await sendGraphql<Payloads>(here.url, credential, document, { input })
  expect([errors, data?.[field]?.userErrors]).toEqual([undefined, []])
  return data[field]
}

const makeKey = async (): Promise<{ id: string; secret: string }> => {
  const { apiKey, secret } = await mutate(
    backend,
    'createApiKey',
    { permissions: ['mcp_server:use', 'mcp_tool:*'] },
    'apiKey { id } secret',
  )
  return { id: apiKey.id, secret }
}
const exchange = async (secret: string): Promise<string> =>
  (await mutate(secret, 'exchangeApiKey', { audience: issuer, externalUserId: 'jane' }, 'token')).token
const codeThere = async (credential: string): Promise<string | undefined> =>
  (await sendGraphql(there.url, credential, '{ viewer { kind } }')).errors?.[0].extensions.code
const isListedThere = async (id: string): Promise<boolean> => {
  const list = (await (await fetch(`${there.url}/.well-known/revoked.json`)).json()) as { revokedClients: string[] }
  return list.revokedClients.includes(id)
}

onPostgres('the other refuses the key and its token and lists the key as revoked, until it is resumed', async () => {
  const { id, secret } = await makeKey()
  const token = await exchange(secret)
  const seenThere = async (): Promise<unknown[]> => [await codeThere(secret), await codeThere(token), await isListedThere(id)]
  expect(await seenThere()).toEqual([undefined, undefined, false])
  await mutate(admin, 'suspendApiKey', { id }, 'apiKey { id }')
  expect(await seenThere()).toEqual(['CREDENTIAL_SUSPENDED', 'CREDENTIAL_SUSPENDED', true])
  await mutate(admin, 'resumeApiKey', { id }, 'apiKey { id }')
  expect(await seenThere()).toEqual([undefined, undefined, false])
})

onPostgres('an open MCP stream of the other ends, opens again when the key is resumed, and those of other keys stay', async () => {
  const { id, secret } = await makeKey()
  const listen = (credential: string): Promise<Response> =>
    fetch(`${there.url}/mcp/${serverId}`, { headers: { authorization: `Bearer ${credential}`, accept: 'text/event-stream' } })
  const [own, other] = [await listen(secret), await listen(backend)]
  const [ownUpstream, otherUpstream] = upstream.received.map(({ response }) => response)
  expect([own.status, other.status]).toEqual([200, 200])
  await mutate(admin, 'suspendApiKey', { id }, 'apiKey { id }')
  expect(await own.text()).toBe('')
  await waitUntilClosed(ownUpstream!)
  expect((await listen(secret)).status).toBe(403)
  await mutate(admin, 'resumeApiKey', { id }, 'apiKey { id }')
  const again = await listen(secret)
  expect(again.status).toBe(200)
  expect(otherUpstream!.closed).toBe(false)
  await Promise.all([again.body!.cancel(), other.body!.cancel()])
})
