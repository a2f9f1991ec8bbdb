// LangChain tools through the gateway, called for one end user with a credential that the program never sees.
import { MultiServerMCPClient } from '@langchain/mcp-adapters'

const { KEYHOUSE_URL = 'http://localhost:4000', SERVER, AGENT } = process.env
const client = new MultiServerMCPClient({
  mcpServers: {
    everything: {
      transport: 'http',
      url: `${KEYHOUSE_URL}/mcp/${SERVER}`,
      headers: { Authorization: `Bearer ${AGENT}`, 'X-On-Behalf-Of': 'user-1' },
      automaticSSEFallback: false,
    },
  },
})

// An agent takes the tools as they are: createAgent({ model, tools }).
const tools = await client.getTools()
console.log(JSON.stringify({ tools: tools.map(({ name }) => name) }))
const echo = tools.find(({ name }) => name === 'echo')
console.log(JSON.stringify({ content: await echo.invoke({ message: 'hello' }) }))
await client.close()
