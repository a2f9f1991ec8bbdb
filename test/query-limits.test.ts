/** How many lists and counts of one organization run and wait, how long each may take, and what others notice of it: nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'

import { codeOf, startApp, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import { fill } from './support/fill.js'
import { organization, type SeededOrganization } from './support/seed.js'

const queued = 2
/** On PostgreSQL by the setting below; SQLite has a thread for one. */
const running = isPostgres ? 3 : 1

let app: TestApp
let acme: SeededOrganization
let other: SeededOrganization
beforeAll(async () => {
  app = await startApp({ KEYHOUSE_LIMIT_LISTS_PER_ORGANIZATION: '3', KEYHOUSE_LIMIT_QUEUED_LISTS_PER_ORGANIZATION: String(queued) })
  acme = await organization(app)
  other = await organization(app)
  const steps = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < '
  const begun = performance.now()
  await fill(app, `${steps} 1000000) select count(*) from n`)
  const stepsASecond = Math.ceil(1e9 / (performance.now() - begun))
  // Invitations become as slow as the table `slow` says, as if there were very many.
  const isSlow = isPostgres
    ? 'exists (select 1 from slow, pg_sleep(slow.seconds))'
    : `0 <= (${steps} (select ${stepsASecond} * seconds from slow)) select count(*) from n)`
  await fill(app, 'alter table invitation rename to invitation_row')
  await fill(app, `create table slow (seconds ${isPostgres ? 'double precision' : 'real'})`)
  await fill(app, 'insert into slow values (0)')
  await fill(app, `create view invitation as select invitation_row.* from invitation_row where ${isSlow}`)
  await fill(
    app,
    `insert into invitation_row (id, organization_id, email, email_key, role, digest, invited_by, created_at, expires_at)
    values ('inv_1', '${acme.id}', 'x', 'x', 'READER', 'x', 'usr_1', ${isPostgres ? 'now(), now()' : '1, 1'})`,
  )
})
afterEach(async () => {
  await take(0)
  // On SQLite a query that ran out of time has its place until it ends.
  await app.run(acme.adminToken, slowList)
})
afterAll(() => app.close())

const take = (seconds: number): Promise<void> => fill(app, `update slow set seconds = ${seconds}`)
const slowList = '{ invitations { nodes { id } } }'
const viewer = '{ viewer { kind } }'
describe('a list that takes longer than two seconds', () => {
  test('is a field error, and nobody else waits for it', async () => {
    await take(3)
    const before = performance.now()
    const late = app.run(acme.adminToken, '{ invitations { totalCount } }')
    const slow = { isOver: false }
    void late.finally(() => {
      slow.isOver = true
    })
    // Credentials are believed meanwhile, its own as well, and others list and count.
    const others: readonly [credential: string, document: string][] = [
      [acme.sandboxKey, viewer],
      [other.adminToken, viewer],
      [other.sandboxKey, '{ apiKeys { totalCount nodes { id } } }'],
      [other.sandboxKey, '{ apiKeys(filter: { search: "first" }) { nodes { id } } }'],
    ]
    let served = 0
    for (let i = 0; !slow.isOver; i++) {
      const [credential, document] = others[i % others.length]!
      expect((await app.run(credential, document)).errors).toBeUndefined()
      if (!slow.isOver) served++
    }
    expect(served).toBeGreaterThanOrEqual(others.length)
    expect(performance.now() - before).toBeGreaterThan(1900)
    const answer = await late
    expect(answer).toMatchObject({ status: 200, errors: [{ path: ['invitations'], extensions: { code: 'QUERY_TIMEOUT' } }] })
    expect(answer.errors![0]!.message).toBe('This query took longer than 2 seconds. Narrow its filter, or leave out "totalCount".')
  })
})

describe('lists of one organization at once', () => {
  test(`${running} run, ${queued} wait, and one more is refused`, async () => {
    await take(0.25)
    const asked = Array.from({ length: running + queued + 1 }, () => app.run(acme.adminToken, slowList))
    // Another organization has a queue of its own.
    expect((await app.run(other.sandboxKey, '{ apiKeys { totalCount } }')).errors).toBeUndefined()
    const answers = await Promise.all(asked)
    expect(answers.filter((answer) => !answer.errors)).toHaveLength(running + queued)
    const [refused] = answers.filter((answer) => answer.errors)
    expect(refused!.status).toBe(429)
    expect(codeOf(refused!)).toBe('CONCURRENCY_LIMITED')
    expect(refused!.errors![0]!.message).toBe('Too many lists and counts of your organization are waiting. Send fewer at once.')
    expect(refused!.headers.get('retry-after')).toBe('1')
    // What was given back can be taken again.
    expect((await app.run(acme.adminToken, slowList)).errors).toBeUndefined()
  })
  test('those of one document take one place, however many and however nested', async () => {
    const lists = Array.from({ length: 30 }, (_, i) => `a${i}: apiKeys(filter: { search: "first" }) { nodes { id } }`)
    const answers = await Promise.all(Array.from({ length: running + queued }, () => app.run(acme.sandboxKey, `{ ${lists.join(' ')} }`)))
    expect(answers.map(codeOf)).toEqual(answers.map(() => undefined))
  })
})

test('a list and a count see what the same caller has just changed', async () => {
  for (let i = 0; i < 10; i++) {
    const { secret } = await app.mutate(other.sandboxKey, 'createApiKey', { label: `mine ${i}`, permissions: ['api_key:read'] }, 'secret')
    const { data } = await app.run(secret, `{ apiKeys(filter: { search: "mine ${i}" }) { totalCount nodes { label } } }`)
    expect(data.apiKeys).toEqual({ totalCount: 1, nodes: [{ label: `mine ${i}` }] })
  }
})
