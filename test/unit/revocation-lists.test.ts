/** How many revocation lists a process keeps, without a database. */
import { expect, test } from '@jest/globals'

import { maxRevocationLists, RevocationLists } from '../../src/access-tokens/revocation-lists.js'
import type { QueryRunner } from '../../src/database/query-runner.js'

/** Every organization exists, and nothing was ever revoked. */
function counted(): { lists: RevocationLists; computed: () => number } {
  let computed = 0
  const reader: Pick<QueryRunner, 'read' | 'readAll'> = {
    read: () => Promise.resolve({ version: 0 }),
    readAll: ({ name }) => {
      if (name === 'revoked_access_tokens_of_issuer') computed++
      return Promise.resolve([])
    },
  }
  return { lists: new RevocationLists({ queryRunner: reader as QueryRunner, clock: () => new Date(0) }), computed: () => computed }
}

const ask = (lists: RevocationLists, i: number): Promise<unknown> => lists.ofIssuer({ organizationId: `org_${i}`, environment: 'SANDBOX' })

test(`${maxRevocationLists} lists are kept; one more drops the one that was asked for longest ago`, async () => {
  const { lists, computed } = counted()
  for (let i = 0; i < maxRevocationLists; i++) await ask(lists, i)
  for (let i = 0; i < maxRevocationLists; i++) await ask(lists, i)
  expect(computed()).toBe(maxRevocationLists)
  await ask(lists, 0)
  await ask(lists, maxRevocationLists)
  await ask(lists, 0)
  expect(computed()).toBe(maxRevocationLists + 1)
  await ask(lists, 1)
  expect(computed()).toBe(maxRevocationLists + 2)
})

test('a hundred requests at once for a list that is not there compute it once', async () => {
  const { lists, computed } = counted()
  await Promise.all(Array.from({ length: 100 }, () => ask(lists, 0)))
  expect(computed()).toBe(1)
})
