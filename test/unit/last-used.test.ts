/** Times of last use on their way to the database. */
import { expect, test } from '@jest/globals'

import { LastUsed } from '../../src/journal/last-used.js'

test('a batch writes one table, so that it holds no lock in one while it waits in another', () => {
  const used = new LastUsed()
  const at = new Date('2026-01-01')
  for (const id of ['b', 'a']) {
    used.touchApiKey(id, at)
    used.touchPersonalToken(id, at)
    used.touchEndUser(id, at)
    used.touchMcpCredential(id, at)
  }
  const batches = used
    .drain()
    .map(({ changes }) => changes.statements?.map(({ sql, parameters }) => [/update (\w+)/.exec(sql)?.[1], parameters[1]]))
  const tables = ['api_key', 'personal_token', 'end_user', 'mcp_credential']
  expect(batches).toEqual(tables.map((table) => ['a', 'b'].map((id) => [table, id])))
  expect(used.drain()).toEqual([])
})
