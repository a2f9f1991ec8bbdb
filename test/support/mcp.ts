/** MCP servers for tests: a real one, a proxy that requires certain headers, and a double with configurable answers. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { request, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { bodyOf, freePort, listen, type Listening } from './local-server.js'

const require = createRequire(import.meta.url)

/** Starts `@modelcontextprotocol/server-everything` over streamable HTTP in a child process. */
export async function everythingServer(): Promise<Listening> {
  const port = await freePort()
  const folder = dirname(require.resolve('@modelcontextprotocol/server-everything/package.json'))
  const child: ChildProcess = spawn(process.execPath, [join(folder, 'dist/index.js'), 'streamableHttp'], {
    env: { ...process.env, PORT: port, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output: string[] = []
  const ready = new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      output.push(chunk.toString())
      if (output.join('').includes('listening')) resolve()
    }
    child.stdout?.on('data', onData)
    child.stderr?.on('data', onData)
    child.once('exit', () => reject(new Error(`the MCP server ended: ${output.join('')}`)))
  })
  await ready
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      if (child.exitCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

export interface AuthenticatingProxy extends Listening {
  /** Headers of every request, forwarded or refused. */
  readonly receivedHeaders: IncomingMessage['headers'][]
  /** Sets the headers that each later request must have. */
  requireHeaders(headers: Readonly<Record<string, string>>): void
}

/** Reverse proxy before a real server that answers 401 to requests without the required headers. */
export async function authenticatingProxy(upstream: string): Promise<AuthenticatingProxy> {
  let demanded: Readonly<Record<string, string>> = {}
  const seen: IncomingMessage['headers'][] = []
  const listening = await listen((incoming, response) => {
    seen.push(incoming.headers)
    if (Object.entries(demanded).some(([name, value]) => incoming.headers[name] !== value)) {
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
      return
    }
    const onward = request(
      new URL(incoming.url ?? '/', upstream),
      { agent: false, method: incoming.method, headers: { ...incoming.headers, host: new URL(upstream).host } },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    onward.on('error', () => response.destroy())
    incoming.pipe(onward)
  })
  return {
    ...listening,
    receivedHeaders: seen,
    requireHeaders: (headers) => {
      demanded = headers
    },
  }
}

/** Answers as a minimal MCP server with these tools; `change` may replace the response text. */
export const mcpAnswer = async (
  incoming: IncomingMessage,
  response: ServerResponse,
  tools: readonly string[],
  change: (text: string, method: string) => string = (text) => text,
): Promise<void> => {
  if (incoming.method !== 'POST') return void response.writeHead(405).end()
  const { id, method } = JSON.parse(await bodyOf(incoming)) as { id?: number; method: string }
  if (id === undefined) return void response.writeHead(202).end()
  const result =
    method === 'initialize'
      ? { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'double', version: '1' } }
      : { tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) }
  response.writeHead(200, { 'content-type': 'application/json' }).end(change(JSON.stringify({ jsonrpc: '2.0', id, result }), method))
}
