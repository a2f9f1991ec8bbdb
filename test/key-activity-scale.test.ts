/**
 * Activity, unused permissions and effective access of a key cost the same however much there is: each query reads along an
 * index and ends at a limit. `npm run test:long` does it with 1,000,000 events and 10,000 tokens, and prints plans and times.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'

import { Context } from '../src/context/context.js'
import { toSqliteParameter } from '../src/database/dialect.js'
import type { TenantQuery } from '../src/database/query-runner.js'
import { startApp, type Answer, type TestApp } from './support/app.js'
import { fill, fillTable, hex, json, sqlLiteral, timestamp } from './support/bulk-insert.js'
import { executeSql } from './support/database-access.js'
import { isPostgres } from './support/database.js'
import { organization, type SeededKey, type SeededOrganization } from './support/seed.js'

declare const keyEvents: number

const isFull = keyEvents >= 1_000_000
const tokenCount = isFull ? 10_000 : 2000
/** Keys of the organization with usage, besides the one that is looked at. */
const otherKeys = isFull ? 2000 : 200
/** Counted events of an action that is a tenth of the key's. */
const seldom = Math.min(1000, keyEvents / 40)
const day = 86_400_000
/** Milliseconds of one document over HTTP, on a machine that others use too. */
const longest = 1000

let app: TestApp
let acme: SeededOrganization
let busy: SeededKey
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  busy = await acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:echo', 'mcp_tool:send_mail', 'api_key:create', 'agent:read'] })
  const now = app.clock.now().getTime()
  const place = { organization_id: sqlLiteral(acme.id), project_id: sqlLiteral(acme.projectId), environment: sqlLiteral('SANDBOX') }
  const event = { ...place, subject_id: "'x'", request_id: "'r'", previous_hash: "''", hash: "''" }
  // A quarter is one key's: calls of one tool, with refusals and exchanges between them.
  await fillTable(app, 'audit_event', keyEvents, {
    ...event,
    id: `'evt_' || ${hex('i')}`,
    seq: 'i + 1000',
    action: "case when i % 10 = 0 then 'api_key:exchange' when i % 10 = 1 then 'mcp_server:test' else 'mcp_tool:call' end",
    outcome: "case when i % 10 = 2 then 'DENIED' else 'ALLOWED' end",
    actor_id: `case when (i / 10) % 4 = 0 then '${busy.id}' else 'key_' || (i % 200) end`,
    details: json(sqlLiteral({ tool: 'echo', outcome: 'OK', durationMs: 12 })),
    at: timestamp(`${now - day} + i * ${Math.floor(day / keyEvents)}`),
  })
  // Ninety days of every key, by eleven operations.
  await fillTable(app, 'usage_count', otherKeys * 990, {
    ...place,
    length: sqlLiteral('DAY'),
    end_user_id: "'*'",
    start: timestamp(`${Math.floor(now / day) * day} - (i % 90) * ${day}.0`),
    api_key_id: `case when i / 990 = 0 then '${busy.id}' else 'key_' || (i / 990) end`,
    operation: "'operation_' || (i / 90 % 11)",
    requests: '10',
    denied: '1',
  })
  await fillTable(app, 'access_token', tokenCount * 10, {
    ...place,
    id: `'at_' || ${hex('i')}`,
    api_key_id: `case when i % 10 = 0 then '${busy.id}' else 'key_' || (i % 200) end`,
    end_user_id: "'eu_' || i",
    signing_key_id: "'sk_1'",
    permissions: json(sqlLiteral([])),
    audience: "'https://a.example'",
    has_tenant_issuer: isPostgres ? 'true' : '1',
    issued_at: timestamp(`${now} - 1000`),
    expires_at: timestamp(`${now} + 1000000 + i`),
  })
  // SQLite plans without statistics here, as it does in service.
  if (isPostgres) await fill(app, 'vacuum analyze')
}, 900_000)
afterAll(() => app.close())

