/** Connections that are kept for the next message: judged when they are made, and found again. */
import { setImmediate as turn } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { openOutbound } from '../src/mcp/outbound.js'
import { Upstream, said } from './support/gateway.js'

let upstream: Upstream
beforeAll(async () => {
  upstream = await Upstream.start()
})
afterAll(() => upstream.close())

const ask = async (outbound: ReturnType<typeof openOutbound>, url: string): Promise<boolean> => {
  let wasSent = false
  const response = await outbound.send(url, {
    method: 'POST',
    headers: {},
    credential: null,
    body: '{"id":1}',
    signal: AbortSignal.timeout(5000),
    isKeptAlive: true,
    onSent: () => {
      wasSent = true
    },
  })
  response.body.resume()
  await new Promise((resolve) => response.body.once('close', resolve))
  // A connection is free for the next message a turn of the loop after its answer.
  await turn()
  return wasSent
}

test('one connection carries one message after the other, and each is known to have been sent', async () => {
  upstream.answer = said
  const outbound = openOutbound(['127.0.0.1'])
  for (let i = 0; i < 10; i++) expect(await ask(outbound, `${upstream.origin}/mcp`)).toBe(true)
  expect(new Set(upstream.seen.map(({ request }) => request.socket.remotePort)).size).toBe(1)
  await outbound.close()
})

test('a name whose address may not be reached is refused, whoever else has a connection there', async () => {
  const port = new URL(upstream.origin).port
  const open = openOutbound(['mcp.test', '127.0.0.1'], () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]))
  expect(await ask(open, `http://mcp.test:${port}/mcp`)).toBe(true)
  const strict = openOutbound([], () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]))
  await expect(ask(strict, `https://mcp.test:${port}/mcp`)).rejects.toMatchObject({ code: 'URL_NOT_ALLOWED' })
  await open.close()
  await strict.close()
})
