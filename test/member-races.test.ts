/** Races between changes of members and their requests: nothing is created that could not be created afterwards. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import { refusalsIn } from './support/audit-trail.js'
import { isPostgres } from './support/database.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { acceptInvitation, startReplica, invite, firstErrorCode } from './support/users.js'

// Two hundred mutations take their time on a busy machine.
jest.setTimeout(90_000)

let app: TestApp
/** Where the other one of two requests goes. Two writers of SQLite in one process would wait for each other for ever. */
let other: TestApp
beforeAll(async () => {
  app = await startApp()
  other = isPostgres ? await startReplica(app) : app
})
afterAll(async () => {
  if (other !== app) await other.close()
  await app.close()
})

const outcomeOf = (payload: { userErrors: { code: string }[] }): string => firstErrorCode(payload) ?? 'OK'

const mutations = 200
const atOnce = 16

/** Runs `work` 200 times, some at once, and `change` when a quarter is done. */
async function during(work: (i: number) => Promise<unknown>, change: () => Promise<unknown>): Promise<void> {
  let next = 0
  let done = 0
  let changed: Promise<unknown> | undefined
  const worker = async (): Promise<void> => {
    while (next < mutations) {
      await work(next++)
      if (++done >= mutations / 4) changed ??= change()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  await changed
}

/** What the trail says was made before the change of the member, and after it. */
async function madeAround(world: SeededOrganization, action: string): Promise<{ before: number; after: number; refused: number }> {
  for (const { services } of [app, other]) await services.refusalJournal.flush()
  const events = await world.events()
  const cut = events.findIndex((event) => event.action === 'member:update' && event.outcome === 'ALLOWED')
  const made = events.map((event, i) => ({ isAfter: i > cut, event })).filter(({ event }) => event.action === action && event.actorId)
  const allowed = made.filter(({ event }) => event.outcome === 'ALLOWED')
  expect(cut).toBeGreaterThan(0)
  const refused = made.filter(({ event }) => event.outcome === 'DENIED').reduce((sum, { event }) => sum + refusalsIn(event), 0)
  expect(allowed.length + refused).toBe(mutations)
  return {
    before: allowed.filter(({ isAfter }) => !isAfter).length,
    after: allowed.filter(({ isAfter }) => isAfter).length,
    refused,
  }
}

describe(`in the middle of ${mutations} of their own mutations`, () => {
  test('a MEMBER becomes a READER: no key is made after it', async () => {
    const world = await organization(app)
    const { token, memberId } = await world.member('MEMBER')
    await during(
      () => app.mutate(token, 'createApiKey', { permissions: [] }, 'apiKey { id }'),
      () => other.mutate(world.adminToken, 'updateMember', { id: memberId, role: 'READER' }, 'member { role }'),
    )
    const { before, after, refused } = await madeAround(world, 'api_key:create')
    expect([before > 0, after, refused > 0]).toEqual([true, 0, true])
  })

  test('a MEMBER loses a project: no key is made in it after it', async () => {
    const world = await organization(app)
    const lost = await world.project()
    const { token, memberId } = await world.member('MEMBER', [world.projectId, lost])
    await during(
      () => app.mutate(token, 'createApiKey', { permissions: [], projectId: lost }, 'apiKey { id }'),
      () => other.mutate(world.adminToken, 'updateMember', { id: memberId, projectIds: [world.projectId] }, 'member { role }'),
    )
    const { before, after, refused } = await madeAround(world, 'api_key:create')
    expect([before > 0, after, refused > 0]).toEqual([true, 0, true])
  })

  test('an ADMIN becomes a MEMBER: no token with more than a MEMBER holds is minted after it', async () => {
    const world = await organization(app)
    const { token, memberId } = await world.member('ADMIN')
    await during(
      () => app.mutate(token, 'createPersonalToken', { type: 'EPHEMERAL', permissions: ['member:invite'] }, 'personalToken { id }'),
      () => other.mutate(world.adminToken, 'updateMember', { id: memberId, role: 'MEMBER' }, 'member { role }'),
    )
    const { before, after, refused } = await madeAround(world, 'personal_token:create')
    expect([before > 0, after, refused > 0]).toEqual([true, 0, true])
  })
})

describe('two at once', () => {
  test.each(['updateMember', 'removeMember'] as const)('%s leaves one ADMIN', async (field) => {
    for (let round = 0; round < 5; round++) {
      const world = await organization(app)
      const second = await world.member('ADMIN')
      const { data } = await app.run(world.adminToken, '{ members { nodes { id } } }')
      const first = data.members.nodes.map((node: { id: string }) => node.id).find((id: string) => id !== second.memberId)
      const end = (process: TestApp, by: string, id: string): Promise<string> =>
        field === 'updateMember'
          ? process.mutate(by, field, { id, role: 'READER' }, 'member { id }').then(outcomeOf)
          : process.mutate(by, field, { id }, 'removedMemberId').then(outcomeOf)
      // Each ends themself: neither loses the right to by what the other one does.
      const answers = await Promise.all([end(app, world.adminToken, first!), end(other, second.token, second.memberId)])
      expect(answers.toSorted()).toEqual(['INVALID_STATE', 'OK'])
    }
  })

  test('who removes each other: one of the two remains', async () => {
    for (let round = 0; round < 5; round++) {
      const world = await organization(app)
      const one = await world.member('ADMIN')
      const two = await world.member('ADMIN')
      const third = await app.run(world.adminToken, '{ members { nodes { id } } }')
      const first = third.data.members.nodes
        .map((node: { id: string }) => node.id)
        .find((id: string) => ![one.memberId, two.memberId].includes(id))
      await app.mutate(one.token, 'removeMember', { id: first }, 'removedMemberId')
      const remove = (process: TestApp, by: string, id: string): Promise<unknown> =>
        process.run(by, 'mutation ($id: ID!) { removeMember(input: { id: $id }) { removedMemberId userErrors { code } } }', { id })
      await Promise.all([remove(app, one.token, two.memberId), remove(other, two.token, one.memberId)])
      const working = (await Promise.all([one, two].map(({ token }) => app.run(token, '{ members { nodes { role } } }')))).filter(
        ({ status }) => status === 200,
      )
      expect(working.map(({ data }) => data.members.nodes)).toEqual([[{ role: 'ADMIN' }]])
    }
  })

  test('an invitation makes one member', async () => {
    const world = await organization(app)
    for (let round = 0; round < 5; round++) {
      const { invitationToken } = await invite(app, world.adminToken)
      const answers = await Promise.all([app, other, app, other].map((process) => acceptInvitation(process, invitationToken)))
      expect(answers.map(outcomeOf).toSorted()).toEqual(['INVALID_STATE', 'INVALID_STATE', 'INVALID_STATE', 'OK'])
      const { data } = await app.run(world.adminToken, '{ members { totalCount } }')
      expect(data.members.totalCount).toBe(2 + round)
    }
  })

  test('a sign-in token lets one in', async () => {
    const world = await organization(app)
    const { memberId } = await world.member('READER')
    const { signInToken } = await app.mutate(world.adminToken, 'createSignInToken', { memberId }, 'signInToken')
    const answers = await Promise.all([app, other, app, other].map((process) => process.mutate(null, 'signIn', { signInToken }, 'token')))
    expect(answers.filter(({ token }) => token !== null)).toHaveLength(1)
  })

  test('invitations of one address: the last one alone works', async () => {
    const world = await organization(app)
    const invited = await Promise.all(
      [app, other, app, other].map((process) => invite(process, world.adminToken, { email: 'one@example.com' })),
    )
    const answers: string[] = []
    for (const { invitationToken } of invited) answers.push(outcomeOf(await acceptInvitation(app, invitationToken)))
    expect(answers.toSorted()).toEqual(['INVALID_STATE', 'INVALID_STATE', 'INVALID_STATE', 'OK'])
  })
})
