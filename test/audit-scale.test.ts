/**
 * A page of the trail and an answer about usage cost the same however much there is: each is read along an index, in order.
 * `KEYHOUSE_TEST_SCALE=full` does it with 1,000,000 events and 10,000,000 counted requests, and prints plans and times.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'

import { Context, systemContext } from '../src/context/context.js'
import { toSqliteParameter } from '../src/database/dialect.js'
import { usageQuery } from '../src/database/queries/usage.js'
import { startApp, type Answer, type TestApp } from './support/app.js'
import { fill, hex, timestamp, numbers } from './support/bulk-insert.js'
import { executeSql } from './support/database-access.js'
import { isPostgres } from './support/database.js'
import { organization, type SeededOrganization } from './support/seed.js'

const isFull = process.env['KEYHOUSE_TEST_SCALE'] === 'full'
const eventCount = isFull ? 1_000_000 : 20_000
const usageRows = isFull ? 1_000_000 : 20_000
/** Each row of minutes stands for so many requests. */
const requestsPerRow = 10

let app: TestApp
let acme: SeededOrganization

beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  const start = app.clock.now().getTime() - 86_400_000
  // Past the real chain, which is not what is looked at here.
  await fill(
    app,
    `insert into audit_event (id, organization_id, seq, project_id, environment, action, outcome, actor_id, end_user_id, subject_id, details, request_id, ip_address, at, previous_hash, hash)
    select 'evt_' || ${hex('i')}, '${acme.id}', i + 1000, '${acme.projectId}', case when i % 50 = 0 then 'PRODUCTION' else 'SANDBOX' end,
      case when i % 1000 = 0 then 'api_key:revoke' else 'api_key:exchange' end, 'ALLOWED', 'key_' || (i % 200), case when i % 3 = 0 then 'eu_' || (i % 5000) end,
      'at_' || i, '{}', 'req_' || i, null, ${timestamp(`${start} + i`)}, '', '' from ${numbers(eventCount)}`,
  )
  // One organization's minutes, by 20 keys and 10 operations, in total and for one of 50 end users each; a tenth of it another's.
  await fill(
    app,
    `insert into usage_count (organization_id, length, end_user_id, start, project_id, environment, api_key_id, operation, requests, denied)
    select case when i % 10 = 9 then 'org_other' else '${acme.id}' end, 'MINUTE', case when j = 0 then '*' else 'eu_' || (i % 50) end,
      ${timestamp(`${Math.floor(start / 60_000) * 60_000} + (i / 200) * 60000`)}, '${acme.projectId}', 'SANDBOX', 'key_' || (i % 20), 'operation_' || (i / 20 % 10), ${requestsPerRow}, 1
    from ${numbers(usageRows)}, (select 0 as j union all select 1) as halves`,
  )
  // SQLite plans without statistics here, as it does in service.
  if (isPostgres) await fill(app, 'vacuum analyze')
}, 600_000)
afterAll(() => app.close())

/** What the application asks the database while something is done. */
async function queriesOf(work: () => Promise<unknown>, table: string): Promise<{ query: string; params: unknown[] }[]> {
  const logger = app.services.orm.config.getLogger()
  const queries: { query: string; params: unknown[] }[] = []
  const original = logger.logQuery.bind(logger)
  logger.setDebugMode(['query'])
  logger.logQuery = ({ query, params }) => queries.push({ query: query ?? '', params: [...(params ?? [])] })
  // Lists go past MikroORM's connection, and so past its log.
  const tenantQueries = jest.spyOn(Context.prototype, 'query')
  await work()
  for (const [{ sql: query, parameters }] of tenantQueries.mock.calls) queries.push({ query, params: [...parameters] })
  tenantQueries.mockRestore()
  logger.setDebugMode(false)
  logger.logQuery = original
  return queries.filter(({ query }) => new RegExp(`from ["\`]?${table}\\b`).test(query))
}

async function planOf(query: string, parameters: readonly unknown[] = []): Promise<string> {
  const rows = await executeSql(app, `explain ${isPostgres ? '' : 'query plan '}${query}`, parameters)
  return rows.map((row) => String(Reflect.get(row, isPostgres ? 'QUERY PLAN' : 'detail'))).join('\n')
}

const wholeTable = isPostgres ? /Seq Scan/ : /\bSCAN (?!CONSTANT)/
const sort = isPostgres ? /^\s*(->\s+)?Sort\b/m : /TEMP B-TREE FOR ORDER BY/

function tell(title: string, plan: string, ms: number): void {
  if (isFull) process.stdout.write(`\n${isPostgres ? 'PostgreSQL' : 'SQLite'}: ${title}, ${ms.toFixed(1)} ms over HTTP\n${plan}\n`)
}

