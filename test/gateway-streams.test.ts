/** Streams through the gateway: when they end, and the record of an interrupted call. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { gatewayTimeouts } from '../src/gateway/timeouts.js'
import { isPostgres } from './support/database.js'
import { waitUntilClosed, Gateway, rpcResult } from './support/gateway.js'
import type { AnyPayload, Payloads } from './support/results.js'
import { waitFor } from './support/wait-for.js'

let world: Gateway
let serverId: string
let key: { id: string; secret: string }
let credentialId: string
const alice = { 'x-on-behalf-of': 'alice' }

beforeAll(async () => {
  world = await Gateway.start({ times: { revalidateIntervalMs: 50, idleTimeoutMs: 400, heartbeatIntervalMs: 100, drainGraceMs: 300 } })
})
afterAll(() => world.close())
beforeEach(async () => {
  world.upstream.reset()
  serverId = await world.server()
  credentialId = await world.credential(serverId, { bearerToken: 'the-secret-of-alice' }, alice)
  key = await world.agent(['*'])
})

const open = (response: ServerResponse, text = ''): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  if (text) response.write(text)
}
const listening = ({ response }: { response: ServerResponse }): void => open(response)

interface Listener {
  /** Ends when the stream does, with all that came. */
  readonly text: Promise<string>
  leave(): void
}

async function listenTo(
  credential: string,
  headers: Record<string, string> = alice,
  at = world.app.url,
  method = 'GET',
  body?: string,
): Promise<Listener> {
  const leaving = new AbortController()
  const response = await world.fetch(serverId, credential, {
    method,
    headers,
    at,
    signal: leaving.signal,
    ...(body === undefined ? {} : { body }),
  })
  expect(response.status).toBe(200)
  const text = response.text().catch(() => 'left')
  return { text, leave: () => leaving.abort() }
}
const callText = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } })
const outcomes = async (): Promise<unknown[]> => (await world.events('mcp_tool:call', serverId)).map(({ details }) => details['outcome'])

test('the timeouts have the documented values', () => {
  expect(gatewayTimeouts).toMatchObject({ idleTimeoutMs: 60_000, heartbeatIntervalMs: 20_000 })
  expect(gatewayTimeouts.revalidateIntervalMs).toBeLessThan(1000)
})

