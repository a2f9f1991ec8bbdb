/**
 * Documents within the limits that make the database work hardest. None may hold the event loop, whatever there is.
 * `KEYHOUSE_TEST_SCALE=full` does it with 100,000 keys and 300,000 events, and prints the stalls.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import { fill, hex, moment, numbers } from './support/fill.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { measureStall } from './support/stall.js'

const isFull = process.env['KEYHOUSE_TEST_SCALE'] === 'full'
const keyCount = isFull ? 100_000 : 20_000
const eventCount = isFull ? 300_000 : 30_000
/** Milliseconds of this thread's CPU without a turn for anybody else. */
const longestStall = 250

let app: TestApp
let acme: SeededOrganization
/** Another place of the same organization: its key sees none of the rows, and the database has to skip them all. */
let elsewhere: string
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  elsewhere = (await acme.apiKey({ projectId: await acme.project(), permissions: ['*'] })).secret
  const start = app.clock.now().getTime() - 86_400_000
  const [place, at] = [`'${acme.id}', '${acme.projectId}', 'SANDBOX'`, moment(`${start} + i`)]
  await fill(
    app,
    `insert into api_key (id, organization_id, project_id, environment, label, preview, digest, permissions, rate_limits, standing, end_overlap_at_first_use, created_at, updated_at)
    select 'key_' || ${hex('i')}, ${place}, 'label ' || i, 'kh_sand_****', ${hex('i')}, '["agent:read"]', '[]', 0, ${isPostgres ? 'false' : '0'}, ${at}, ${at} from ${numbers(keyCount)}`,
  )
  await fill(
    app,
    `insert into end_user (id, organization_id, project_id, environment, external_id, first_seen_at, last_seen_at)
    select 'eu_' || ${hex('i')}, ${place}, 'user-' || i, ${at}, ${at} from ${numbers(keyCount)}`,
  )
  await fill(
    app,
    `insert into access_token (id, organization_id, project_id, environment, api_key_id, end_user_id, signing_key_id, audience, permissions, issued_at, expires_at)
    select 'at_' || ${hex('i')}, ${place}, 'key_' || ${hex('i')}, 'eu_' || ${hex('i')}, 'sk_1', 'https://a.example', '[]', ${at}, ${moment(`${start} + 172800000 + i`)} from ${numbers(keyCount)}`,
  )
  await fill(
    app,
    `insert into audit_event (id, organization_id, seq, project_id, environment, action, outcome, actor_id, subject_id, details, request_id, at, previous_hash, hash)
    select 'evt_' || ${hex('i')}, '${acme.id}', i + 1000, '${acme.projectId}', 'SANDBOX', 'api_key:exchange', 'ALLOWED', 'key_1', 'at_' || i, '{}', 'req_' || i, ${at}, '', '' from ${numbers(eventCount)}`,
  )
  await fill(
    app,
    `insert into usage_count (organization_id, length, end_user_id, start, project_id, environment, api_key_id, operation, requests, denied)
    select '${acme.id}', 'MINUTE', 'eu_' || (i % 500), ${moment(`${Math.floor(start / 60_000) * 60_000} + (i / 200) * 60000`)}, '${acme.projectId}', 'SANDBOX', 'key_' || i, 'apiKeys', 1, 0 from ${numbers(keyCount)}`,
  )
  await fill(
    app,
    `insert into mcp_server (id, organization_id, project_id, environment, end_user_id, owner_key, name, server_label, server_url, require_approval, metadata, created_at, updated_at)
    select 'mcp_srv_' || ${hex('i')}, ${place}, null, 'backend', 'Server', 'server-' || i, 'https://mcp.example', 'ALWAYS', '{}', ${at}, ${at} from ${numbers(100)}`,
  )
  await fill(
    app,
    `insert into mcp_credential (id, organization_id, project_id, environment, end_user_id, server_id, name, origin, auth_type, header_names, created_at, updated_at)
    select 'mcp_cred_' || ${hex('i')}, ${place}, 'eu_' || ${hex('i')}, 'mcp_srv_' || ${hex('1 + i % 100')}, null, 'https://mcp.example', 'NONE', '[]', ${at}, ${at} from ${numbers(keyCount)}`,
  )
  if (isPostgres) await fill(app, 'vacuum analyze')
}, 600_000)
afterAll(() => app.close())

