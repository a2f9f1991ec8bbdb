/** Limits on concurrent list queries of one organization, and their isolation from others. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'

import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { controlSlowQueries, type SlowQueries } from './support/slow-queries.js'

const queued = 2
/** On PostgreSQL by the setting below; SQLite has a thread for one. */
const running = isPostgres ? 3 : 1

let app: TestApp
let acme: SeededOrganization
let other: SeededOrganization
let slow: SlowQueries
beforeAll(async () => {
  app = await startApp({ KEYHOUSE_LIMIT_LISTS_PER_ORGANIZATION: '3', KEYHOUSE_LIMIT_QUEUED_LISTS_PER_ORGANIZATION: String(queued) })
  acme = await organization(app)
  other = await organization(app)
  await app.mutate(acme.adminToken, 'inviteMember', { email: 'ada@example.com', role: 'READER' }, 'invitation { id }')
  slow = await controlSlowQueries(app)
})
afterEach(() => slow.end())
afterAll(() => app.close())

const slowList = '{ invitations { nodes { id } } }'

describe('a list that takes longer than two seconds', () => {
  test('is a field error, and nobody else waits for it', async () => {
    await slow.begin(4)
    const before = performance.now()
    const answers: Answer[] = []
    const late = app.run(acme.adminToken, '{ invitations { totalCount } }').then((one) => answers.push(one))
    // Credentials are believed meanwhile, its own as well, and others list and count.
    const others: readonly [credential: string, document: string][] = [
      [acme.sandboxKey, '{ viewer { kind } }'],
      [other.adminToken, '{ viewer { kind } }'],
      [other.sandboxKey, '{ apiKeys { totalCount nodes { id } } }'],
      [other.sandboxKey, '{ apiKeys(filter: { search: "first" }) { nodes { id } } }'],
    ]
    let served = 0
    for (let i = 0; answers.length === 0; i++) {
      const [credential, document] = others[i % others.length]!
      expect((await app.run(credential, document)).errors).toBeUndefined()
      if (answers.length === 0) served++
    }
    await late
    expect(served).toBeGreaterThanOrEqual(others.length)
    expect(performance.now() - before).toBeGreaterThan(1900)
    const [answer] = answers
    expect(answer).toMatchObject({ status: 200, errors: [{ path: ['invitations'], extensions: { code: 'QUERY_TIMEOUT' } }] })
    expect(answer!.errors![0]!.message).toBe('The query took longer than 2 seconds. Narrow the filter, or omit "totalCount".')
  })
})

describe('lists of one organization at once', () => {
  test(`${running} run, ${queued} wait, and one more is refused`, async () => {
    await slow.begin(1)
    const asked = Array.from({ length: running + queued + 1 }, () => app.run(acme.adminToken, slowList))
    const refused = await Promise.race(asked)
    expect(refused.status).toBe(429)
    expect(codeOf(refused)).toBe('CONCURRENCY_LIMITED')
    expect(refused.errors![0]!.message).toBe(
      'Too many lists and counts of your organization are queued. Send fewer concurrently, and retry after the time in Retry-After.',
    )
    expect(refused.headers.get('retry-after')).toBe('1')
    // Another organization has a queue of its own.
    expect((await app.run(other.sandboxKey, '{ apiKeys { totalCount } }')).errors).toBeUndefined()
    await slow.end()
    const answers = await Promise.all(asked)
    expect(answers.filter((answer) => !answer.errors)).toHaveLength(running + queued)
    // What was given back can be taken again.
    expect((await app.run(acme.adminToken, slowList)).errors).toBeUndefined()
  })
  test('those of one document take one place, however many and however nested', async () => {
    const searches = Array.from({ length: 30 }, (_, i) => `a${i}: apiKeys(filter: { search: "first" }) { nodes { id } }`)
    const documents = Array.from({ length: running + queued }, () => `{ ${searches.join(' ')} }`)
    const answers = await Promise.all(documents.map((document) => app.run(acme.sandboxKey, document)))
    expect(answers.map(codeOf)).toEqual(documents.map(() => undefined))
  })
})

test('a list and a count see what the same caller has just changed', async () => {
  for (let i = 0; i < 10; i++) {
    const { secret } = await app.mutate(other.sandboxKey, 'createApiKey', { label: `mine ${i}`, permissions: ['api_key:read'] }, 'secret')
    const { data } = await app.run(secret, `{ apiKeys(filter: { search: "mine ${i}" }) { totalCount nodes { label } } }`)
    expect(data.apiKeys).toEqual({ totalCount: 1, nodes: [{ label: `mine ${i}` }] })
  }
})
