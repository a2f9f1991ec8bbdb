/** Each editor and desktop configuration in docs/guide/gateway.md connects through a real gateway and calls a tool. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

import { setUpAgent, type AgentSetUp } from './support/agent.js'
import { blocksOf } from './support/pages.js'
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

const packageVersion = (name: string): string =>
  (JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version

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

const configurations = blocksOf(resolve(root, 'docs/guide/gateway.md')).filter(
  ({ language, note }) => language === 'json' && /^\S+\.json$/.test(note),
)
const textOf = (file: string): string => configurations.find(({ note }) => note === file)!.text

/** The page's configuration with the values of this run. Placeholders of the editors are resolved by `transportOf`. */
const configurationOf = (file: string): Configuration =>
  JSON.parse(
    textOf(file)
      .replaceAll('http://localhost:4000', agent.app.url)
      .replaceAll('mcp_srv_…', agent.serverId)
      .replaceAll('eyJhbGciOi…', token),
  ) as Configuration

/** Replaces `${env:NAME}`, `${input:id}` and `${NAME}` as the editors do. @throws Error for any other name */
function resolveVariables(text: string, inputs: Configuration['inputs'] = []): string {
  const values: Record<string, string> = { 'env:KEYHOUSE_TOKEN': token, KEYHOUSE_TOKEN: token }
  for (const { id } of inputs) values[`input:${id}`] = token
  return text.replaceAll(/\$\{([^}]+)\}/g, (_match, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`the page does not define ${name}`)
    return value
  })
}

function transportOf({ url, headers, command, args = [], env = {} }: ServerEntry, inputs: Configuration['inputs']) {
  if (url !== undefined) {
    const resolved = Object.entries(headers ?? {}).map(([name, value]) => [name, resolveVariables(value, inputs)])
    return new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: Object.fromEntries(resolved) as Record<string, string> },
    })
  }
  const [yes, spec, ...rest] = args
  expect([command, yes, spec]).toEqual(['npx', '-y', `mcp-remote@${packageVersion('mcp-remote')}`])
  const program = join(root, 'node_modules/mcp-remote/dist/proxy.js')
  return new StdioClientTransport({ command: process.execPath, args: [program, ...rest], env: { HOME: home, ...env }, stderr: 'ignore' })
}

test('the guide configures these files', () => {
  expect(configurations.map(({ note }) => note)).toEqual([
    '.cursor/mcp.json',
    '.vscode/mcp.json',
    '.mcp.json',
    'claude_desktop_config.json',
  ])
})

test.each(configurations.map(({ note }) => note))('%s lists the allowed tool and calls it', async (file) => {
  const { mcpServers, servers, inputs } = configurationOf(file)
  const [entry] = Object.values(mcpServers ?? servers ?? {})
  const client = new Client({ name: 'editor', version: '1' })
  await client.connect(transportOf(entry!, inputs))
  try {
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['echo'])
    const { content } = await client.callTool({ name: 'echo', arguments: { message: 'hello' } })
    expect(content).toEqual([{ type: 'text', text: 'Echo: hello' }])
  } finally {
    await client.close()
  }
})
