/** Each editor and desktop configuration in docs/guide/gateway.md connects through a real gateway and calls a tool. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

import { setUpAgent, type AgentSetUp } from './support/agent.js'
import { codeBlocksOf } from './support/guide-pages.js'
import { root } from './support/shell.js'
import { exchange } from './support/tokens.js'

interface ServerEntry {
  readonly url?: string
  readonly headers?: Record<string, string>
  readonly command?: string
  readonly args?: readonly string[]
  readonly env?: Record<string, string>
}

interface Configuration {
  readonly mcpServers?: Record<string, ServerEntry>
  readonly servers?: Record<string, ServerEntry>
  readonly inputs?: readonly { readonly id: string }[]
}

const require = createRequire(import.meta.url)
const bridge = require.resolve('mcp-remote/package.json')
const { version } = JSON.parse(readFileSync(bridge, 'utf8')) as { version: string }

/** Reference to the token in the syntax of each editor. `mcp-remote` resolves its own. */
const references: Readonly<Record<string, string>> = {
  '.cursor/mcp.json': '${env:MCP_TOKEN}',
  '.vscode/mcp.json': '${input:keyhouse-token}',
  '.mcp.json': '${MCP_TOKEN}',
  'claude_desktop_config.json': '',
}

let agent: AgentSetUp
let token: string
let home: string
beforeAll(async () => {
  agent = await setUpAgent()
  token = (await exchange(agent.app, agent.key, { audience: agent.app.config.url, externalUserId: 'user-1' })).token
  home = mkdtempSync(join(tmpdir(), 'keyhouse-editors-'))
})
afterAll(async () => {
  await agent.close()
  rmSync(home, { recursive: true })
})

const configurations = codeBlocksOf(resolve(root, 'docs/guide/gateway.md')).filter(
  ({ language, note }) => language === 'json' && /^\S+\.json$/.test(note),
)
const textOf = (file: string): string => configurations.find(({ note }) => note === file)!.text

/** The page's configuration with the values of this run. */
const configurationOf = (file: string): Configuration =>
  JSON.parse(
    textOf(file)
      .replaceAll('http://localhost:4000', agent.app.url)
      .replaceAll('mcp_srv_…', agent.serverId)
      .replaceAll('eyJhbGciOi…', token),
  ) as Configuration

function transportOf({ url, headers = {}, command, args = [], env = {} }: ServerEntry, reference: string) {
  if (url !== undefined) {
    expect(headers).toEqual({ Authorization: `Bearer ${reference}` })
    return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } })
  }
  const [yes, spec, ...rest] = args
  expect([command, yes, spec]).toEqual(['npx', '-y', `mcp-remote@${version}`])
  const program = join(dirname(bridge), 'dist/proxy.js')
  return new StdioClientTransport({ command: process.execPath, args: [program, ...rest], env: { HOME: home, ...env }, stderr: 'ignore' })
}

test('the guide configures these files', () => {
  expect(configurations.map(({ note }) => note)).toEqual(Object.keys(references))
})

test.each(Object.entries(references))('%s lists the allowed tool and calls it', async (file, reference) => {
  const { mcpServers, servers, inputs = [] } = configurationOf(file)
  for (const { id } of inputs) expect(reference).toBe(`\${input:${id}}`)
  const [entry] = Object.values(mcpServers ?? servers ?? {})
  const client = new Client({ name: 'editor', version: '1' })
  await client.connect(transportOf(entry!, reference))
  try {
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['echo'])
    const { content } = await client.callTool({ name: 'echo', arguments: { message: 'hello' } })
    expect(content).toEqual([{ type: 'text', text: 'Echo: hello' }])
  } finally {
    await client.close()
  }
})
