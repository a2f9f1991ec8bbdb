/**
 * A screen of the console takes at most twice as long with 10,000 keys, 1,000,000 events and 200 members as with 100 of each.
 * `npm run test:long` measures it in a browser; the usual run looks at the plans of the queries that the screens send.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'

import { Context } from '../../../src/context/context.js'
import { toSqliteParameter } from '../../../src/database/dialect.js'
import type { TenantQuery } from '../../../src/database/query-runner.js'
import { startApp, type TestApp } from '../../support/app.js'
import { launchBrowser } from '../../support/browser.js'
import { fill, fillTable, hex, json, sqlLiteral, timestamp } from '../../support/bulk-insert.js'
import { consoleEnv } from '../../support/console.js'
import { executeSql } from '../../support/database-access.js'
import { isPostgres } from '../../support/database.js'
import { organization, type SeededOrganization } from '../../support/seed.js'
import { openConsole } from '../../support/signed-in-page.js'

interface Scale {
  readonly keys: number
  readonly events: number
  readonly members: number
}

declare const consoleScale: Scale

const isFull = consoleScale.events >= 1_000_000
/** Loads of each screen; the fastest counts, since other programs use the machine. */
const loads = 5
const largestRatio = 2
const hourMs = 3_600_000

let app: TestApp
let browser: Browser
beforeAll(async () => {
  app = await startApp(consoleEnv, { clock: () => new Date() })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await app.close()
})

/** Inserts keys, a day of events and members. */
async function fillOrganization(acme: SeededOrganization, { keys, events, members }: Scale): Promise<void> {
  await acme.apiKeys(keys, ['agent:read'])
  for (let i = 0; i < members; i++) await acme.member('READER')
  await fillTable(app, 'audit_event', events, {
    id: `'evt_' || ${hex(`i + ${acme.id.length + events}`)}`,
    organization_id: sqlLiteral(acme.id),
    project_id: sqlLiteral(acme.projectId),
    environment: sqlLiteral('SANDBOX'),
    seq: 'i + 100000',
    action: "case when i % 100 = 0 then 'api_key:create' else 'api_key:exchange' end",
    outcome: "case when i % 50 = 0 then 'DENIED' else 'ALLOWED' end",
    actor_id: "'key_' || (i % 200)",
    subject_id: "'x'",
    request_id: "'req_' || i",
    details: json(sqlLiteral({})),
    at: timestamp(`${Date.now() - 24 * hourMs} + i * ${Math.max(1, Math.floor((23 * hourMs) / events))}`),
    previous_hash: "''",
    hash: "''",
  })
}

const paths = [
  '/',
  '/keys',
  '/keys?status=ACTIVE',
  '/keys?order=LABEL',
  '/keys?search=agent',
  '/tokens',
  '/end-users',
  '/servers',
  '/approvals',
  '/audit',
  '/audit?outcome=DENIED',
  '/audit?action=api_key:create',
  '/usage',
  '/people',
  '/people?list=tokens',
  '/me',
] as const

/** Those whose queries search, count or group. */
const countingPaths = ['/', '/keys?search=agent', '/audit?outcome=DENIED', '/usage', '/people?list=tokens']

/** Milliseconds from the first request for data to the last answer, without the time of the page's own files. */
async function load(page: Page, path: string): Promise<number> {
  await page.goto(`${app.url}/console${path}`)
  await page.waitForLoadState('networkidle')
  return page.evaluate<number>(`(() => {
    const requests = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/graphql'))
    return Math.max(...requests.map(({ responseEnd }) => responseEnd)) - Math.min(...requests.map(({ startTime }) => startTime))
  })()`)
}

async function planOf({ sql, parameters }: TenantQuery): Promise<string> {
  const values = isPostgres ? parameters : parameters.map(toSqliteParameter)
  const rows = await executeSql(app, `explain ${isPostgres ? '' : 'query plan '}${sql}`, values)
  return rows.map((row) => String(Reflect.get(row, isPostgres ? 'QUERY PLAN' : 'detail'))).join('\n')
}

/** A read of the rows of every organization. PostgreSQL prefers it where one organization has nearly all keys, but not for events. */
const wholeTable = isPostgres ? /Seq Scan on audit_event/ : /\bSCAN (audit_event|api_key|access_token|usage_count|member)\b/

test(`each screen of an organization with ${consoleScale.events} events reads along an index, and as fast as that of a small one`, async () => {
  const [large, small] = [await organization(app), await organization(app)]
  await fillOrganization(large, consoleScale)
  if (isFull) await fillOrganization(small, { keys: 100, events: 100, members: 100 })
  if (isPostgres) await fill(app, 'vacuum analyze')
  const { page } = await openConsole(browser, { app, acme: large })
  const spy = jest.spyOn(Context.prototype, 'query')
  for (const path of isFull ? [] : countingPaths) await load(page, path)
  const smallPage = isFull ? (await openConsole(browser, { app, acme: small })).page : page
  const slow: string[] = []
  for (const path of isFull ? paths : []) {
    const times: Record<'large' | 'small', number[]> = { large: [], small: [] }
    for (let i = 0; i < loads; i++) {
      times.large.push(await load(page, path))
      times.small.push(await load(smallPage, path))
    }
    const [largeMs, smallMs] = [Math.min(...times.large), Math.min(...times.small)]
    const line = `${path.padEnd(32)}${smallMs.toFixed(0).padStart(6)} ms with 100 rows ${largeMs.toFixed(0).padStart(6)} ms`
    process.stdout.write(`${isPostgres ? 'PostgreSQL' : 'SQLite'}  ${line}\n`)
    if (largeMs > largestRatio * smallMs) slow.push(line)
  }
  const plans = new Map<string, string>()
  for (const [query] of spy.mock.calls) if (!plans.has(query.sql)) plans.set(query.sql, await planOf(query))
  spy.mockRestore()
  expect(plans.size).toBeGreaterThan(countingPaths.length)
  expect([...plans].filter(([, plan]) => wholeTable.test(plan))).toEqual([])
  expect(slow).toEqual([])
}, 600_000)
