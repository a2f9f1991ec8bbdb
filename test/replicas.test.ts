/** Three processes on one PostgreSQL: changes apply to the next request of every process. */
import { setTimeout as wait } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { isPostgres, newDatabase, testMasterKeys, type TestDatabase } from './support/database.js'
import { freePort } from './support/local-server.js'
import { newMasterKey } from './support/master-keys.js'
import { sendGraphql, runKeyhouse, runKeyhouseJson, startKeyhouse, type ServerProcess } from './support/process.js'
import type { AnyPayload } from './support/results.js'
import { waitFor } from './support/wait-for.js'

const issuer = 'http://keyhouse.test'
const viewer = '{ viewer { kind } }'
const exchange = `mutation { exchangeApiKey(input: { audience: "${issuer}", externalUserId: "jane" }) { token userErrors { code } } }`
const makeKey = 'mutation { createApiKey(input: { permissions: [] }) { apiKey { id } secret userErrors { code } } }'
const store = `mutation ($serverId: ID!, $secret: Secret!) {
  createMcpCredential(input: { serverId: $serverId, auth: { bearerToken: $secret } }) { credential { id } userErrors { code } }
}`
const makeServer =
  'mutation { createMcpServer(input: { name: "x", serverLabel: "x", serverUrl: "https://mcp.example/mcp" }) { server { id } userErrors { code } } }'

/** SQLite is for one process. */
const onPostgres = isPostgres
  ? test
  : (name: string, _work: () => Promise<void>, _longest?: number): void => test(`${name} (one process)`, () => undefined)

let database: TestDatabase
let env: Record<string, string>
let replicas: ServerProcess[]
let ports: string[]
let key: string
let admin: string

beforeAll(async () => {
  database = await newDatabase()
  env = { ...database.env, KEYHOUSE_URL: issuer }
  if (!isPostgres) return
  ports = [await freePort(), await freePort(), await freePort()]
  replicas = await Promise.all(ports.map((PORT) => startKeyhouse({ ...env, PORT })))
  const made = await runKeyhouseJson(['organization', 'create', '--name', 'Acme', '--email', 'ada@example.com'], env)
  key = made.sandboxApiKey
  admin = made.adminToken
}, 60_000)
afterAll(async () => {
  if (isPostgres) {
    for (const replica of replicas) replica.kill('SIGTERM')
    await Promise.all(replicas.map(({ exited }) => exited))
  }
  await database.drop()
})

const codeAt = async (url: string, credential: string, query = viewer, variables: object = {}): Promise<string | undefined> =>
  (await sendGraphql(url, credential, query, variables)).errors?.[0].extensions.code
/** What each of the others says; the request that changed it went to the first. */
const elsewhere = (credential: string, query = viewer): Promise<(string | undefined)[]> =>
  Promise.all(replicas.slice(1).map(({ url }) => codeAt(url, credential, query)))

onPostgres(
  'a revocation by one is felt at the next request to the others',
  async () => {
    const [first, second] = replicas as [ServerProcess, ServerProcess]
    for (let round = 0; round < 10; round++) {
      const { apiKey, secret } = (await sendGraphql(first.url, key, makeKey)).data.createApiKey
      const { token } = (await sendGraphql(second.url, secret, exchange)).data.exchangeApiKey
      expect([await elsewhere(secret), await elsewhere(token)]).toEqual([
        [undefined, undefined],
        [undefined, undefined],
      ])
      await sendGraphql(first.url, key, 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { userErrors { code } } }', {
        id: apiKey.id,
      })
      expect([await elsewhere(secret), await elsewhere(token)]).toEqual([
        ['CREDENTIAL_REVOKED', 'CREDENTIAL_REVOKED'],
        ['UNAUTHENTICATED', 'UNAUTHENTICATED'],
      ])
      for (const { url } of replicas.slice(1)) {
        const revoked = (await (await fetch(`${url}/.well-known/revoked.json`)).json()) as { revokedClients: string[] }
        expect(revoked.revokedClients).toContain(apiKey.id)
      }
    }
  },
  60_000,
)

