/** Entities that a verb only reads are not written back, since a stale lastUsedAt would replace a newer one. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { ApiKey } from '../src/entities/api-key.js'
import { startApp, type TestApp } from './support/app.js'
import { organization } from './support/seed.js'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

test('a row that was only read is not a change', async () => {
  const acme = await organization(app)
  const { id } = await acme.apiKey({ expiresAt: new Date(app.clock.at.getTime() + 1000) })
  const { em } = acme
  const apiKey = await em.findOneOrFail(ApiKey, { id })
  em.getUnitOfWork().computeChangeSets()
  expect(em.getUnitOfWork().getChangeSets()).toEqual([])
  apiKey.label = 'another'
  em.getUnitOfWork().computeChangeSets()
  expect(em.getUnitOfWork().getChangeSets()).toMatchObject([{ payload: { label: 'another' } }])
})
