/** Whose address stands in the audit trail and counts for limits: the peer's, unless a proxy that is trusted says otherwise. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'

const proxies = ['none', 'this one', 'this one and the next'] as const
const trusted = { none: '', 'this one': '127.0.0.1', 'this one and the next': '127.0.0.1,10.0.0.0/8' }

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

/** The address that the event of a change bears. */
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
  ['this one', 'nonsense', '127.0.0.1'],
  ['this one', "'; drop table audit_event; --", '127.0.0.1'],
  ['this one', '203.0.113.7:4711', '127.0.0.1'],
])('trusting %s, X-Forwarded-For: %s is %s', async (name, forwardedFor, address) => {
  expect(await recorded(name, forwardedFor)).toBe(address)
})
