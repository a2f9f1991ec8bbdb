/** Connection limits: idle clients are closed before active ones, and refused clients are disconnected. */
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'

import { afterEach, describe, expect, test } from '@jest/globals'

import { Connections } from '../src/http/connections.js'
import { startTimer } from '../src/lib/clock.js'
import { maxConnectionsFor } from '../src/lib/max-descriptors.js'
import { startApp } from './support/app.js'
import { measureStall } from './support/event-loop-stall.js'
import { sendGraphql, startKeyhouse } from './support/process.js'
import { waitFor } from './support/wait-for.js'

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

interface Client {
  readonly socket: Socket
  isClosed: boolean
  said: string
}

/** Never closes its own side. */
async function client(url: string): Promise<Client> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  sockets.push(socket)
  const state: Client = { socket, isClosed: false, said: '' }
  socket.on('error', () => (state.isClosed = true))
  socket.on('end', () => (state.isClosed = true))
  socket.on('data', (chunk: Buffer) => (state.said += chunk.toString()))
  await once(socket, 'connect')
  return state
}

const clients = async (url: string, count: number): Promise<Client[]> => {
  const all: Client[] = []
  for (let i = 0; i < count; i++) all.push(await client(url))
  return all
}

const get = (one: Client, path = '/healthz'): boolean => one.socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
const answered = (one: Client): Promise<unknown> => waitFor(() => one.said.includes('HTTP/1.1 200'))
const openOf = (all: readonly Client[]): number => all.filter(({ isClosed }) => !isClosed).length

describe('a refused client that never closes its side is disconnected', () => {
  test.each([
    ['what is no HTTP', 'nonsense\r\n\r\n'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('is let go a second after the refusal of %s', async (_name, bytes) => {
    const app = await startApp()
    const isThere = async (): Promise<boolean> => (await app.services.metrics.text()).includes('keyhouse_connections 1\n')
    const one = await client(app.url)
    one.socket.write(bytes)
    await waitFor(() => one.isClosed)
    const elapsed = startTimer()
    expect(one.said).toContain('BAD_REQUEST')
    expect(await isThere()).toBe(true)
    await waitFor(async () => !(await isThere()))
    expect(elapsed()).toBeGreaterThan(0.8)
    expect(elapsed()).toBeLessThan(2)
    await app.close()
  })
})

describe('of a limit of 25 connections', () => {
  const descriptorLimit = 58
  const crowded = 20

  test('the limit is what the descriptors leave', () => {
    expect([57, 58, 59, 1024].map(maxConnectionsFor)).toEqual([24, 25, 25, 448])
  })

  test('80 % may be idle; one more closes the one that has been idle longest', async () => {
    const app = await startApp({}, { descriptorLimit })
    const [first, ...others] = await clients(app.url, crowded)
    get(first!)
    await answered(first!)
    expect(openOf([first!, ...others])).toBe(crowded)
    const late = await client(app.url)
    // The first has asked since, so the second has been silent longest.
    await waitFor(() => others[0]!.isClosed)
    expect(openOf([first!, ...others, late])).toBe(crowded)
    expect(first!.isClosed).toBe(false)
    get(late)
    await answered(late)
    await app.close()
  })

  test('an incomplete request counts as idle', async () => {
    const app = await startApp({}, { descriptorLimit })
    const [half, ...others] = await clients(app.url, crowded)
    half!.socket.write('POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{')
    await waitFor(async () => (await app.services.metrics.text()).includes(`keyhouse_connections ${crowded}`))
    const late = await client(app.url)
    await waitFor(() => half!.isClosed)
    expect(openOf([...others, late])).toBe(crowded)
    await app.close()
  })

  test('what is being answered stays, and with nothing else left a new connection is closed', async () => {
    const app = await startApp({}, { descriptorLimit })
    const { queryRunner } = app.services
    const read = queryRunner.read.bind(queryRunner)
    const held: (() => void)[] = []
    queryRunner.read = async (...args) => {
      await new Promise<void>((resolve) => held.push(resolve))
      return read(...args)
    }
    const busy: Client[] = []
    // Between 80 % and all there is room for them, although there is nothing to close.
    while (busy.length < 25) {
      busy.push(await client(app.url))
      get(busy.at(-1)!, '/readyz')
      await waitFor(() => held.length >= busy.length)
    }
    const late = await client(app.url)
    await waitFor(() => late.isClosed)
    queryRunner.read = read
    for (const go of held) go()
    await Promise.all(busy.map(answered))
    await app.close()
  })
})

test('an answer that its client does not take is not work; one that is still made is', async () => {
  const connections = new Connections(5)
  let streaming: ServerResponse | undefined
  const server = createServer((request, response) => {
    connections.track(response)
    if (request.url === '/stream') (streaming = response).write('HTTP/1.1 200')
    else response.end(Buffer.alloc(64 * 1024 * 1024))
  })
  connections.watch(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [stream, deaf, ...others] = await clients(url, 4)
  deaf!.socket.pause()
  get(stream!, '/stream')
  await answered(stream!)
  get(deaf!)
  await waitFor(() => connections.sockets().some(({ writableLength }) => writableLength > 0))
  for (let i = 0; i < 3; i++) others.push(await client(url))
  expect(connections.size).toBe(4)
  deaf!.socket.resume()
  await waitFor(() => deaf!.isClosed)
  expect(stream!.isClosed).toBe(false)
  streaming?.end()
  server.close()
})

test('finding idle connections among 80,000 does not stall the event loop', async () => {
  const server = new EventEmitter()
  new Connections(100_000).watch(server as Server)
  const admit = (): boolean => server.emit('connection', Object.assign(new EventEmitter(), { destroyed: false, destroy: () => undefined }))
  for (let i = 0; i < 80_000; i++) admit()
  const { longestMs } = await measureStall(async () => {
    for (let i = 0; i < 1100; i++) {
      admit()
      if (i % 10 === 0) await turn()
    }
  })
  expect(longestMs).toBeLessThan(250)
})

test('under ulimit -n 1024 and 1,100 silent clients others are served', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'keyhouse-silent-'))
  const server = await startKeyhouse({ KEYHOUSE_DATA_DIR: directory, KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' }, { first: 'ulimit -n 1024' })
  const silent = await clients(server.url, 1100)
  const [key] = /kh_sand_\w+/.exec(readFileSync(join(directory, 'first-start.txt'), 'utf8')) ?? []
  for (let i = 0; i < 20; i++)
    expect(await sendGraphql(server.url, key!, '{ viewer { kind } }')).toEqual({ data: { viewer: { kind: 'API_KEY' } } })
  expect(openOf(silent)).toBeLessThanOrEqual(Math.floor(maxConnectionsFor(1024) * 0.8))
  expect(openOf(silent)).toBeGreaterThan(300)
  server.kill('SIGTERM')
  expect(await server.exited).toMatchObject({ code: 0 })
  rmSync(directory, { recursive: true })
})
