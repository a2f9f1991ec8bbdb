/** Graceful shutdown: open connections are told, answered and not cut off. */
import dns from 'node:dns'
import { once } from 'node:events'
import type { Socket } from 'node:net'

import { expect, test } from '@jest/globals'

import { startApp } from './support/app.js'
import { openSocket, parseResponse, sendRaw, type RawResponse } from './support/raw-http.js'
import { organization } from './support/seed.js'
import { waitFor } from './support/wait-for.js'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

/** One answer on a connection that may stay open. */
async function exchanged(socket: Socket, bytes: string): Promise<RawResponse> {
  let text = ''
  const hear = (chunk: Buffer): void => {
    text += chunk.toString()
  }
  socket.on('data', hear)
  socket.write(bytes)
  for (;;) {
    const { headers, body } = parseResponse(text)
    if ('content-length' in headers && body.length >= Number(headers['content-length'])) break
    await once(socket, 'data')
  }
  socket.off('data', hear)
  return parseResponse(text)
}

/** How a connection ends: undefined is in order. */
const endOf = (socket: Socket): Promise<string | undefined> =>
  new Promise((resolve) => {
    let code: string | undefined
    socket.once('error', (error: NodeJS.ErrnoException) => (code = error.code))
    socket.once('close', () => resolve(code))
  })

test('while it drains /readyz says so, all else is served, and every answer closes its connection', async () => {
  const app = await startApp({ KEYHOUSE_DRAIN_SECONDS: '1' }, { times: { minDrainMs: 20_000 } })
  const acme = await organization(app)
  const [used, slow, idle, unused] = [
    await openSocket(app.url),
    await openSocket(app.url),
    await openSocket(app.url),
    await openSocket(app.url),
  ]
  const ends = Promise.all([used, slow, idle, unused].map(endOf))
  for (const socket of [used, idle]) {
    const answer = await exchanged(socket, get('/readyz'))
    expect([answer.status, answer.headers['connection']]).toEqual([200, 'keep-alive'])
  }
  const body = JSON.stringify({ query: '{ viewer { kind } }' })
  const head = ['POST /graphql HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', `Authorization: Bearer ${acme.sandboxKey}`]
  slow.write(`${[...head, `Content-Length: ${body.length}`, 'Expect: 100-continue'].join('\r\n')}\r\n\r\n`)
  await once(slow, 'data')

  let hasEnded = false
  const closed = app.close().then(() => (hasEnded = true))
  const told = await exchanged(used, get('/readyz'))
  expect([told.status, told.headers['connection']]).toEqual([503, 'close'])
  expect(JSON.parse(told.body).errors[0].extensions.code).toBe('UNAVAILABLE')
  const late = await openSocket(app.url)
  const served = await exchanged(late, get('/healthz'))
  expect([served.status, served.headers['connection']]).toEqual([200, 'close'])
  const answered = await exchanged(slow, body)
  expect([answered.status, answered.headers['connection']]).toEqual([200, 'close'])
  expect(answered.body).toBe('{"data":{"viewer":{"kind":"API_KEY"}}}')
  expect(hasEnded).toBe(false)
  // What is idle for ever is left alone as long as somebody may still use it, which here would be a minute.
  for (const socket of [idle, unused]) socket.destroy()
  expect(await ends).toEqual([undefined, undefined, undefined, undefined])
  await closed
  await expect(fetch(`${app.url}/healthz`)).rejects.toThrow()
})

test('by default it ends as soon as nobody is connected: who is, asks once more and leaves with the answer', async () => {
  const app = await startApp({}, { times: { minDrainMs: 20_000 } })
  const used = await openSocket(app.url)
  const ended = endOf(used)
  await exchanged(used, get('/healthz'))
  const closed = app.close()
  const last = await exchanged(used, get('/readyz'))
  expect([last.status, last.headers['connection']]).toEqual([503, 'close'])
  expect(await ended).toBeUndefined()
  await closed
})

test('who stays and says nothing is not waited for', async () => {
  const app = await startApp({}, { times: { minDrainMs: 100 } })
  const idle = await openSocket(app.url)
  const ended = endOf(idle)
  await exchanged(idle, get('/healthz'))
  const closed = app.close()
  expect(await ended).toBeUndefined()
  await closed
})

test.each([
  ['headers', 'POST /graphql HTTP/1.1\r\nHost: localhost\r\n'],
  ['a body', 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"query'],
])('who has sent only a part of %s is not waited for until the end of the process', async (_name, bytes) => {
  const app = await startApp({}, { times: { minDrainMs: 100, partialRequestGraceMs: 200 } })
  const half = await openSocket(app.url)
  const ended = endOf(half)
  half.write(bytes)
  // It has been read once another request has been answered.
  const other = await openSocket(app.url)
  await exchanged(other, get('/healthz'))
  await app.close()
  await ended
})

test('with HOST=localhost the second listener refuses, counts and drains like the first', async () => {
  const { lookup } = dns
  const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))
  // Stands in for a machine whose localhost is two addresses; both loopback, so that it needs no IPv6.
  Object.assign(dns, {
    lookup: (host: string, options: dns.LookupOptions, done: (error: null, all: typeof addresses) => void) =>
      host === 'localhost' && options.all ? done(null, addresses) : lookup(host, options, done as never),
  })
  const app = await startApp({ HOST: 'localhost' }, { times: { minDrainMs: 0, partialRequestGraceMs: 200 } })
  Object.assign(dns, { lookup })
  const second = app.url.replace('localhost', '127.0.0.2')
  expect((await sendRaw(second, 'nonsense\r\n\r\n')).body).toContain('"code":"BAD_REQUEST"')
  const half = await openSocket(second)
  const ended = endOf(half)
  half.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n')
  await waitFor(async () => (await app.services.metrics.text()).includes('keyhouse_connections 1\n'))
  await app.close()
  expect((await app.services.metrics.text()).includes('keyhouse_connections 0\n')).toBe(true)
  await ended
})
