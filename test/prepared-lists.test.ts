/** A statement that was written for the form of a question asks what the query builder would have asked, with every value in its place. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { raw } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'
import fc from 'fast-check'

import { systemContext, type Context } from '../src/context/context.js'
import { listStatement } from '../src/database/queries/lists.js'
import { ApiKey } from '../src/entities/api-key.js'
import { windowOf } from '../src/pagination/page.js'
import { startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  for (const label of ['a', 'b', 'value 0']) await acme.apiKey({ label })
})
afterAll(() => app.close())

type Where = Record<PropertyKey, unknown>

/** Few values, so that the same one stands in several places of one question, and in others of the next. */
const text = fc.constantFrom('a', 'b', 'SANDBOX', 'prj_1', 'value 0', 'value 1')
const date = fc.date({ min: new Date(0), max: new Date(3), noInvalidDate: true })
const comparison = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    value,
    fc.constant(null),
    fc.record({ $ne: fc.option(value) }),
    fc.record({ $lt: value }),
    fc.record({ $gte: value }),
    fc.record({ $in: fc.array(value, { maxLength: 3 }) }),
  )
const fields = fc.record(
  {
    projectId: comparison(text),
    environment: comparison(text),
    label: comparison(text),
    createdAt: comparison(date),
    expiresAt: comparison(date),
  },
  { requiredKeys: [] },
)
const where = fc.letrec<{ node: Where }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 2 },
    fields as fc.Arbitrary<Where>,
    fc.record({ $and: fc.array(tie('node'), { minLength: 1, maxLength: 3 }) }) as fc.Arbitrary<Where>,
    fc.record({ $or: fc.array(tie('node'), { minLength: 1, maxLength: 3 }) }) as fc.Arbitrary<Where>,
  ),
})).node
const limit = fc.integer({ min: 1, max: 100 })

async function builders(ctx: Context, condition: Where, { orderBy }: ReturnType<typeof windowOf>, most: number): Promise<object> {
  const query = (ctx.em as SqlEntityManager).createQueryBuilder(ApiKey).select('*').where(condition)
  await query
    .orderBy(orderBy as object[])
    .limit(most)
    .applyFilters()
  return query.toQuery().params
}

test('with every value in its place, however often the form was asked before', async () => {
  const window = windowOf({ first: 5 }, { field: 'createdAt', direction: 'DESC' }, 'date')
  await fc.assert(
    fc.asyncProperty(where, limit, fc.constantFrom('a', 'b', acme.id), async (condition, most, organizationId) => {
      const ctx = systemContext(app.services, organizationId)
      const { parameters, sql } = await listStatement(ctx.em, ApiKey, condition, { ...window, limit: most })
      expect(sql.match(/\?/g) ?? []).toHaveLength(parameters.length)
      expect([...parameters].map(String).toSorted()).toEqual(
        ((await builders(ctx, condition, window, most)) as unknown[]).map(String).toSorted(),
      )
      // The statement finds what the entity manager finds.
      const rows = await app.services.journal.readRows(sql, parameters)
      const found = await ctx.em.find(ApiKey, condition, { orderBy: window.orderBy as object[], limit: most })
      expect(rows.map((row) => row['id'])).toEqual(found.map(({ id }) => id))
    }),
    { numRuns: 150 },
  )
})

test('one form is one text; another number of values, or null, is another', async () => {
  const { em } = systemContext(app.services, acme.id)
  const window = windowOf({ first: 5 }, { field: 'createdAt', direction: 'DESC' }, 'date')
  const sql = async (condition: Where): Promise<string> => (await listStatement(em, ApiKey, condition, window)).sql
  expect(await sql({ label: 'a' })).toBe(await sql({ label: 'b' }))
  expect(await sql({ label: null })).not.toBe(await sql({ label: 'b' }))
  expect(await sql({ label: { $in: ['a'] } })).not.toBe(await sql({ label: { $in: ['a', 'b'] } }))
})

test('SQL of its own within a condition is written anew each time', async () => {
  const { em } = systemContext(app.services, acme.id)
  const window = windowOf({ first: 5 }, { field: 'createdAt', direction: 'DESC' }, 'date')
  for (const words of ['a', 'b']) {
    const { parameters } = await listStatement(em, ApiKey, { [raw('label = ?', [words])]: [] }, window)
    expect(parameters).toContain(words)
  }
})

test('without whom it is for nothing is asked', async () => {
  const em = app.services.orm.em.fork()
  const window = windowOf({ first: 5 }, { field: 'createdAt', direction: 'DESC' }, 'date')
  await expect(listStatement(em, ApiKey, {}, window)).rejects.toThrow('No arguments provided for filter')
})