const plansOf = (queries: readonly TenantQuery[]): Promise<string[]> =>
  Promise.all(
    queries.map(async ({ sql, parameters }) => {
      const values = isPostgres ? parameters : parameters.map(toSqliteParameter)
      const rows = await executeSql(app, `explain ${isPostgres ? '' : 'query plan '}${sql}`, values)
      return rows.map((row) => String(Reflect.get(row, isPostgres ? 'QUERY PLAN' : 'detail'))).join('\n')
    }),
  )

/** PostgreSQL names aliases of subqueries in scans of their rows; a scan of a table names the table. */
const wholeTable = isPostgres ? /Seq Scan on (audit_event|usage_count|access_token)/ : /\bSCAN (audit_event|usage_count|access_token)\b/

interface Expected {
  readonly field: string
  readonly indexes: readonly RegExp[]
  readonly answer: unknown
}

const since = (): string => new Date(app.clock.now().getTime() - 90 * day).toISOString()

const cases: readonly [title: string, expected: () => Expected][] = [
  [
    'activity by operation',
    () => ({
      field: `activity(since: "${since()}") { operations { operation requests } }`,
      indexes: [/usage_count_key_days_index/],
      answer: { activity: { operations: Array.from({ length: 11 }, () => expect.anything() as unknown) } },
    }),
  ],
  [
    'activity by action',
    () => ({
      field: `activity(since: "${since()}") { actions { action outcome count } }`,
      indexes: [/audit_event_actor_id_action_outcome_at_index/],
      answer: {
        activity: {
          actions: [
            { action: 'mcp_server:test', outcome: 'ALLOWED', count: seldom },
            { action: 'mcp_tool:call', outcome: 'ALLOWED', count: 1000 },
            { action: 'mcp_tool:call', outcome: 'DENIED', count: seldom },
          ],
        },
      },
    }),
  ],
  [
    'unused permissions',
    () => ({
      field: `unusedPermissions(since: "${since()}")`,
      indexes: [
        /usage_count_key_days_index/,
        /audit_event_actor_id_action_outcome_at_index/,
        /audit_event_actor_id_action_outcome_at_index/,
        /access_token_api_key_id_expires_at_index/,
      ],
      // With more calls than are looked at, no tool is reported.
      answer: { unusedPermissions: isFull ? ['api_key:create'] : ['mcp_tool:send_mail', 'api_key:create'] },
    }),
  ],
  [
    'live tokens',
    () => ({
      field: 'effectiveAccess { liveTokenCount }',
      indexes: [/access_token_api_key_id_expires_at_index/],
      answer: { effectiveAccess: { liveTokenCount: tokenCount } },
    }),
  ],
]

test.each(cases)('%s: is read along an index', async (title, expected) => {
  const { field, indexes, answer } = expected()
  const ask = (): Promise<Answer<{ apiKey: unknown }>> => app.run(acme.adminToken, `{ apiKey(id: "${busy.id}") { ${field} } }`)
  await ask()
  const spy = jest.spyOn(Context.prototype, 'query')
  const startedAt = performance.now()
  const { data, errors } = await ask()
  const ms = performance.now() - startedAt
  const plans = await plansOf(spy.mock.calls.map(([query]) => query))
  spy.mockRestore()
  if (isFull)
    process.stdout.write(`\n${isPostgres ? 'PostgreSQL' : 'SQLite'}: ${title}, ${ms.toFixed(1)} ms over HTTP\n${plans.join('\n\n')}\n`)
  expect(errors).toBeUndefined()
  expect(data.apiKey).toMatchObject(answer as object)
  expect(plans).toHaveLength(indexes.length)
  for (const [i, plan] of plans.entries()) {
    expect(plan).toMatch(indexes[i]!)
    expect(plan).not.toMatch(wholeTable)
  }
  expect(ms).toBeLessThan(longest)
})
