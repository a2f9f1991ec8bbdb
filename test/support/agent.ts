/** The set-up of docs/guide/gateway.md: a real MCP server, a credential of one end user, and a key that can call one tool. */
import { startApp, type TestApp } from './app.js'
import { everythingServer } from './mcp.js'
import { organization } from './seed.js'

export interface AgentSetUp {
  readonly app: TestApp
  readonly serverId: string
  /** Secret of an API key with `mcp_server:use` and `mcp_tool:echo`. */
  readonly key: string
  close(): Promise<void>
}

export async function setUpAgent(): Promise<AgentSetUp> {
  const upstream = await everythingServer()
  const app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
  const acme = await organization(app)
  const fields = { name: 'Everything', serverLabel: 'everything', serverUrl: `${upstream.origin}/mcp`, requireApproval: 'NEVER' }
  const { server } = await app.mutate(acme.sandboxKey, 'createMcpServer', fields, 'server { id }')
  const credential = { serverId: server.id, auth: { bearerToken: 'tok_of_user_1_at_the_mcp_server' } }
  await app.mutate(acme.sandboxKey, 'createMcpCredential', credential, 'credential { id }', { 'x-on-behalf-of': 'user-1' })
  const { secret } = await acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:echo'] })
  return {
    app,
    serverId: server.id,
    key: secret,
    async close() {
      await app.close()
      await upstream.close()
    },
  }
}