describe('an open stream ends when', () => {
  const admin = (field: keyof Payloads, input: object, headers: Record<string, string> = {}): Promise<AnyPayload> =>
    world.app.mutate(world.acme.sandboxKey, field, input, 'userErrors { code }', headers)
  const exchange = async (more: object = {}): Promise<{ token: string; id: string }> => {
    const { token, accessToken } = await world.app.mutate(
      key.secret,
      'exchangeApiKey',
      { audience: world.app.config.url, externalUserId: 'alice', ...more },
      'token accessToken { id }',
    )
    return { token, id: accessToken.id }
  }
  const endings: readonly (readonly [
    string,
    () => Promise<{ credential: string; headers?: Record<string, string>; end: () => unknown }>,
  ])[] = [
    [
      'the credential is revoked',
      async () => ({ credential: key.secret, end: () => admin('revokeMcpCredential', { id: credentialId }, alice) }),
    ],
    ['the key is revoked', async () => ({ credential: key.secret, end: () => admin('revokeApiKey', { id: key.id }) })],
    ['the key is suspended', async () => ({ credential: key.secret, end: () => admin('suspendApiKey', { id: key.id }) })],
    [
      'the key is limited to other end users',
      async () => ({ credential: key.secret, end: () => admin('updateApiKey', { id: key.id, endUsers: { externalIds: ['bob'] } }) }),
    ],
    [
      'the key of the token is limited to other end users',
      async () => ({
        credential: (await exchange()).token,
        headers: {},
        end: () => admin('updateApiKey', { id: key.id, endUsers: { prefix: 'b' } }),
      }),
    ],
    [
      'the key of the token is suspended',
      async () => ({ credential: (await exchange()).token, headers: {}, end: () => admin('suspendApiKey', { id: key.id }) }),
    ],
    [
      'the server is changed',
      async () => ({
        credential: key.secret,
        end: async () => {
          world.app.clock.advance(1)
          await admin('updateMcpServer', { id: serverId, name: 'Another name' })
        },
      }),
    ],
    ['the server is deleted', async () => ({ credential: key.secret, end: () => admin('deleteMcpServer', { id: serverId }) })],
    [
      'the key may do less',
      async () => ({
        credential: key.secret,
        end: () =>
          world.app.mutate(world.acme.adminToken, 'updateApiKey', { id: key.id, permissions: ['mcp_server:use'] }, 'userErrors { code }'),
      }),
    ],
    [
      'the token is revoked',
      async () => {
        const { token, id } = await exchange()
        return { credential: token, headers: {}, end: () => admin('revokeAccessToken', { id }) }
      },
    ],
    [
      'the key of the token is revoked',
      async () => ({ credential: (await exchange()).token, headers: {}, end: () => admin('revokeApiKey', { id: key.id }) }),
    ],
    [
      'the token expires',
      async () => ({ credential: (await exchange({ expiresIn: 300 })).token, headers: {}, end: () => world.app.clock.advance(300_000) }),
    ],
    ['the end user is forgotten', async () => ({ credential: key.secret, end: () => admin('forgetEndUser', { externalId: 'alice' }) })],
  ]
  test.each(endings)('%s', async (_name, prepare) => {
    world.upstream.answer = listening
    const { credential, headers, end } = await prepare()
    const stream = await listenTo(credential, headers ?? alice)
    const other = await listenTo(world.acme.sandboxKey, {}).catch(() => null)
    expect(other).toBeNull()
    await end()
    expect(await stream.text).toMatch(/^(:\n\n)*$/)
    await waitUntilClosed(world.upstream.received.at(-1)!.response)
  })

  test('the credential expires', async () => {
    world.upstream.answer = listening
    const expiresAt = new Date(world.app.clock.at.getTime() + 1000).toISOString()
    await world.credential(serverId, { bearerToken: 'a-secret-for-a-second' }, alice, { expiresAt })
    const stream = await listenTo(key.secret)
    world.app.clock.advance(1000)
    expect(await stream.text).toMatch(/^(:\n\n)*$/)
  })

  if (isPostgres)
    test('the key is revoked through another process', async () => {
      const replica = await world.replica({ times: { revalidateIntervalMs: 50 } })
      world.upstream.answer = listening
      const stream = await listenTo(key.secret, alice, replica.url)
      await world.app.mutate(world.acme.sandboxKey, 'revokeApiKey', { id: key.id }, 'userErrors { code }')
      await stream.text
      await replica.close()
    })
})

