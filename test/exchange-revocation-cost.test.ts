/** Cost of revoking a key: constant in the number of its live tokens. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { revocationQueries } from '../src/database/queries/revocations.js'
import { startApp, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import { organization, type SeededKey, type SeededOrganization } from './support/seed.js'
import { exchange, fetchRevocationList } from './support/tokens.js'

const many = 100_000

let app: TestApp
let acme: SeededOrganization
let statements: string[] = []
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  const logger = app.services.orm.config.getLogger()
  logger.isEnabled = () => true
  logger.logQuery = ({ query }) => void statements.push(query ?? '')
})
afterAll(() => app.close())

const run = (sql: string, parameters: unknown[] = []): Promise<{ count: unknown }[]> =>
  app.services.orm.em.getConnection().execute(sql, parameters)

/** Copies of one of its tokens, all live. */
async function fill(key: SeededKey): Promise<string> {
  const { token, accessToken } = await exchange(app, key.secret, { audience: app.config.url })
  const columns =
    'organization_id, project_id, environment, api_key_id, end_user_id, audience, permissions, signing_key_id, issued_at, expires_at, revoked_at'
  const numbers = isPostgres
    ? `select n from generate_series(1, ${many}) n`
    : `with recursive s(n) as (select 1 union all select n + 1 from s where n < ${many}) select n from s`
  await run(
    `insert into access_token (id, ${columns}) select 'at_copy_' || n, ${columns} from access_token, (${numbers}) numbers where id = ?`,
    [accessToken.id],
  )
  if (isPostgres) await run('analyze access_token')
  return token
}

/** What revoking a key does: its statements, without what differs by nature, and how many rows each wrote. */
async function workOf(key: SeededKey): Promise<string[]> {
  statements = []
  const { apiKey } = await app.mutate(acme.adminToken, 'revokeApiKey', { id: key.id }, 'apiKey { status }')
  expect(apiKey.status).toBe('REVOKED')
  return statements.map((sql) => sql.replaceAll(/'[^']*'/g, '?').replaceAll(/\b\d+\b/g, '#'))
}

test('revoking a key with 100,000 tokens executes the same statements as revoking one without tokens', async () => {
  const few = await acme.apiKey()
  const full = await acme.apiKey()
  const token = await fill(full)
  // Used as the other one is, but never exchanged.
  await app.run(few.secret, '{ viewer { kind } }')
  await app.services.writeBehind.flush()
  const usual = await workOf(few)
  expect(await workOf(full)).toEqual(usual)
  expect(usual.length).toBeGreaterThan(2)
  expect(usual.join()).not.toContain('access_token')
  const [counted] = await run('select count(*) as count from access_token where api_key_id = ? and revoked_at is null', [full.id])
  expect(Number(counted?.count)).toBe(many + 1)
  // All of them are dead: here, and on the list that others poll, which names the key alone.
  expect((await app.run(token, '{ viewer { kind } }')).status).toBe(401)
  const { introspection } = await app.mutate(acme.sandboxKey, 'introspectToken', { token }, 'introspection { active }')
  expect(introspection.active).toBe(false)
  const list = await fetchRevocationList(app)
  expect(list.revokedClients).toEqual([full.id])
  expect(list.revokedTokens).toEqual([])
})

test('the revocation list is read from indexes only', async () => {
  for (const { sql } of revocationQueries) {
    const at = isPostgres ? `'${app.clock.at.toISOString()}'` : String(app.clock.at.getTime())
    const plan = await app.services.orm.em.fork().transactional(async (em) => {
      // Tables this small are not worth an index, which is not the question.
      if (isPostgres) await em.getConnection().execute('set local enable_seqscan = off', [], 'all', em.getTransactionContext())
      const explain = `explain ${isPostgres ? '' : 'query plan '}${sql.replaceAll('?', at)}`
      return em.getConnection().execute(explain, [], 'all', em.getTransactionContext())
    })
    const text = JSON.stringify(plan)
    expect(text).toMatch(/Index|USING/)
    expect(text).not.toMatch(/Seq Scan|SCAN \w+"/)
  }
})
