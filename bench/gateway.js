/**
 * What the gateway costs: CPU of this server per tool call beside the same call made directly, and memory of idle streams.
 * `node bench/gateway.js [rounds] [streams]` after a build. It ends by itself.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const rounds = Number(process.argv[2] ?? 9)
const streams = Number(process.argv[3] ?? 2000)
const callsOfARound = 2000
const connections = 16
const token = 'a-token-of-forty-characters-for-the-bench'

/** User and system time of a process so far, in microseconds, and what it holds. */
const ask = ({ child }, what = 'cpu') => new Promise((resolve) => (child.once('message', resolve), child.send(what)))
const answerUsage = () =>
  process.on('message', (what) =>
    process.send({ cpu: process.cpuUsage(), heap: what === 'heap' ? (globalThis.gc?.(), process.memoryUsage()) : null }),
  )
const rssOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])

/** An MCP server that answers each call at once, and keeps streams open. */
async function serveDouble() {
  const server = createServer((incoming, response) => {
    if (incoming.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      return response.flushHeaders()
    }
    const chunks = []
    incoming.on('data', (chunk) => chunks.push(chunk))
    incoming.on('end', () => {
      const { id } = JSON.parse(Buffer.concat(chunks).toString())
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'Echo: hello' }] } }))
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.keepAliveTimeout = 60_000
  answerUsage()
  process.send({ url: `http://127.0.0.1:${server.address().port}/mcp` })
}

/** The gateway alone in its process. */
async function serveGateway(upstream) {
  const { createApp } = await import('../dist/app.js')
  const { readConfig } = await import('../dist/config.js')
  const { bootstrapOrganization } = await import('../dist/commands/organization-create.js')
  const directory = mkdtempSync(join(tmpdir(), 'keyhouse-bench-'))
  const config = readConfig({ PORT: '0', KEYHOUSE_DATA_DIR: directory, KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1', LOG_LEVEL: 'silent' })
  const app = await createApp(config)
  const { sandboxApiKey } = await bootstrapOrganization(app.services, { name: 'Bench', email: 'bench@example.com' })
  const run = async (query, input) => {
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
    serverUrl: upstream,
    requireApproval: 'NEVER',
  })
  const serverId = createMcpServer.server.id
  await run('mutation ($input: CreateMcpCredentialInput!) { createMcpCredential(input: $input) { credential { id } } }', {
    serverId,
    auth: { bearerToken: token },
  })
  process.on('disconnect', () => {
    rmSync(directory, { recursive: true, force: true })
    process.exit(0)
  })
  answerUsage()
  process.send({ url: `${app.url}/mcp/${serverId}`, key: sandboxApiKey })
}

async function start(...args) {
  const child = spawn(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [said] = await new Promise((resolve) => child.once('message', (...all) => resolve(all)))
  return { child, ...said }
}

const agent = new Agent({ keepAlive: true, maxSockets: connections })
function call({ url, key }, method) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { name: 'echo', arguments: { message: 'hello' } } })
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'content-length': Buffer.byteLength(body),
    ...(key ? { authorization: `Bearer ${key}` } : {}),
  }
  return new Promise((resolve, reject) => {
    const began = process.hrtime.bigint()
    const sent = request(url, { method: 'POST', headers, agent }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => (text.includes('Echo') ? resolve(Number(process.hrtime.bigint() - began) / 1000) : reject(new Error(text))))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function round(destination, method = 'tools/call', count = callsOfARound) {
  const { cpu: before } = await ask(destination)
  const waits = []
  let left = count
  const worker = async () => {
    while (left-- > 0) waits.push(await call(destination, method))
  }
  await Promise.all(Array.from({ length: connections }, worker))
  const { cpu: after } = await ask(destination)
  const [user, system] = [(after.user - before.user) / count, (after.system - before.system) / count]
  return { user, system, cpu: user + system, p50: median(waits) }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const kilobytes = (bytes) => Math.round(bytes / 102.4) / 10

async function memory(gateway) {
  const usage = async () => (await ask(gateway, 'heap')).heap
  const idle = new Agent({ keepAlive: false })
  const open = []
  const openOne = () =>
    new Promise((resolve, reject) => {
      const headers = { accept: 'text/event-stream', authorization: `Bearer ${gateway.key}` }
      const sent = request(gateway.url, { headers, agent: idle }, (response) => (open.push(response.resume()), resolve()))
      sent.on('error', reject)
      sent.end()
    })
  for (let i = 0; i < 50; i++) await openOne()
  const [before, rss] = [await usage(), rssOf(gateway.child.pid)]
  for (let i = 0; i < streams; i += 50) await Promise.all(Array.from({ length: 50 }, openOne))
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const after = await usage()
  const report = {
    streams,
    rssPerStreamKB: Math.round(((rssOf(gateway.child.pid) - rss) / streams) * 10) / 10,
    heapPerStreamKB: kilobytes((after.heapUsed - before.heapUsed) / streams),
    externalPerStreamKB: kilobytes((after.external - before.external) / streams),
  }
  for (const response of open) response.destroy()
  return report
}

async function main() {
  const direct = await start('double')
  const gateway = await start('gateway', direct.url)
  for (const destination of [direct, gateway, direct, gateway]) await round(destination)
  const results = { direct: [], gateway: [], 'gateway, not recorded': [] }
  for (let i = 0; i < rounds; i++) {
    results.direct.push(await round(direct))
    results.gateway.push(await round(gateway))
    results['gateway, not recorded'].push(await round(gateway, 'prompts/list'))
  }
  const report = Object.fromEntries(
    Object.entries(results).map(([name, all]) => [
      name,
      Object.fromEntries(['user', 'system', 'cpu', 'p50'].map((what) => [what, Math.round(median(all.map((one) => one[what])))])),
    ]),
  )
  console.log(JSON.stringify({ microsecondsPerCall: report, memory: streams > 0 ? await memory(gateway) : undefined }, null, 2))
  agent.destroy()
  gateway.child.disconnect()
  direct.child.kill()
}

const [role, upstream] = process.argv.slice(2)
if (role === 'double') await serveDouble()
else if (role === 'gateway') await serveGateway(upstream)
else await main()
