/** `fetch` over the outbound client: bounded in time and bytes, without redirects, and with the credential apart. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { createOutbound } from '../../src/outbound/create-outbound.js'
import { createOutboundFetch } from '../../src/outbound/outbound-fetch.js'
import type { Outbound } from '../../src/outbound/outbound.js'
import { listen, type Handler, type Listening } from '../support/local-server.js'

let outbound: Outbound
let server: Listening
let handler: Handler

beforeAll(async () => {
  outbound = createOutbound({ allowed: ['127.0.0.1'], lookups: { perOrganization: 2, total: 2 }, maxConnections: 10 })
  server = await listen((request, response) => handler(request, response))
})
afterAll(async () => {
  await outbound.close()
  await server.close()
})

const get = (headers: Record<string, string> = {}): Promise<Response> =>
  createOutboundFetch(outbound, 'org_1', { maxBytes: 10, timeoutMs: 200 })(server.origin, { method: 'GET', headers })

test.each<[string, Handler, string]>([
  ['that never answers', () => undefined, 'TIMEOUT'],
  ['that never ends', (_request, response) => void response.write('x'), 'TIMEOUT'],
  ['that answers with 11 bytes', (_request, response) => void response.end('x'.repeat(11)), 'PROTOCOL_ERROR'],
  ['that compresses', (_request, response) => void response.setHeader('content-encoding', 'gzip').end('x'), 'PROTOCOL_ERROR'],
  ['that redirects', (_request, response) => void response.writeHead(307, { location: '/' }).end(), 'PROTOCOL_ERROR'],
])('a server %s is an error', async (_, answer, code) => {
  handler = answer
  await expect(get()).rejects.toMatchObject({ code })
})

test('10 bytes are read, with their status and headers', async () => {
  handler = ({ headers }, response) => void response.writeHead(404, { 'x-seen': String(headers.authorization) }).end('x'.repeat(10))
  const response = await get({ authorization: 'Basic eA==' })
  expect([response.status, response.headers.get('x-seen'), await response.text()]).toEqual([404, 'Basic eA==', 'x'.repeat(10)])
})

test('a response that may have no body has none', async () => {
  handler = (_request, response) => void response.writeHead(304).end()
  expect((await get()).status).toBe(304)
})
