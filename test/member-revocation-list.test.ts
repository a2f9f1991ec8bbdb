/** The revocation list after a member is removed or revokes its tokens. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { timestampAfter, createPersonalToken, minute } from './support/users.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

async function listed(): Promise<string[]> {
  const answer = (await (await fetch(`${app.url}/.well-known/revoked.json`)).json()) as { revokedTokens: string[] }
  return answer.revokedTokens
}

test('names each token that was revoked, alone, with all others or with its member, until it would have ended', async () => {
  const { token } = await acme.member('MEMBER')
  const leaver = await acme.member('MEMBER')
  const brief = { type: 'EPHEMERAL', permissions: ['api_key:read'], expiresAt: timestampAfter(app, minute) }
  const [alone, byAdmin, withAll] = [
    await createPersonalToken(app, token, brief),
    await createPersonalToken(app, token, brief),
    await createPersonalToken(app, token, brief),
  ]
  const withMember = await createPersonalToken(app, leaver.token, brief)
  const kept = await createPersonalToken(app, acme.adminToken, brief)
  expect(await listed()).toEqual([])
  await app.mutate(token, 'revokePersonalToken', { id: alone.id }, 'personalToken { id }')
  expect(await listed()).toEqual([alone.id])
  await app.mutate(acme.adminToken, 'revokeOrganizationToken', { id: byAdmin.id }, 'personalToken { id }')
  await app.mutate(token, 'revokeAllPersonalTokens', null, 'revokedCount')
  await app.mutate(acme.adminToken, 'removeMember', { id: leaver.memberId }, 'removedMemberId')
  const all = [alone, byAdmin, withAll, withMember].map(({ id }) => id)
  expect(await listed()).toEqual(expect.arrayContaining(all))
  expect(await listed()).not.toContain(kept.id)
  app.clock.advance(minute)
  const left = await listed()
  for (const id of all) expect(left).not.toContain(id)
})
