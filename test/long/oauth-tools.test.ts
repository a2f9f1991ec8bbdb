/** Programs from the npm registry as OAuth clients: the bridge mcp-remote, the Inspector's command line, and the conformance suite. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

import { freePort } from '../support/local-server.js'
import { runIn } from '../support/npm.js'
import { browserProgram, type BrowserProgram } from '../support/oauth-browser-program.js'
import { ClientWorld } from '../support/oauth-clients.js'

const inspectorPackage = '@modelcontextprotocol/inspector@2.12.0'
const conformancePackage = '@modelcontextprotocol/conformance@0.2.0-alpha.12'

let world: ClientWorld
let folder: string
let browser: BrowserProgram
/** A fresh home, in which no client has stored anything. */
let env: Record<string, string>
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-oauth-tools-'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  await runIn(folder, process.env, 'npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', inspectorPackage, conformancePackage)
  world = await ClientWorld.start()
  browser = await browserProgram(world, folder)
}, 300_000)
afterAll(async () => {
  await browser.close()
  await world.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`
  // The Inspector asks for a terminal and a keychain otherwise.
  const inspector = { MCP_AUTO_OPEN_ENABLED: 'true', MCP_INSPECTOR_SECRET_STORE: 'file' }
  env = { PATH, HOME: mkdtempSync(join(folder, 'home-')), BROWSER: browser.path, ...inspector }
})

test('mcp-remote opens the browser once, lists the tools and calls one', async () => {
  const bridge = join(dirname(createRequire(import.meta.url).resolve('mcp-remote/package.json')), 'dist/proxy.js')
  const client = new Client({ name: 'editor', version: '1' })
  const before = browser.opened.length
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [bridge, world.url], env, stderr: 'ignore' }))
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo')
  const { content } = await client.callTool({ name: 'echo', arguments: { message: 'hello' } })
  expect([content, browser.opened.length]).toEqual([[{ type: 'text', text: 'Echo: hello' }], before + 1])
  await client.close()
}, 90_000)

test('the Inspector opens the browser, and lists the tools, and calls one with what it stored', async () => {
  const program = join(folder, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js')
  const inspect = async (...args: string[]): Promise<unknown> =>
    JSON.parse(await runIn(folder, env, process.execPath, program, '--cli', world.url, '--transport', 'http', ...args))
  const before = browser.opened.length
  expect(await inspect('--method', 'tools/list')).toMatchObject({
    tools: expect.arrayContaining([expect.objectContaining({ name: 'echo' })]),
  })
  expect(await inspect('--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'message=hello')).toMatchObject({
    content: [{ type: 'text', text: 'Echo: hello' }],
  })
  expect(browser.opened).toHaveLength(before + 1)
}, 90_000)

test('the conformance suite finds no fault in the authorization server', async () => {
  const port = await freePort()
  const registration = await fetch(`${world.issuer}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Conformance', redirect_uris: [`http://127.0.0.1:${port}/callback`] }),
  })
  const { client_id } = (await registration.json()) as { client_id: string }
  const program = join(folder, 'node_modules/@modelcontextprotocol/conformance/dist/index.js')
  const args = ['authorization', '--url', world.issuer, '--client-id', client_id, '--resource', world.url, '-p', port]
  const suite = spawn(process.execPath, [program, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let opened = ''
  const read = (chunk: Buffer): void => {
    output += chunk.toString()
    const address = /https?:\S+\/oauth\/authorize\?\S+/.exec(output)?.[0] ?? ''
    if (address === opened) return
    opened = address
    void world.authorize(address)
  }
  suite.stdout.on('data', read)
  suite.stderr.on('data', read)
  const [code] = (await once(suite, 'exit')) as [number]
  expect([code, output]).toEqual([0, expect.stringContaining('Total: 3 passed, 0 failed')])
}, 90_000)