const pageQuery = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: AuditEventFilter) {
  auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) { nodes { id } pageInfo { endCursor } } }`
const cursorAt = (i: number): string => {
  const at = app.clock.now().getTime() - 86_400_000 + i
  return Buffer.from(JSON.stringify([at, `evt_${i.toString(16).padStart(32, '0')}`, true])).toString('base64url')
}

describe(`a page of ${eventCount} events`, () => {
  const middle = eventCount / 2
  const start = (): string => new Date(app.clock.now().getTime() - 86_400_000 + middle).toISOString()
  const asked: readonly [title: string, variables: () => object, own?: RegExp][] = [
    ['the first', () => ({ first: 20 })],
    ['one in the middle', () => ({ first: 100, after: cursorAt(middle) })],
    ['one in the middle, backward', () => ({ last: 20, before: cursorAt(middle) })],
    ['the last', () => ({ last: 20 })],
    ['one action', () => ({ filter: { actions: ['api_key:revoke'] } }), /_organization_id_action_at_id_index/],
    [
      'one action, from the middle',
      () => ({ after: cursorAt(middle), filter: { actions: ['api_key:revoke'] } }),
      /_organization_id_action_at_id_index/,
    ],
    ['one actor', () => ({ filter: { actorId: 'key_7' } }), /_actor_id_at_id_index/],
    ['one subject', () => ({ filter: { subjectId: 'at_777' } }), /_subject_id_at_id_index/],
    ['an end user that never came', () => ({ filter: { externalUserId: 'nobody', environment: 'SANDBOX' } }), /_end_user_id_at_id_index/],
    ['a time', () => ({ filter: { to: start() } })],
    ['the most frequent action', () => ({ filter: { actions: ['api_key:exchange'] } })],
    ['one place', () => ({ filter: { environment: 'PRODUCTION', projectId: acme.projectId } })],
  ]
  // Gathered, or jest would take the third parameter of a shorter row for its callback.
  test.each(asked)('is read along an index: %s', async (...[title, variables, own]) => {
    const ask = (): Promise<Answer> => app.run(acme.adminToken, pageQuery, variables())
    await ask()
    const before = performance.now()
    const answer = await ask()
    const ms = performance.now() - before
    expect(answer.errors).toBeUndefined()
    const [query] = await queriesOf(ask, 'audit_event')
    const plan = await planOf(query!.query, query!.params)
    tell(title, plan, ms)
    expect(plan).toMatch(/audit_event_\w*_index/)
    expect(plan).not.toMatch(wholeTable)
    if (own) expect(plan).toMatch(own)
    // PostgreSQL may sort a few: it has statistics. SQLite, which has none, would rather walk the whole list in order.
    if (!own || !isPostgres) expect(plan).not.toMatch(sort)
  })
})

describe(`an answer about ${usageRows * requestsPerRow} counted requests`, () => {
  const usage = `query ($from: DateTime!, $to: DateTime!, $groupBy: [UsageDimension!], $filter: UsageFilter) {
    usage(from: $from, to: $to, interval: MINUTE, groupBy: $groupBy, filter: $filter) { start requests } }`
  const asked: readonly [string, object][] = [
    ['in total', {}],
    ['by key and operation', { groupBy: ['API_KEY', 'OPERATION'] }],
    ['of one end user', { filter: { externalUserIds: ['ada'] } }],
    ['by end user', { groupBy: ['END_USER'] }],
  ]
  test.each(asked)('is read along an index: %s', async (title, variables) => {
    const from = new Date(app.clock.now().getTime() - 86_400_000 + 600_000)
    const to = new Date(from.getTime() + 240_000)
    const ask = (): Promise<Answer> => app.run(acme.adminToken, usage, { from, to, ...variables })
    await ask()
    const before = performance.now()
    const answer = await ask()
    const ms = performance.now() - before
    expect(answer.errors).toBeUndefined()
    const groupBy = 'groupBy' in variables ? (variables.groupBy as []) : []
    const wanted = 'filter' in variables ? { end_user_id: ['eu_7'] } : {}
    const { actor } = systemContext(app.services, acme.id)
    const question = { interval: 'MINUTE', isTotal: false, from, to, groupBy, wanted, byPeople: null, limit: 1001 } as const
    const { sql: text, parameters } = usageQuery(actor, question)
    const plan = await planOf(text, isPostgres ? parameters : parameters.map(toSqliteParameter))
    tell(title, plan, ms)
    expect(plan).toMatch(/usage_count_(pkey|organization_id_length_start_index)|sqlite_autoindex_usage_count_1/)
    expect(plan).not.toMatch(wholeTable)
  })
})
