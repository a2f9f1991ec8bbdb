/** nginx and Caddy by the configurations of examples/operations: TLS, two replicas on PostgreSQL, and event streams. */
import { setTimeout as wait } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { isPostgres, newDatabase, type TestDatabase } from './support/database.js'
import { bodyOf, freePort, listen, type Listening } from './support/local-server.js'
import { runKeyhouseJson, startKeyhouse, type ServerProcess } from './support/process.js'
import type { Results } from './support/results.js'
import { host, isInstalled, startProxy, type ProxyName, type ReverseProxy } from './support/reverse-proxies.js'
import { waitFor } from './support/wait-for.js'

const names: readonly ProxyName[] = ['nginx', 'caddy']
const runnable = names.filter((name) => isPostgres && isInstalled(name))

for (const name of names)
  if (!runnable.includes(name)) test(`${name} is not installed, or this is SQLite, which has one process`, () => undefined)

if (runnable.length > 0)
  describe.each(runnable)('%s', (name) => {
    let database: TestDatabase
    let upstream: Listening
    let release: () => void
    let ports: string[]
    let replicas: ServerProcess[]
    let proxy: ReverseProxy
    let key: string
    let admin: string
    const env = (): Record<string, string> => ({
      ...database.env,
      KEYHOUSE_URL: `https://${host}`,
      KEYHOUSE_TRUSTED_PROXIES: '127.0.0.1',
      KEYHOUSE_DRAIN_SECONDS: '3',
      KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1',
    })

    beforeAll(async () => {
      database = await newDatabase()
      const released = new Promise<void>((resolve) => (release = resolve))
      upstream = await listen(async (incoming, response) => {
        const { id } = JSON.parse(await bodyOf(incoming)) as { id: number }
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"first"}}\n\n')
        await released
        response.end(`data: {"jsonrpc":"2.0","id":${id},"result":{"content":[]}}\n\n`)
      })
      ports = [await freePort(), await freePort()]
      replicas = await Promise.all(ports.map((PORT) => startKeyhouse({ ...env(), PORT })))
      const created = await runKeyhouseJson(['organization', 'create', '--name', 'Acme', '--email', 'ada@example.com'], env())
      key = created.sandboxApiKey
      admin = created.adminToken
      proxy = await startProxy(name, ports)
    }, 60_000)
    afterAll(async () => {
      await proxy.close()
      for (const replica of replicas) replica.kill('SIGTERM')
      await Promise.all(replicas.map(({ exited }) => exited))
      await upstream.close()
      await database.drop()
    }, 30_000)

    const bearer = (credential: string): Record<string, string> => ({ authorization: `Bearer ${credential}` })
    const run = async (query: string, credential = key, headers: Record<string, string> = {}): Promise<Results> => {
      const { status, text } = await proxy.send('/graphql', { body: { query }, headers: { ...bearer(credential), ...headers } })
      if (status !== 200) throw new Error(`${status} ${text}`)
      return (JSON.parse(text) as { data: Results }).data
    }
    const exchange =
      'mutation { exchangeApiKey(input: { audience: "https://a.example", externalUserId: "jane" }) { token userErrors { code } } }'
    const exchanged = { exchangeApiKey: { token: expect.any(String), userErrors: [] } }

    test('serves by TLS, keeps the metrics, and replaces an address that the client has invented', async () => {
      expect(await run('{ viewer { kind } }')).toEqual({ viewer: { kind: 'API_KEY' } })
      expect((await proxy.send('/metrics')).status).toBe(404)
      await run('mutation { createApiKey(input: { label: "by proxy", permissions: [] }) { apiKey { id } } }', key, {
        'x-forwarded-for': '203.0.113.9',
      })
      const { auditEvents } = await run('{ auditEvents(first: 1, filter: { actions: ["api_key:create"] }) { nodes { ipAddress } } }', admin)
      expect(auditEvents.nodes).toEqual([{ ipAddress: '127.0.0.1' }])
    })

    test('passes an event on before the stream ends', async () => {
      const { createMcpServer } = await run(
        `mutation { createMcpServer(input: { name: "x", serverLabel: "x", serverUrl: "${upstream.origin}/mcp", requireApproval: NEVER }) { server { id } userErrors { message } } }`,
      )
      const { id } = createMcpServer.server
      const query = 'mutation ($input: CreateMcpCredentialInput!) { createMcpCredential(input: $input) { userErrors { message } } }'
      const variables = { input: { serverId: id, auth: { bearerToken: 'a-bearer-token' } } }
      await proxy.send('/graphql', { body: { query, variables }, headers: bearer(key) })
      const parts: string[] = []
      const call = proxy.send(`/mcp/${id}`, {
        body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'slow', arguments: {} } },
        headers: { ...bearer(key), accept: 'application/json, text/event-stream' },
        onData: (part) => parts.push(part),
      })
      await Promise.race([call, waitFor(() => parts.join('').includes('first'))])
      expect(parts.join('')).toContain('first')
      expect(parts.join('')).not.toContain('"result"')
      release()
      expect((await call).text).toContain('"result"')
    })

    test('loses no request while one replica restarts', async () => {
      const [first] = replicas as [ServerProcess, ServerProcess]
      first.kill('SIGTERM')
      let hasEnded = false
      void first.exited.then(() => (hasEnded = true))
      for (let afterEnd = 0; afterEnd < 20; hasEnded ? afterEnd++ : undefined) {
        expect(await run(exchange)).toEqual(exchanged)
        await wait(10)
      }
      replicas[0] = await startKeyhouse({ ...env(), PORT: ports[0]! })
    }, 60_000)

    test('goes on with the other replica after kill -9', async () => {
      const second = replicas[1]!
      second.kill('SIGKILL')
      await second.exited
      await waitFor(() => run(exchange).catch(() => undefined))
      for (let i = 0; i < 20; i++) expect(await run(exchange)).toEqual(exchanged)
    })
  })
