// An agent behind the gateway: it calls a tool of an MCP server, for one end user, with a credential that it never sees.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

const { KEYHOUSE_URL = 'http://localhost:4000', SERVER, AGENT } = process.env
const headers = { authorization: `Bearer ${AGENT}`, 'x-on-behalf-of': 'user-1' }

const client = new Client({ name: 'agent', version: '1.0.0' })
await client.connect(new StreamableHTTPClientTransport(new URL(`${KEYHOUSE_URL}/mcp/${SERVER}`), { requestInit: { headers } }))

const { tools } = await client.listTools()
console.log(JSON.stringify({ tools: tools.map(({ name }) => name) }))
try {
  const { content } = await client.callTool({ name: 'echo', arguments: { message: 'hello' } })
  console.log(JSON.stringify({ content }))
} catch (error) {
  if (error.code !== 1002) throw error
  // Not a failure: a person decides first. The same call passes once they have approved it.
  console.log(JSON.stringify(error.data))
}
await client.close()
