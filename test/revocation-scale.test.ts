/** Revocation list of 300,000 tokens (60,000 on PostgreSQL): event loop stall, response, and sandbox reset. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { request } from 'undici'

import { startApp, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import { measureStall } from './support/event-loop-stall.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { exchange } from './support/tokens.js'

/** PostgreSQL does its part elsewhere, and a page costs the loop the same however many there are. */
const part = isPostgres ? 6000 : 30_000
const parts = 10
/** Milliseconds. */
const longestStall = 250

let app: TestApp
let acme: SeededOrganization
const run = (sql: string, parameters: unknown[] = []): Promise<unknown> => app.services.orm.em.getConnection().execute(sql, parameters)

beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  const { accessToken } = await exchange(app, acme.sandboxKey)
  const columns =
    'organization_id, project_id, environment, api_key_id, end_user_id, audience, permissions, signing_key_id, issued_at, expires_at, revoked_at'
  const numbers = isPostgres
    ? `select n from generate_series(1, ${part}) n`
    : `with recursive s(n) as (select 1 union all select n + 1 from s where n < ${part}) select n from s`
  const id = isPostgres ? `'at_' || md5(random()::text)` : `'at_' || lower(hex(randomblob(16)))`
  const sql = `insert into access_token (id, ${columns}) select ${id}, ${columns} from access_token, (${numbers}) numbers where id = ?`
  for (let i = 0; i < parts; i++) await run(sql, [accessToken.id])
  if (isPostgres) await run('analyze access_token')
}, 120_000)
afterAll(() => app.close())

const list = async (headers: Record<string, string>): Promise<[status: number, bytes: number]> => {
  const answer = await request(`${app.url}/.well-known/revoked.json`, { headers })
  let bytes = 0
  for await (const chunk of answer.body) bytes += (chunk as Buffer).length
  return [answer.statusCode, bytes]
}

test('a sandbox reset that revokes them writes none of them, and holds the loop no longer than one look at each', async () => {
  const { result, longestMs } = await measureStall(() => app.mutate(acme.sandboxKey, 'resetSandbox', null, 'revokedTokens'))
  expect(result.revokedTokens).toBe(parts * part + 1)
  expect(longestMs).toBeLessThan(longestStall)
  const [, bytes] = await list({})
  expect(bytes).toBeLessThan(200)
})

test('a list of all of them is computed in small steps, and answered from memory', async () => {
  const next = `select id from access_token where revoked_at is null limit ${part}`
  for (let i = 0; i <= parts; i++) await run(`update access_token set revoked_at = issued_at where id in (${next})`)
  const first = await measureStall(() => list({ 'accept-encoding': 'gzip' }))
  const [status, bytes] = first.result
  expect(status).toBe(200)
  expect(first.longestMs).toBeLessThan(longestStall)
  const again = await measureStall(() => Promise.all(Array.from({ length: 20 }, () => list({ 'accept-encoding': 'gzip' }))))
  expect(again.result).toEqual(Array.from({ length: 20 }, () => [200, bytes]))
  expect(again.longestMs).toBeLessThan(longestStall)
  const plain = await measureStall(() => list({ 'accept-encoding': 'identity' }))
  expect(plain.result[1]).toBeGreaterThan(parts * part * 36)
  expect(plain.longestMs).toBeLessThan(longestStall)
}, 120_000)
