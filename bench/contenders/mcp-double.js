// An MCP server double that answers each call immediately and keeps streams open.
import { createServer } from 'node:http'

import { announce, answering, readJson } from './common.js'

const server = createServer(
  answering(async (request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      return
    }
    const { id } = await readJson(request)
    const answer = JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'Echo: hello' }] } })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) }).end(answer)
  }),
)
server.keepAliveTimeout = 60_000
announce(server, {})
