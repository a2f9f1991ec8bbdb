/**
 * Which lists are read along an index, and so, on SQLite, by the thread that serves everybody. All others may have to look
 * at every row of the tenant, and run in a thread of their own.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'

import { Context } from '../src/context/context.js'
import type { TenantQuery } from '../src/database/query-runner.js'
import { startApp, type TestApp } from './support/app.js'
import { executeSql } from './support/database-access.js'
import { isPostgres } from './support/database.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let credentials: Record<string, string>
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  const member = await acme.member('MEMBER', [acme.projectId])
  credentials = { admin: acme.adminToken, key: acme.sandboxKey, member: member.token }
})
afterAll(() => app.close())

async function queriesOf(credential: string, field: string): Promise<TenantQuery[]> {
  const query = jest.spyOn(Context.prototype, 'query')
  const { errors } = await app.run(credential, `{ ${field} }`)
  expect(errors).toBeUndefined()
  const queries = query.mock.calls.map(([one]) => one)
  query.mockRestore()
  return queries
}

async function planOf({ sql, parameters }: TenantQuery): Promise<string> {
  const rows = await executeSql(app, `explain ${isPostgres ? '' : 'query plan '}${sql}`, parameters)
  return rows.map((row) => Object.values(row).join(' ')).join('\n')
}

const cursor = Buffer.from(JSON.stringify([1, 'key_1', true])).toString('base64url')
const rows = '{ nodes { id } }'

describe('along an index', () => {
  test.each([
    ['admin', `apiKeys ${rows}`],
    ['admin', `apiKeys(last: 5, before: "${cursor}") ${rows}`],
    ['admin', `apiKeys(filter: { projectId: "prj_1", environment: SANDBOX }) ${rows}`],
    ['admin', `apiKeys(orderBy: { field: CREATED_AT, direction: ASC }) ${rows}`],
    ['key', `apiKeys ${rows}`],
    ['key', `apiKeys(first: 5, after: "${cursor}", filter: { environment: SANDBOX }) ${rows}`],
    ['admin', `accessTokens ${rows}`],
    ['admin', `auditEvents(first: 5, after: "${cursor}") ${rows}`],
    ['admin', `endUsers ${rows}`],
    ['admin', `mcpServers ${rows}`],
    ['admin', `mcpToolApprovals ${rows}`],
    ['admin', `mcpCredentials ${rows}`],
  ])('%s: %s', async (who, field) => {
    const queries = await queriesOf(credentials[who]!, field)
    expect(queries.map(({ isIndexed }) => isIndexed)).toEqual([true])
    const plan = await planOf(queries[0]!)
    // PostgreSQL reads a table with a handful of rows as a whole, whatever there is to choose from.
    if (!isPostgres) expect(plan).toMatch(/^\S+ \S+ \S+ SEARCH \S+ USING INDEX \w+_at_id_index|access_token_organization_id_id_index/)
    if (!isPostgres) expect(plan).not.toMatch(/SCAN|TEMP B-TREE/)
  })
})

describe('perhaps by every row', () => {
  test.each([
    ['admin', 'apiKeys { totalCount }', [true, false]],
    ['admin', `apiKeys(filter: { search: "x" }) ${rows}`, [false]],
    ['admin', `apiKeys(filter: { statuses: [ACTIVE] }) ${rows}`, [false]],
    ['admin', `apiKeys(filter: { environment: SANDBOX }) ${rows}`, [false]],
    ['admin', `apiKeys(filter: { unusedSince: "2026-01-01T00:00:00Z" }) ${rows}`, [false]],
    ['admin', `apiKeys(orderBy: { field: LABEL, direction: ASC }) ${rows}`, [false]],
    ['admin', `apiKeys(orderBy: { field: LAST_USED_AT, direction: DESC }) ${rows}`, [false]],
    ['member', `apiKeys ${rows}`, [false]],
    ['admin', `accessTokens(filter: { status: ACTIVE }) ${rows}`, [false]],
    ['key', `accessTokens ${rows}`, [false]],
    ['key', `auditEvents ${rows}`, [false]],
    ['admin', `auditEvents(filter: { outcome: DENIED }) ${rows}`, [false]],
    ['admin', `auditEvents(filter: { actions: ["api_key:create"] }) ${rows}`, [false]],
    ['admin', `auditEvents(filter: { externalUserId: "jane" }) ${rows}`, [false, false]],
    ['key', `auditEvents(filter: { externalUserId: "jane" }) ${rows}`, [false]],
    ['key', `endUsers ${rows}`, [false]],
    ['key', `mcpServers ${rows}`, [false]],
    ['key', `mcpToolApprovals ${rows}`, [false]],
    ['admin', `members ${rows}`, [false]],
    ['admin', `invitations ${rows}`, [false]],
    ['admin', `personalTokens ${rows}`, [false]],
    ['admin', `organizationTokens ${rows}`, [false]],
    ['admin', 'projects { id }', [false]],
    ['key', 'usage(from: "2026-06-01T00:00:00Z", to: "2026-06-01T01:00:00Z", interval: HOUR) { requests }', [false]],
  ])('%s: %s', async (who, field, expected) => {
    const queries = await queriesOf(credentials[who]!, field)
    expect(queries.map(({ isIndexed }) => isIndexed)).toEqual(expected)
  })
})
