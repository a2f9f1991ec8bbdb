/** Slow DNS lookups delay only their own organization, for a bounded time. */
import { readdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { startTimer } from '../src/lib/clock.js'
import type { ResolvedAddress } from '../src/outbound/name-lookups.js'
import { Gateway, defaultToolAnswer } from './support/gateway.js'
import { startKeyhouse } from './support/process.js'
import { organization } from './support/seed.js'

let world: Gateway
const asked: string[] = []
const address: ResolvedAddress = { address: '127.0.0.1', family: 4 }

beforeAll(async () => {
  // A slow one never answers.
  const resolve = (host: string): Promise<ResolvedAddress[]> => {
    asked.push(host)
    return host.startsWith('slow') ? new Promise(() => undefined) : Promise.resolve([address])
  }
  world = await Gateway.start(
    { resolve },
    { UV_THREADPOOL_SIZE: '24', KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1,mcp.test', KEYHOUSE_LIMIT_CALLS_PER_END_USER: '100' },
  )
})
afterAll(() => world.close())

test('twenty slow names of one organization stop no call of another, and each of its own ends within 2 s', async () => {
  world.upstream.answer = defaultToolAnswer
  const evil = await organization(world.app)
  const key = (await evil.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'] })).secret
  const slow: string[] = []
  for (let i = 0; i < 20; i++) {
    const serverId = await world.server({ serverUrl: `https://slow-${i}.test/mcp` }, evil.sandboxKey)
    await world.app.mutate(evil.sandboxKey, 'createMcpCredential', { serverId, auth: { bearerToken: 'a-secret' } }, 'credential { id }')
    slow.push(serverId)
  }
  const { port } = new URL(world.upstream.origin)
  const serverId = await world.server({ serverUrl: `http://mcp.test:${port}/mcp` })
  await world.credential(serverId, { bearerToken: 'another-secret' })
  const agent = (await world.agent()).secret
  await world.call(serverId, agent)

  const elapsed = startTimer()
  const calls = slow.map(async (id) => ({ code: (await world.call(id, key)).body.error.code, seconds: elapsed() }))
  const other = await world.server({ serverUrl: `http://mcp.test:${port}/other` })
  await world.credential(other, { bearerToken: 'a-third-secret' })
  expect((await world.call(other, agent)).body.result).toBeDefined()
  expect(elapsed()).toBeLessThan(1.5)
  for (const { code, seconds } of await Promise.all(calls)) {
    expect(code).toBe(1006)
    expect(seconds).toBeLessThan(4)
  }
  // Two at once; the others were given up before their turn.
  expect(asked.filter((host) => host.startsWith('slow'))).toHaveLength(2)
})

test('testMcpServer waits no longer than a call, and a slow name is not asked again', async () => {
  const serverId = await world.server({ serverUrl: 'https://slow-test.test/mcp' })
  const before = asked.length
  const trying = async (): Promise<{ code: string; seconds: number }> => {
    const elapsed = startTimer()
    const { test: tried } = await world.app.mutate(
      world.acme.sandboxKey,
      'testMcpServer',
      { serverId, timeoutMs: 10_000 },
      'test { failure { code } }',
    )
    return { code: tried.failure.code, seconds: elapsed() }
  }
  const first = await trying()
  expect(first.code).toBe('TIMEOUT')
  expect(first.seconds).toBeLessThan(4)
  const second = await trying()
  expect(second.code).toBe('TIMEOUT')
  expect(second.seconds).toBeLessThan(1)
  expect(asked.slice(before)).toEqual(['slow-test.test'])
})

test('the command has 24 threads for this, of which half look names up; UV_THREADPOOL_SIZE changes it', async () => {
  const threads: number[] = []
  for (const env of [{}, { UV_THREADPOOL_SIZE: '4' }]) {
    const directory = mkdtempSync(join(tmpdir(), 'keyhouse-threads-'))
    const server = await startKeyhouse({ KEYHOUSE_DATA_DIR: directory, ...env })
    threads.push(readdirSync(`/proc/${server.pid}/task`).length)
    server.kill('SIGTERM')
    await server.exited
    rmSync(directory, { recursive: true })
  }
  expect(threads[0]! - threads[1]!).toBe(20)
})
