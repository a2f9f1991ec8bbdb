/** Recovery after the database ended a transaction by itself, as SQLite does when its disk is full. */
import { expect, test } from '@jest/globals'

import { startApp, type Answer } from './support/app.js'
import { organization } from './support/seed.js'

const ended = {
  sqlite: ["create trigger ended before insert on api_key begin select raise(rollback, 'ended'); end", 'drop trigger ended'],
  postgres: [
    "create function ended() returns trigger as $$ begin raise exception 'ended'; end $$ language plpgsql; create trigger ended before insert on api_key for each row execute function ended()",
    'drop trigger ended on api_key; drop function ended()',
  ],
} as const

test('changes are refused, one as the other, and taken again when it can', async () => {
  const app = await startApp()
  try {
    const acme = await organization(app)
    const [begin, end] = ended[app.config.databaseUrl === undefined ? 'sqlite' : 'postgres']
    const execute = (sql: string): Promise<unknown> => app.services.orm.em.getConnection().execute(sql)
    const create = (): Promise<Answer> =>
      app.run(acme.sandboxKey, 'mutation { createApiKey(input: { permissions: [] }) { apiKey { id } userErrors { code } } }')
    await execute(begin)
    const refused = await Promise.all(Array.from({ length: 5 }, create))
    for (const { errors } of refused) expect(errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }])
    await execute(end)
    for (const { data } of await Promise.all(Array.from({ length: 5 }, create))) expect(data.createApiKey.userErrors).toEqual([])
  } finally {
    await app.close()
  }
})