onPostgres(
  'a demotion and a removal by one are felt at the next request to the others',
  async () => {
    const [first, second] = replicas as [ServerProcess, ServerProcess]
    const inviting = 'mutation { inviteMember(input: { email: "bob@example.com", role: ADMIN }) { invitationToken userErrors { code } } }'
    const { invitationToken } = (await sendGraphql(first.url, admin, inviting)).data.inviteMember
    const accepting =
      'mutation ($t: Secret!) { acceptInvitation(input: { invitationToken: $t, name: "Bob" }) { token userErrors { code } } }'
    const bob = (await sendGraphql(second.url, null, accepting, { t: invitationToken })).data.acceptInvitation.token
    const members = (await sendGraphql(first.url, admin, '{ members { nodes { id user { email } } } }')).data.members.nodes
    const { id } = members.find(({ user }) => user.email === 'bob@example.com')!
    const privileged = '{ auditEvents(first: 1) { nodes { id } } }'
    expect(await elsewhere(bob, privileged)).toEqual([undefined, undefined])
    const demoting = 'mutation ($id: ID!) { updateMember(input: { id: $id, role: READER }) { userErrors { code } } }'
    expect((await sendGraphql(first.url, admin, demoting, { id })).data.updateMember.userErrors).toEqual([])
    expect(await elsewhere(bob, privileged)).toEqual(['FORBIDDEN', 'FORBIDDEN'])
    expect(await elsewhere(bob)).toEqual([undefined, undefined])
    await sendGraphql(first.url, admin, 'mutation ($id: ID!) { removeMember(input: { id: $id }) { userErrors { code } } }', { id })
    expect(await elsewhere(bob)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED'])
  },
  60_000,
)

/** Where the load balancer sends requests. */
let serving: string[] = []

/** As behind a load balancer that is told before a replica ends: it sends nothing there any more, and what is there is answered. */
class Load {
  /** What went wrong, if anything. */
  readonly faults: string[] = []
  count = 0
  #isOver = false
  readonly #callers: Promise<void>[]

  constructor(serverId: string) {
    const requests: [string, object][] = [
      [exchange, {}],
      [makeKey, {}],
      [store, { serverId, secret: 'a secret of the load' }],
      [viewer, {}],
    ]
    this.#callers = Array.from({ length: 4 }, async (_, caller) => {
      for (let n = caller; !this.#isOver; n++) await this.#request(serving[n % serving.length]!, ...requests[n % requests.length]!)
    })
  }

  async #request(url: string, query: string, variables: object): Promise<void> {
    try {
      const { data, errors } = await sendGraphql<Record<string, Partial<AnyPayload>> | null>(url, key, query, variables)
      const [payload] = Object.values(data ?? {})
      if (errors || (payload?.userErrors?.length ?? 0) > 0) this.faults.push(JSON.stringify(errors ?? payload))
      this.count++
      // A hundred requests a second and more: the full rate would only take the processors from the restarting replicas.
      await wait(20)
    } catch (error) {
      this.faults.push(`${String(error)} ${String((error as Error).cause)}`)
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#callers)
  }
}

/** One after the other ends in order and comes back with these master keys; the others serve meanwhile. */
async function roll(masterKeys: string): Promise<void> {
  for (const [i, replica] of replicas.entries()) {
    serving = serving.filter((url) => url !== replica.url)
    await wait(50)
    replica.kill('SIGTERM')
    expect((await replica.exited).code).toBe(0)
    replicas[i] = await startKeyhouse({ ...env, KEYHOUSE_MASTER_KEYS: masterKeys, PORT: ports[i]! })
    serving.push(replica.url)
  }
}

onPostgres(
  'the master key is replaced by rolling restarts under load, and no request fails',
  async () => {
    const fresh = newMasterKey('k9')
    const { server } = (await sendGraphql(replicas[0]!.url, key, makeServer)).data.createMcpServer
    const old = (await sendGraphql(replicas[0]!.url, key, exchange)).data.exchangeApiKey.token
    serving = replicas.map(({ url }) => url)
    const load = new Load(server.id)
    await roll(`${testMasterKeys},${fresh}`)
    await roll(`${fresh},${testMasterKeys}`)
    const before = load.count
    await waitFor(() => load.count > before + 20)
    const resealed = await runKeyhouse(['vault', 'reseal', '--json'], { ...env, KEYHOUSE_MASTER_KEYS: `${fresh},${testMasterKeys}` })
    expect([resealed.code, resealed.stderr.split('\n').filter((line) => !/^[\w ]+: \d+ of \d+$|^$/.test(line))]).toEqual([0, []])
    expect(JSON.parse(resealed.stdout)).toMatchObject({ newest: 'k9', failed: [], remaining: 0 })
    await roll(fresh)
    const last = load.count
    await waitFor(() => load.count > last + 20)
    await load.stop()
    expect(load.faults).toEqual([])
    env = { ...env, KEYHOUSE_MASTER_KEYS: fresh }
    expect(JSON.parse((await runKeyhouse(['vault', 'status', '--json'], env)).stdout)).toMatchObject({ newest: 'k9', missing: [] })
    // What was signed before still verifies, and each of them still signs.
    for (const { url } of replicas) {
      expect(await codeAt(url, old)).toBeUndefined()
      expect((await sendGraphql(url, key, exchange)).data.exchangeApiKey.userErrors).toEqual([])
    }
  },
  180_000,
)
