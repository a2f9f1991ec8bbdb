/** Stored MCP secrets: absent from responses, logs, rows and files. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'

import { startApp, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import { listen, type Listening } from './support/local-server.js'
import { mcpAnswer } from './support/mcp.js'
import type { Results } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let upstream: Listening
beforeAll(async () => {
  upstream = await listen((incoming, response) => mcpAnswer(incoming, response, ['echo']))
  app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
  acme = await organization(app)
})
afterAll(async () => {
  await app.close()
  await upstream.close()
})

const canaries = {
  bearer: 'canary-bearer-0001',
  authorization: 'canary-authorization-0002',
  header: 'canary-header-0003',
  refused: 'canary-refused-0004',
}

/** All that the database holds, as bytes. */
async function everything(): Promise<string> {
  if (!isPostgres) {
    const files = readdirSync(app.config.dataDir).map((name) => readFileSync(join(app.config.dataDir, name), 'latin1'))
    expect(files.length).toBeGreaterThanOrEqual(3)
    return files.join('\n')
  }
  const client = new Client({ connectionString: app.config.databaseUrl })
  await client.connect()
  const { rows: tables } = await client.query(`select table_name from information_schema.tables where table_schema = 'public'`)
  const texts: string[] = []
  for (const { table_name: table } of tables) {
    const { rows } = await client.query(`select t::text as row from "${table}" t`)
    texts.push(...rows.map(({ row }) => row as string))
  }
  await client.end()
  return texts.join('\n')
}

test('canaries of every kind', async () => {
  const said: string[] = []
  const run = async (document: string, variables: object): Promise<Results> => {
    const answer = await app.run(acme.sandboxKey, document, variables)
    said.push(answer.text)
    return answer.data
  }
  const server = await run(
    'mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { server { id } userErrors { message } } }',
    {
      input: { name: 'x', serverLabel: 'x', serverUrl: `${upstream.origin}/mcp` },
    },
  )
  const serverId = server.createMcpServer.server.id
  const fields = 'id name authType authorizationPreview headerNames status server { id }'
  const create = `mutation ($input: CreateMcpCredentialInput!) { createMcpCredential(input: $input) { credential { ${fields} } userErrors { message path } } }`
  for (const auth of [
    { bearerToken: canaries.bearer },
    { authorization: `Token ${canaries.authorization}` },
    { headers: [{ name: 'x-key', value: canaries.header }] },
  ]) {
    const { createMcpCredential } = await run(create, { input: { serverId, auth } })
    expect(createMcpCredential.userErrors).toEqual([])
    const input = { serverId, credentialId: createMcpCredential.credential.id }
    const tried = await run(
      'mutation ($input: TestMcpServerInput!) { testMcpServer(input: $input) { test { connected failure { message } } userErrors { message } } }',
      { input },
    )
    expect(tried.testMcpServer.test.connected).toBe(true)
    await run(`query ($id: ID!) { mcpServer(id: $id) { credentials { nodes { ${fields} } } } node(id: $id) { id } }`, { id: serverId })
  }
  for (const auth of [
    { bearerToken: `${canaries.refused}\n` },
    { bearerToken: canaries.refused, none: 'NONE' },
    { headers: [{ name: 'host', value: canaries.refused }] },
    { bearerToken: { text: canaries.refused } },
  ])
    await run(create, { input: { serverId, auth } })
  await run(create, { input: { serverId: 'mcp_srv_nowhere', auth: { bearerToken: canaries.refused } } })

  const stored = await everything()
  // The search finds what is there.
  expect(stored).toContain(serverId)
  expect(app.log).toContain('"path":"/graphql"')
  for (const canary of Object.values(canaries)) {
    const forms = [canary, Buffer.from(canary).toString('base64').replace(/=+$/, ''), Buffer.from(canary).toString('hex')]
    for (const form of forms) {
      expect(said.join('\n').includes(form)).toBe(false)
      expect(app.log.includes(form)).toBe(false)
      expect(stored.includes(form)).toBe(false)
    }
  }
})
