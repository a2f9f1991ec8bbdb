/**
 * Documents within the limits that make the database work hardest. None may hold the event loop, whatever there is.
 * `KEYHOUSE_TEST_SCALE=full` does it with 100,000 keys and 300,000 events, and prints the stalls.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import { fill, fillTable, hex, json, timestamp, sqlLiteral } from './support/bulk-insert.js'
import { isPostgres } from './support/database.js'
import { measureStall } from './support/event-loop-stall.js'
import { organization, type SeededOrganization } from './support/seed.js'

const isFull = process.env['KEYHOUSE_TEST_SCALE'] === 'full'
const keyCount = isFull ? 100_000 : 20_000
const eventCount = isFull ? 300_000 : 30_000
/** Milliseconds of this thread's CPU without a turn for anybody else. */
const longestStall = 250

const texts = (count: number, length: number): string[] => Array.from({ length: count }, (_, i) => `agent:${i}`.padEnd(length, 'x'))
const ones = (count: number): number[] => Array.from({ length: count }, () => 1)

let app: TestApp
let acme: SeededOrganization
/** Another place of the same organization: its key sees none of the rows, and the database has to skip them all. */
let elsewhere: string
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  elsewhere = (await acme.apiKey({ projectId: await acme.project(), permissions: ['*'] })).secret
  const start = app.clock.now().getTime() - 86_400_000
  const id = (prefix: string, i = 'i'): string => `'${prefix}_' || ${hex(i)}`
  const at = timestamp(`${start} + i`)
  // Those of the first page.
  const newest = (long: string, short: string): string => `case when i > ${keyCount - 100} then ${long} else ${short} end`
  const place = { organization_id: sqlLiteral(acme.id), project_id: sqlLiteral(acme.projectId), environment: sqlLiteral('SANDBOX') }
  const times = { created_at: at, updated_at: at }
  await fillTable(app, 'api_key', keyCount, {
    id: id('key'),
    ...place,
    ...times,
    label: "'label ' || i",
    preview: sqlLiteral('kh_sand_****'),
    digest: hex('i'),
    permissions: json(newest(sqlLiteral(texts(100, 150)), sqlLiteral([]))),
    rate_limits: sqlLiteral([]),
    standing: '0',
    end_overlap_at_first_use: isPostgres ? 'false' : '0',
  })
  await fillTable(app, 'end_user', keyCount, { id: id('eu'), ...place, external_id: "'user-' || i", first_seen_at: at, last_seen_at: at })
  await fillTable(app, 'access_token', keyCount, {
    id: id('at'),
    ...place,
    api_key_id: id('key'),
    end_user_id: id('eu'),
    signing_key_id: sqlLiteral('sk_1'),
    permissions: sqlLiteral([]),
    audience: sqlLiteral('https://a.example'),
    issued_at: at,
    expires_at: timestamp(`${start} + 172800000 + i`),
  })
  await fillTable(app, 'audit_event', eventCount, {
    id: id('evt'),
    ...place,
    seq: 'i + 1000',
    action: sqlLiteral('api_key:exchange'),
    outcome: sqlLiteral('ALLOWED'),
    actor_id: sqlLiteral('key_1'),
    subject_id: id('at'),
    details: sqlLiteral({}),
    request_id: sqlLiteral('req_1'),
    at,
    previous_hash: "''",
    hash: "''",
  })
  await fillTable(app, 'usage_count', keyCount, {
    ...place,
    length: sqlLiteral('MINUTE'),
    end_user_id: "'eu_' || (i % 500)",
    api_key_id: id('key'),
    operation: sqlLiteral('apiKeys'),
    start: timestamp(`${Math.floor(start / 60_000) * 60_000} + (i / 200) * 60000`),
    requests: '1',
    denied: '0',
  })
  await fillTable(app, 'mcp_server', 100, {
    id: id('mcp_srv'),
    ...place,
    ...times,
    owner_key: sqlLiteral('backend'),
    name: sqlLiteral('Server'),
    server_label: "'server-' || i",
    server_url: sqlLiteral('https://mcp.example'),
    server_description: sqlLiteral('d'.repeat(10_000)),
    require_approval: sqlLiteral('ALWAYS'),
    allowed_tools: sqlLiteral(texts(256, 128)),
    metadata: sqlLiteral({ ones: ones(8000) }),
  })
  await fillTable(app, 'mcp_credential', keyCount, {
    id: id('mcp_cred'),
    ...place,
    ...times,
    end_user_id: id('eu'),
    server_id: id('mcp_srv', '1 + i % 100'),
    origin: sqlLiteral('https://mcp.example'),
    auth_type: sqlLiteral('NONE'),
    header_names: sqlLiteral([]),
  })
  await fillTable(app, 'mcp_tool_approval', 100, {
    id: id('mcp_apr'),
    ...place,
    server_id: id('mcp_srv'),
    call_digest: hex('i'),
    tool: sqlLiteral('tool'),
    state: sqlLiteral('PENDING'),
    arguments: sqlLiteral({ ones: ones(32_000) }),
    requested_by: sqlLiteral([]),
    requested_at: at,
    expires_at: timestamp(`${start} + 172800000`),
  })
  if (isPostgres) await fill(app, 'vacuum analyze')
}, 600_000)
afterAll(() => app.close())

/** Of an answer: to parse all of it would hold the loop, too. */
async function beginningOf(credential: string, query: string): Promise<string> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${credential}` }
  const { body } = await fetch(`${app.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
  let text = ''
  for await (const chunk of body!) if (text.length < 1000) text += Buffer.from(chunk as Uint8Array).toString()
  return text.slice(0, 1000)
}

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
    'as many tool arguments as fit': [() => acme.sandboxKey, () => aliased(3, 'mcpToolApprovals(first: 100) { nodes { arguments } }')],
    'as many objects as fit': [() => acme.sandboxKey, () => aliased(3, 'mcpServers(first: 100) { nodes { metadata } }')],
    'as many lists of tools as fit': [() => acme.sandboxKey, () => aliased(8, 'mcpServers(first: 100) { nodes { allowedTools } }')],
    'as many descriptions as fit': [() => acme.sandboxKey, () => aliased(30, 'mcpServers(first: 100) { nodes { serverDescription } }')],
    'as many permissions as fit': [() => acme.sandboxKey, () => aliased(8, 'apiKeys(first: 100) { nodes { permissions } }')],
    'three nested counts': [
      () => acme.adminToken,
      () => '{ mcpServers(first: 3) { nodes { credentials(includeRevoked: true) { totalCount } } } }',
    ],
  }
  test.each(Object.entries(documents))('the loop turns during %s', async (...[name, [credential, document]]) => {
    const { result, longestMs } = await measureStall(() => beginningOf(credential(), document()))
    if (isFull) process.stdout.write(`${isPostgres ? 'PostgreSQL' : 'SQLite'}: ${name}: ${longestMs.toFixed(0)} ms\n`)
    expect(result).toMatch(/^\{"data"|QUERY_TIMEOUT/)
    expect(longestMs).toBeLessThan(longestStall)
  })
})