describe('a stream', () => {
  test('of a GET stays, with a comment now and then', async () => {
    world.upstream.answer = listening
    const response = await world.fetch(serverId, key.secret, { method: 'GET', headers: alice })
    const reader = response.body!.getReader()
    let text = ''
    while (text.length < 8 * 3) text += Buffer.from((await reader.read()).value ?? []).toString()
    expect(text).toMatch(/^(:\n\n)+$/)
    await reader.cancel()
    await waitUntilClosed(world.upstream.received[0]!.response)
  })

  test('of a POST without a byte ends, and so does a POST without an answer', async () => {
    world.upstream.answer = ({ response }) => open(response, 'data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n')
    const stream = await listenTo(key.secret, alice, world.app.url, 'POST', callText)
    expect(await stream.text).toContain('notifications/message')
    world.upstream.answer = () => undefined
    expect((await world.call(serverId, key.secret, 'echo', {}, alice)).body.error.code).toBe(1006)
    expect(await outcomes()).toEqual(['UPSTREAM_FAILED', 'UPSTREAM_FAILED'])
  })

  test('of a POST stays while bytes come', async () => {
    world.upstream.answer = async ({ response, body }) => {
      open(response)
      for (let i = 0; i < 8; i++) {
        response.write(': a sign of life\n\n')
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      response.end(`data: ${JSON.stringify(rpcResult(body.id, {}))}\n\n`)
    }
    const stream = await listenTo(key.secret, alice, world.app.url, 'POST', callText)
    expect(await stream.text).toBe(`data: ${JSON.stringify(rpcResult(1, {}))}\n\n`)
    expect(await outcomes()).toEqual(['OK'])
  })

  test('that ends before its response is recorded as unfinished', async () => {
    world.upstream.answer = ({ response }) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end('id: 5\ndata: \n\n')
    const stream = await listenTo(key.secret, alice, world.app.url, 'POST', callText)
    expect(await stream.text).toBe('id: 5\ndata: \n\n')
    expect(await outcomes()).toEqual(['UNFINISHED'])
  })

  test.each([
    ['of 4 MiB passes', 4_194_304, 'OK'],
    ['of a byte more ends it', 4_194_305, 'UPSTREAM_FAILED'],
    ['without end does, too', 12_000_000, 'UPSTREAM_FAILED'],
  ])('with an event %s', async (_name, size, outcome) => {
    const frame = JSON.stringify(rpcResult(1, { text: '' })).length
    world.upstream.answer = ({ response }) => {
      open(response)
      response.end(`data: ${JSON.stringify(rpcResult(1, { text: 'x'.repeat(size - frame) }))}\n\n`)
    }
    const stream = await listenTo(key.secret, alice, world.app.url, 'POST', callText)
    expect((await stream.text).length > 0).toBe(outcome === 'OK')
    expect(await outcomes()).toEqual([outcome])
  })
})

describe('a client that disconnects ends the upstream request', () => {
  test.each([
    ['before the answer', () => undefined],
    ['during the stream', ({ response }: { response: ServerResponse }) => open(response, 'data: {"jsonrpc":"2.0","method":"m"}\n\n')],
  ])('%s ends the upstream request, and the call has its outcome', async (_name, answering) => {
    world.upstream.answer = answering
    const leaving = new AbortController()
    const gone = world.fetch(serverId, key.secret, { body: callText, headers: alice, signal: leaving.signal }).then(
      (response) => response.text(),
      () => undefined,
    )
    const { response } = await waitFor(() => world.upstream.received[0])
    leaving.abort()
    await gone.catch(() => undefined)
    await waitUntilClosed(response)
    await waitFor(async () => ((await outcomes()).length > 0 ? true : undefined))
    expect(await outcomes()).toEqual(['CLIENT_LEFT'])
  })

  test('a client that does not read applies backpressure upstream', async () => {
    const event = `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: 'x'.repeat(60_000) })}\n\n`
    let written = 0
    const pour = async ({ response }: { response: ServerResponse }): Promise<void> => {
      open(response)
      const left = new AbortController()
      response.once('close', () => left.abort())
      while (!response.destroyed && written < 2000) {
        written++
        if (!response.write(event)) await once(response, 'drain', { signal: left.signal }).catch(() => undefined)
      }
    }
    world.upstream.answer = pour
    const socket = connect(Number(new URL(world.app.url).port), '127.0.0.1')
    socket.pause()
    socket.write(
      `GET /mcp/${serverId} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key.secret}\r\nx-on-behalf-of: alice\r\naccept: text/event-stream\r\n\r\n`,
    )
    let before = -1
    await waitFor(async () => {
      const isStill = written > 0 && written === before
      before = written
      await new Promise((resolve) => setTimeout(resolve, 100))
      return isStill || undefined
    })
    expect(written).toBeLessThan(1000)
    socket.destroy()
    await waitUntilClosed(world.upstream.received[0]!.response)
  })
})

test('a draining server lets a call and its streams end', async () => {
  const replica = await world.replica({ times: { revalidateIntervalMs: 50, drainGraceMs: 5000 } })
  world.upstream.answer = listening
  const stream = await listenTo(key.secret, alice, replica.url)
  let finish: (() => void) | undefined
  world.upstream.answer = ({ response, body }) => {
    open(response)
    finish = () => void response.end(`data: ${JSON.stringify(rpcResult(body.id, { at: 'the end' }))}\n\n`)
  }
  const call = await listenTo(key.secret, alice, replica.url, 'POST', callText)
  const ended = replica.close()
  expect(await stream.text).toBe('')
  finish!()
  expect(await call.text).toContain('the end')
  await ended
  expect(await outcomes()).toEqual(['OK'])
})

test('a draining server cuts off calls after a limit and records them', async () => {
  const replica = await world.replica({ times: { revalidateIntervalMs: 50, drainGraceMs: 100 } })
  world.upstream.answer = listening
  const call = await listenTo(key.secret, alice, replica.url, 'POST', callText)
  await replica.close()
  expect(await call.text).toBe('')
  expect(await outcomes()).toEqual(['ENDED_BY_KEYHOUSE'])
})
