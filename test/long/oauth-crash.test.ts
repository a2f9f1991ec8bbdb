/**
 * kill -9 between the response of an authorization server and our commit, a hundred times: an account is connected again at
 * most once for each, nobody gets the token of another end user, and no renewal is repeated without end.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { ApiKey } from '../../src/entities/api-key.js'
import { entityManager, withDatabase } from '../support/database-access.js'
import { newDatabase, type TestDatabase } from '../support/database.js'
import { freePort } from '../support/local-server.js'
import type { OAuthBrowser } from '../support/oauth-browser.js'
import { buildConfiguration, signedInBrowser, type CallError } from '../support/oauth-connections.js'
import { OAuthUpstream } from '../support/oauth-upstream.js'
import { runKeyhouseJson, sendGraphql, startKeyhouse, type ServerProcess } from '../support/process.js'

const rounds = 100

let database: TestDatabase
let upstream: OAuthUpstream
beforeAll(async () => {
  database = await newDatabase()
  upstream = await OAuthUpstream.start()
})
afterAll(async () => {
  await upstream.close()
  await database.drop()
})

const people = ['jane', 'bob'] as const

test(
  'kill -9 during a renewal',
  async () => {
    const port = await freePort()
    const origin = `http://127.0.0.1:${port}`
    const env = { ...database.env, PORT: port, KEYHOUSE_URL: origin, KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' }
    const made = await runKeyhouseJson(['organization', 'create', '--name', 'Acme', '--email', 'ada@example.com'], env)
    const { organizationId, projectId, sandboxApiKey } = made
    const browsers = new Map<string, OAuthBrowser>()
    await withDatabase(env, async (orm) => {
      const em = entityManager(orm, organizationId)
      const key = await em.findOneOrFail(ApiKey, { environment: 'SANDBOX' })
      await em.persist(buildConfiguration(organizationId, projectId, key.id, new Date())).flush()
      for (const externalId of people)
        browsers.set(externalId, await signedInBrowser(em, { organizationId, projectId, externalId, now: new Date() }, origin, origin))
    })
    let served: ServerProcess = await startKeyhouse(env)
    const fields = { name: 'Notes', serverLabel: 'notes', serverUrl: upstream.serverUrl, requireApproval: 'NEVER' }
    const create = 'mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { server { id } userErrors { message } } }'
    const { data } = await sendGraphql(served.url, sandboxApiKey, create, { input: fields })
    const serverId = data.createMcpServer.server.id

    const call = async (externalId: string): Promise<string | CallError> => {
      const response = await fetch(`${served.url}/mcp/${serverId}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${sandboxApiKey}`,
          'x-on-behalf-of': externalId,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
      })
      const body = (await response.json()) as { error?: CallError; result: { content: [{ text: string }] } }
      return body.error ?? body.result.content[0].text
    }
    /** Calls, and connects again where that is asked for. Returns the number of connections. */
    const callOrConnect = async (externalId: string): Promise<number> => {
      const answer = await call(externalId)
      if (answer === `${externalId}-upstream`) return 0
      expect(answer).toMatchObject({ code: 1004, data: { connectUrl: expect.any(String) } })
      upstream.account = `${externalId}-upstream`
      await browsers.get(externalId)!.open((answer as CallError).data.connectUrl!)
      expect(await call(externalId)).toBe(`${externalId}-upstream`)
      return 1
    }
    for (const externalId of people) expect(await callOrConnect(externalId)).toBe(1)

    const execute = (sql: string): Promise<unknown> => withDatabase(env, (orm) => orm.em.getConnection().execute(sql))
    let reconnects = 0
    for (let round = 0; round < rounds; round++) {
      const externalId = people[round % 2]!
      await execute('update mcp_credential set renew_at = created_at')
      const renewals = upstream.renewals
      upstream.intercept = ({ url }, response) => {
        // The bytes of the response are on their way.
        if (url === '/token') response.once('finish', () => setTimeout(() => served.kill('SIGKILL'), round % 10))
        return false
      }
      await call(externalId).catch(() => undefined)
      served.kill('SIGKILL')
      await served.exited
      upstream.intercept = () => false
      // As after the 30 seconds of the lease.
      await execute('update mcp_credential set lease_until = null')
      served = await startKeyhouse(env)
      const connected = await callOrConnect(externalId)
      expect(connected).toBeLessThanOrEqual(1)
      reconnects += connected
      expect(upstream.renewals - renewals).toBeGreaterThanOrEqual(1)
      expect(upstream.renewals - renewals).toBeLessThanOrEqual(3)
    }
    expect(reconnects).toBeLessThanOrEqual(rounds)
    for (const externalId of people) expect(await call(externalId)).toBe(`${externalId}-upstream`)
    served.kill('SIGTERM')
    expect((await served.exited).code).toBe(0)
  },
  rounds * 20_000,
)
