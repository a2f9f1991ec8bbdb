/** Client address in the audit trail and for rate limits: the peer's, or the one that a trusted proxy reports. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { startApp, type Answer, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'

const proxies = ['none', 'another', 'this one', 'this one and the next'] as const
const trusted = { none: '', another: '10.0.0.0/8', 'this one': '127.0.0.1', 'this one and the next': '127.0.0.1,10.0.0.0/8' }

const apps = new Map<string, { app: TestApp; acme: SeededOrganization }>()
beforeAll(async () => {
  for (const name of proxies) {
    const app = await startApp({ KEYHOUSE_TRUSTED_PROXIES: trusted[name] })
    apps.set(name, { app, acme: await organization(app) })
  }
})
afterAll(async () => {
  for (const { app } of apps.values()) await app.close()
})

/** The address in the audit event of a change. */
async function recorded(name: string, forwardedFor: string): Promise<string> {
  const { app, acme } = apps.get(name)!
  const query = 'mutation { createApiKey(input: { permissions: [] }) { apiKey { id } userErrors { code } } }'
  const made = await app.run(acme.sandboxKey, query, {}, { 'x-forwarded-for': forwardedFor })
  const list = '{ auditEvents(first: 1) { nodes { requestId ipAddress } } }'
  const [event] = (await app.run(acme.adminToken, list)).data.auditEvents.nodes
  expect(event!.requestId).toBe(made.headers.get('x-request-id'))
  return event!.ipAddress
}

test.each([
  ['none', '203.0.113.7', '127.0.0.1'],
  ['this one', '203.0.113.7', '203.0.113.7'],
  ['this one', '2001:db8::7', '2001:db8::7'],
  // What the client wrote stands to the left of what the trusted proxy saw.
  ['this one', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
  ['this one', '203.0.113.7, 10.0.0.9', '10.0.0.9'],
  ['this one and the next', '198.51.100.1, 203.0.113.7, 10.0.0.9', '203.0.113.7'],
  ['this one and the next', '203.0.113.7, 10.1.2.3', '203.0.113.7'],
  ['this one and the next', '198.51.100.1, 203.0.113.7, 11.0.0.1, 10.1.2.3', '11.0.0.1'],
  ['this one', 'nonsense', '127.0.0.1'],
  ['this one', '<script>', '127.0.0.1'],
  ['another', '203.0.113.7', '127.0.0.1'],
  ['this one', "'; drop table audit_event; --", '127.0.0.1'],
  ['this one', '203.0.113.7:4711', '127.0.0.1'],
])('trusting %s, X-Forwarded-For: %s is %s', async (name, forwardedFor, address) => {
  expect(await recorded(name, forwardedFor)).toBe(address)
})

test('each address behind a trusted proxy has its own rate limit; an untrusted X-Forwarded-For has no effect', async () => {
  const guess = (app: TestApp, from: string): Promise<Answer> =>
    app.run('kh_sand_x', '{ viewer { kind } }', {}, { 'x-forwarded-for': from })
  const trusting = await startApp({ KEYHOUSE_TRUSTED_PROXIES: '127.0.0.1' })
  const wary = await startApp()
  for (let i = 0; i < 100; i++) {
    expect((await guess(trusting, '203.0.113.7')).status).toBe(401)
    expect((await guess(wary, `203.0.113.${i}`)).status).toBe(401)
  }
  expect((await guess(trusting, '203.0.113.7')).status).toBe(429)
  expect((await guess(trusting, '203.0.113.8')).status).toBe(401)
  expect((await guess(wary, '203.0.113.200')).status).toBe(429)
  await trusting.close()
  await wary.close()
})