const aliased = (count: number, field: string): string => `{ ${Array.from({ length: count }, (_, i) => `a${i}: ${field}`).join(' ')} }`
const day = (): string =>
  `from: "${new Date(app.clock.now().getTime() - 86_400_000).toISOString()}", to: "${app.clock.now().toISOString()}"`

describe(`beside ${keyCount} keys and ${eventCount} events`, () => {
  const documents: Record<string, readonly [credential: () => string, document: () => string]> = {
    'three counts': [
      () => acme.sandboxKey,
      () =>
        '{ apiKeys(first: 1) { totalCount } accessTokens(first: 1, filter: { status: ACTIVE }) { totalCount } endUsers(first: 1) { totalCount } }',
    ],
    'thirty searches for what is nowhere': [
      () => acme.sandboxKey,
      () => aliased(30, 'apiKeys(first: 1, filter: { search: "nowhere" }) { nodes { id } }'),
    ],
    'thirty orders without an index': [
      () => acme.sandboxKey,
      () => aliased(30, 'apiKeys(first: 100, orderBy: { field: LABEL, direction: ASC }) { nodes { id } }'),
    ],
    'thirty states without an index': [
      () => acme.sandboxKey,
      () => aliased(30, 'apiKeys(first: 1, filter: { statuses: [REVOKED] }) { nodes { id } }'),
    ],
    'thirty pages by an index': [() => acme.adminToken, () => aliased(30, 'apiKeys(first: 100) { nodes { id } }')],
    'thirty lists of another place': [() => elsewhere, () => aliased(30, 'auditEvents(first: 1) { nodes { id } }')],
    'thirty filters that no event fits': [
      () => acme.adminToken,
      () => aliased(30, 'auditEvents(first: 1, filter: { outcome: DENIED, environment: PRODUCTION }) { nodes { id } }'),
    ],
    'ten aggregates': [
      () => acme.sandboxKey,
      () => aliased(10, `usage(${day()}, interval: MINUTE, groupBy: [END_USER], filter: { operations: ["none"] }) { start requests }`),
    ],
    'an aggregate of a thousand rows': [
      () => acme.sandboxKey,
      () => `{ usage(${day()}, interval: MINUTE) { start requests denied operation apiKey { id label } endUser { id } } }`,
    ],
    'thirty end users by their external id': [() => acme.sandboxKey, () => aliased(30, 'endUser(externalId: "nobody") { id }')],
    'thirty filters by an external id': [
      () => acme.adminToken,
      () => aliased(30, 'mcpServers(first: 1, filter: { externalUserId: "nobody" }) { nodes { id } }'),
    ],
    'a hundred nested lists': [
      () => acme.adminToken,
      () => '{ mcpServers(first: 100) { nodes { id credentials(first: 10) { nodes { id name } } } } }',
    ],
    'a hundred nested lists that are empty': [
      () => acme.sandboxKey,
      () => '{ mcpServers(first: 100) { nodes { id credentials(first: 1) { nodes { id } } } } }',
    ],
    'three nested counts': [
      () => acme.adminToken,
      () => '{ mcpServers(first: 3) { nodes { credentials(includeRevoked: true) { totalCount } } } }',
    ],
  }
  test.each(Object.entries(documents))('the loop turns during %s', async (...[name, [credential, document]]) => {
    const { result, longestMs } = await measureStall<Answer>(() => app.run(credential(), document()))
    if (isFull) process.stdout.write(`${isPostgres ? 'PostgreSQL' : 'SQLite'}: ${name}: ${longestMs.toFixed(0)} ms\n`)
    expect([undefined, 'QUERY_TIMEOUT']).toContain(codeOf(result))
    expect(longestMs).toBeLessThan(longestStall)
  })
})
