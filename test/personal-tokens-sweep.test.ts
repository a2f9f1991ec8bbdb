/** Removal of sealed token texts after the reveal window, without a request and after a restart. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { startReplica, createPersonalToken } from './support/users.js'
import { waitFor } from './support/wait-for.js'

let app: TestApp
let acme: SeededOrganization
beforeEach(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterEach(() => app.close())

const isWiped = async (id: string): Promise<boolean> => (await acme.tokenRow(id)).sealedText === null

test('it is wiped when the window closes, not before, with no request and no event', async () => {
  const early = await createPersonalToken(app, acme.adminToken, {})
  app.clock.advance(1)
  const late = await createPersonalToken(app, acme.adminToken, {})
  const before = await acme.events()
  app.clock.advance(299_999)
  await waitFor(() => isWiped(early.id))
  expect(await isWiped(late.id)).toBe(false)
  app.clock.advance(1)
  await waitFor(() => isWiped(late.id))
  expect(await acme.events()).toHaveLength(before.length)
})

test('a process that starts wipes what closed while none was there', async () => {
  const { id } = await createPersonalToken(app, acme.adminToken, {})
  await app.app.close()
  app.clock.advance(300_000)
  const next = await startReplica(app)
  try {
    const world = Object.assign(Object.create(Object.getPrototypeOf(acme)) as SeededOrganization, acme, { app: next })
    await waitFor(async () => (await world.tokenRow(id)).sealedText === null)
    const answer = await next.mutate(acme.adminToken, 'revealPersonalToken', { id }, 'token')
    expect(answer).toMatchObject({ token: null, userErrors: [{ code: 'ALREADY_REVEALED' }] })
  } finally {
    await next.close()
  }
})

test('several processes may sweep at once', async () => {
  const others = [await startReplica(app), await startReplica(app)]
  try {
    const { id } = await createPersonalToken(app, acme.adminToken, {})
    app.clock.advance(300_000)
    await waitFor(() => isWiped(id))
    expect(app.log).not.toContain('could not be cleared')
  } finally {
    for (const other of others) await other.close()
  }
})
