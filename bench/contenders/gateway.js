// Keyhouse's gateway with one MCP server and a stored credential. With --expose-gc it reports its memory on request.
import { directory } from './common.js'

const { createApp } = await import('../../dist/app.js')
const { readConfig } = await import('../../dist/config/config.js')
const { bootstrapOrganization } = await import('../../dist/commands/organization-create.js')

const app = await createApp(
  readConfig({
    PORT: '0',
    KEYHOUSE_DATA_DIR: directory,
    KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1',
    // One key replaces many end users here, so the limits are raised.
    KEYHOUSE_LIMIT_CALLS_PER_END_USER: '64',
    KEYHOUSE_LIMIT_STREAMS_PER_END_USER: '4000',
    KEYHOUSE_LIMIT_STREAMS_PER_KEY: '4000',
  }),
)
const { sandboxApiKey } = await bootstrapOrganization(app.services, { name: 'Bench', email: 'bench@example.com' })

async function run(query, input) {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${sandboxApiKey}` },
    body: JSON.stringify({ query, variables: { input } }),
  })
  return (await response.json()).data
}
const { createMcpServer } = await run('mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { server { id } } }', {
  name: 'Bench',
  serverLabel: 'bench',
  serverUrl: process.env.BENCH_UPSTREAM,
  requireApproval: 'NEVER',
})
const serverId = createMcpServer.server.id
await run('mutation ($input: CreateMcpCredentialInput!) { createMcpCredential(input: $input) { credential { id } } }', {
  serverId,
  auth: { bearerToken: 'a-token-of-forty-characters-for-the-bench' },
})

process.on('message', () => {
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  process.send({ megabytes: (heapUsed + external) / 2 ** 20 })
})
process.once('disconnect', () => void app.close().then(() => process.exit(0)))
process.send({ port: Number(new URL(app.url).port), path: `/mcp/${serverId}`, key: sandboxApiKey })
