/** Journal entries of an organization that another process locks wait on a separate connection. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'

import { startApp, type TestApp } from './support/app.js'
import { chainFaults } from './support/audit-trail.js'
import { isPostgres } from './support/database.js'
import { organization } from './support/seed.js'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const exchange = 'mutation { exchangeApiKey(input: { audience: "https://api.example.com", externalUserId: "ada" }) { accessToken { id } } }'

test('what is written behind does not end the transaction of an entry that waits', async () => {
  // On SQLite another process' lock covers the whole database, and nothing waits on the side.
  if (!isPostgres) return
  const [acme, other] = [await organization(app), await organization(app)]
  const [client, onlooker] = [1, 2].map(() => new Client({ connectionString: app.env['DATABASE_URL']! })) as [Client, Client]
  await Promise.all([client.connect(), onlooker.connect()])
  await client.query('begin')
  await client.query('select from audit_head where organization_id = any($1) for update', [[acme.id, other.id]])
  const asked = [acme, acme, other].map(({ sandboxKey }) => app.run(sandboxKey, exchange))
  for (;;) {
    // Asked afresh: within a transaction the answer would stay the same.
    const { rowCount } = await onlooker.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    if (rowCount) break
  }
  const written = app.services.writeBehind.flush()
  await client.query('commit')
  const ids = (await Promise.all(asked)).map(({ data }) => data.exchangeApiKey.accessToken.id)
  await written

  const { rows } = await client.query(
    `select t.id, t.xmin::text = e.xmin::text as "isOne" from access_token t join audit_event e on e.subject_id = t.id where t.id = any($1)`,
    [ids],
  )
  expect(rows).toHaveLength(3)
  expect(rows.filter(({ isOne }) => !isOne)).toEqual([])
  for (const { id } of [acme, other]) expect(await chainFaults(app.services.orm, id)).toEqual([])
  await Promise.all([client.end(), onlooker.end()])
})
