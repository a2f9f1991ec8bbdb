/** Projects and members: creation, roles, removal, and the fate of their credentials. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { EntityManager } from '@mikro-orm/core'

import { bootstrapOrganization } from '../src/commands/organization-create.js'
import { codeOf, startApp, type TestApp } from './support/app.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'
import {
  acceptInvitation,
  startReplica,
  invite,
  timestampAfter,
  minute,
  createPersonalToken,
  firstErrorCode,
  isAccepted,
} from './support/users.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

test('the command line makes no organization without a name and an address', async () => {
  for (const wrong of [{ name: '' }, { name: 'x'.repeat(256) }, { email: 'nobody' }, { email: `${'x'.repeat(309)}@example.com` }]) {
    const input = { name: 'Acme', email: 'admin@example.com', ...wrong }
    await expect(bootstrapOrganization(app.services, input)).rejects.toMatchObject({ code: 'INVALID' })
  }
})

describe('projects', () => {
  const create = (by: string, input: object): Promise<Payloads['createProject']> =>
    app.mutate(by, 'createProject', input, 'project { id name slug createdAt updatedAt }')
  const update = (by: string, input: object): Promise<Payloads['updateProject']> =>
    app.mutate(by, 'updateProject', input, 'project { id name slug createdAt updatedAt }')

  test('are made and renamed; the slug stays', async () => {
    const made = await create(acme.adminToken, { name: 'Shop', slug: 'shop' })
    const now = timestampAfter(app, 0)
    expect(made).toMatchObject({ userErrors: [], project: { name: 'Shop', slug: 'shop', createdAt: now, updatedAt: now } })
    app.clock.advance(minute)
    const changed = await update(acme.adminToken, { id: made.project.id, name: 'Store' })
    expect(changed.project).toEqual({ ...made.project, name: 'Store', updatedAt: timestampAfter(app, 0) })
    expect((await update(acme.adminToken, { id: made.project.id })).project.name).toBe('Store')
    const { data } = await app.run(acme.adminToken, '{ projects { slug } }')
    expect(data.projects).toEqual([{ slug: 'default' }, { slug: 'shop' }])
  })

  test.each([
    ['a', undefined],
    ['a-0', undefined],
    [`b${'x'.repeat(62)}`, undefined],
    [`b${'x'.repeat(63)}`, 'INVALID'],
    ['', 'INVALID'],
    ['0a', 'INVALID'],
    ['-a', 'INVALID'],
    ['Shop', 'INVALID'],
    ['a_b', 'INVALID'],
    ['a\n', 'INVALID'],
  ])('the slug %j: %s', async (slug, code) => {
    expect(firstErrorCode(await create(acme.adminToken, { name: 'x', slug }))).toBe(code)
  })

  test('have names of 1 to 255 characters', async () => {
    for (const [length, code] of [
      [0, 'INVALID'],
      [1, undefined],
      [255, undefined],
      [256, 'INVALID'],
    ] as const) {
      const name = 'x'.repeat(length)
      expect(firstErrorCode(await create(acme.adminToken, { name, slug: `names-${length}` }))).toBe(code)
      expect(firstErrorCode(await update(acme.adminToken, { id: acme.projectId, name }))).toBe(code)
    }
    expect((await update(acme.adminToken, { id: acme.projectId, name: null })).userErrors).toMatchObject([
      { code: 'INVALID', path: ['input', 'name'] },
    ])
  })

  test('share no slug within an organization, and none with another one', async () => {
    expect(firstErrorCode(await create(acme.adminToken, { name: 'One', slug: 'shared' }))).toBeUndefined()
    expect((await create(acme.adminToken, { name: 'Two', slug: 'shared' })).userErrors).toMatchObject([
      { code: 'CONFLICT', path: ['input', 'slug'] },
    ])
    const other = await organization(app)
    expect(firstErrorCode(await create(other.adminToken, { name: 'One', slug: 'shared' }))).toBeUndefined()
    expect(firstErrorCode(await update(other.adminToken, { id: acme.projectId, name: 'x' }))).toBe('NOT_FOUND')
  })
})

describe('updateMember', () => {
  const update = (by: string, input: object): Promise<Payloads['updateMember']> =>
    app.mutate(by, 'updateMember', input, 'member { id role permissions projects { id } }')
  test('is felt by every token of the member at its next request, in every process', async () => {
    const world = await organization(app)
    const second = await world.project()
    const other = await startReplica(app)
    try {
      const { memberId, token } = await world.member('MEMBER', [world.projectId])
      const { token: minted } = await createPersonalToken(app, token, {})
      const everywhere = async (expected: unknown): Promise<void> => {
        for (const one of [token, minted])
          for (const process of [app, other]) {
            const { data } = await process.run(one, '{ viewer { permissions } projects { id } }')
            expect({ isAdmin: data.viewer.permissions.includes('*'), projects: data.projects.map((p: { id: string }) => p.id) }).toEqual(
              expected,
            )
          }
      }
      await everywhere({ isAdmin: false, projects: [world.projectId] })
      await update(world.adminToken, { id: memberId, projectIds: [second] })
      await everywhere({ isAdmin: false, projects: [second] })
      await update(world.adminToken, { id: memberId, role: 'ADMIN' })
      await everywhere({ isAdmin: true, projects: [world.projectId, second] })
      await other.mutate(world.adminToken, 'updateMember', { id: memberId, role: 'READER' }, 'member { id }')
      await everywhere({ isAdmin: false, projects: [second] })
      await other.mutate(world.adminToken, 'updateMember', { id: memberId, projectIds: [] }, 'member { id }')
      await everywhere({ isAdmin: false, projects: [] })
      await update(world.adminToken, { id: memberId, projectIds: null })
      await everywhere({ isAdmin: false, projects: [world.projectId, second] })
      await other.mutate(world.adminToken, 'removeMember', { id: memberId }, 'removedMemberId')
      for (const one of [token, minted]) for (const process of [app, other]) expect(await isAccepted(process, one)).toBe(false)
    } finally {
      await other.close()
    }
  })

  test('refuses what makes no sense, and what is not there', async () => {
    const stranger = await organization(app)
    const { memberId: id } = await acme.member('READER')
    const refused = async (input: object): Promise<unknown> => {
      const { userErrors } = await update(acme.adminToken, { id, ...input })
      return [userErrors[0]!.code, userErrors[0]!.path]
    }
    expect(await refused({ role: null })).toEqual(['INVALID', ['input', 'role']])
    expect(await refused({ role: 'ADMIN', projectIds: [acme.projectId] })).toEqual(['INVALID', ['input', 'projectIds']])
    expect(await refused({ projectIds: [acme.projectId, acme.projectId] })).toEqual(['INVALID', ['input', 'projectIds']])
    expect(await refused({ projectIds: [stranger.projectId] })).toEqual(['NOT_FOUND', ['input', 'projectIds', '0']])
    expect(await refused({ id: (await stranger.member('READER')).memberId })).toEqual(['NOT_FOUND', ['input', 'id']])
  })

  test('an organization keeps an ADMIN', async () => {
    const world = await organization(app)
    const list = await app.run(world.adminToken, '{ members { nodes { id role } } }')
    const { id } = list.data.members.nodes[0]!
    const remove = (): Promise<Payloads['removeMember']> =>
      app.mutate(world.adminToken, 'removeMember', { id }, 'removedMemberId revokedTokenCount')
    expect(firstErrorCode(await update(world.adminToken, { id, role: 'MEMBER' }))).toBe('INVALID_STATE')
    expect(firstErrorCode(await remove())).toBe('INVALID_STATE')
    expect(firstErrorCode(await update(world.adminToken, { id, role: 'ADMIN' }))).toBeUndefined()
    await world.member('MEMBER')
    expect(firstErrorCode(await remove())).toBe('INVALID_STATE')
    await world.member('ADMIN')
    expect(await remove()).toEqual({ removedMemberId: id, revokedTokenCount: 1, userErrors: [] })
    expect(await isAccepted(app, world.adminToken)).toBe(false)
  })
})

describe('members', () => {
  test('are listed to everybody, with those of their projects that the viewer has', async () => {
    const world = await organization(app)
    const second = await world.project()
    const both = await world.member('MEMBER', [world.projectId, second])
    const one = await world.member('READER', [world.projectId])
    const none = await world.member('READER', [])
    const projectsSeenBy = async (token: string, id: string): Promise<unknown> => {
      const { data } = await app.run(token, '{ members { totalCount nodes { id role projects { id } user { email } } } }')
      expect(data.members.totalCount).toBe(4)
      return data.members.nodes.find(({ id: other }) => other === id)!.projects
    }
    expect(await projectsSeenBy(world.adminToken, both.memberId)).toEqual([{ id: world.projectId }, { id: second }])
    expect(await projectsSeenBy(one.token, both.memberId)).toEqual([{ id: world.projectId }])
    expect(await projectsSeenBy(none.token, both.memberId)).toEqual([])
    expect(await projectsSeenBy(world.sandboxKey, both.memberId)).toEqual([{ id: world.projectId }])
    expect(
      (await app.run(one.token, 'query ($id: ID!) { node(id: $id) { ... on Member { role } } }', { id: none.memberId })).data.node,
    ).toEqual({ role: 'READER' })
    const stranger = await organization(app)
    expect((await app.run(stranger.adminToken, 'query ($id: ID!) { node(id: $id) { id } }', { id: none.memberId })).data.node).toBeNull()
  })

  test('a list of many costs no query per member', async () => {
    const world = await organization(app)
    const find = jest.spyOn(EntityManager.prototype, 'find')
    const findOne = jest.spyOn(EntityManager.prototype, 'findOne')
    // Background jobs query without a tenant.
    const countQueries = (): number =>
      [...find.mock.contexts, ...findOne.mock.contexts].filter(
        (em) => (em as EntityManager).getFilterParams('tenant')?.['organizationId'] === world.id,
      ).length
    const queriesFor = async (people: number): Promise<number> => {
      for (let i = 0; i < people; i++) await world.member('MEMBER', [world.projectId])
      const before = countQueries()
      const { data } = await app.run(
        world.adminToken,
        '{ organizationTokens { nodes { effectivePermissions user { id } } } members { nodes { projects { id } user { id } } } }',
      )
      expect(data.organizationTokens.nodes).toHaveLength(data.members.nodes.length)
      return countQueries() - before
    }
    try {
      const few = await queriesFor(2)
      expect(few).toBeGreaterThan(0)
      expect(await queriesFor(6)).toBe(few)
    } finally {
      find.mockRestore()
      findOne.mockRestore()
    }
  })
})

describe('removeMember', () => {
  test('ends their tokens and pending invitations; their keys work on', async () => {
    const leaver = await acme.member('ADMIN')
    const full = await createPersonalToken(app, leaver.token, {})
    const reduced = await createPersonalToken(app, leaver.token, { type: 'RESTRICTED', permissions: ['api_key:read'] })
    const key = await app.mutate(leaver.token, 'createApiKey', { permissions: ['agent:read'] }, 'secret apiKey { id }')
    const pending = await invite(app, leaver.token)
    const accepted = await acceptInvitation(app, (await invite(app, leaver.token)).invitationToken)
    const answer = await app.mutate(acme.adminToken, 'removeMember', { id: leaver.memberId }, 'removedMemberId revokedTokenCount')
    expect(answer).toEqual({ removedMemberId: leaver.memberId, revokedTokenCount: 3, userErrors: [] })
    for (const token of [leaver.token, full.token, reduced.token]) {
      const refused = await app.run(token, '{ viewer { kind } }')
      expect([refused.status, codeOf(refused)]).toEqual([401, 'UNAUTHENTICATED'])
    }
    for (const { id } of [full, reduced]) expect(await acme.tokenRow(id)).toMatchObject({ revokedAt: app.clock.now(), sealedText: null })
    expect(firstErrorCode(await acceptInvitation(app, pending.invitationToken))).toBe('INVALID_STATE')
    expect(await isAccepted(app, accepted.token)).toBe(true)
    const { data } = await app.run(key.secret, '{ viewer { apiKey { id } permissions } }')
    expect(data.viewer).toEqual({ apiKey: { id: key.apiKey.id }, permissions: ['agent:read'] })
    const exchanged = await app.mutate(key.secret, 'exchangeApiKey', { audience: 'https://service.example', externalUserId: 'u' }, 'token')
    expect(exchanged.token).toEqual(expect.any(String))
    const made = await app.run(acme.adminToken, 'query ($id: ID!) { apiKey(id: $id) { status createdBy { ... on User { id } } } }', {
      id: key.apiKey.id,
    })
    expect(made.data.apiKey).toEqual({ status: 'ACTIVE', createdBy: { id: leaver.userId } })
  })

  test('needs member:remove, and somebody who is there', async () => {
    const { memberId } = await acme.member('READER')
    const { token } = await acme.member('MEMBER')
    const stranger = await organization(app)
    const remove = (by: string): Promise<Payloads['removeMember']> => app.mutate(by, 'removeMember', { id: memberId }, 'removedMemberId')
    expect((await remove(token)).userErrors).toMatchObject([{ code: 'FORBIDDEN', message: expect.stringContaining('member:remove') }])
    expect(firstErrorCode(await remove(stranger.adminToken))).toBe('NOT_FOUND')
    expect(firstErrorCode(await remove(acme.adminToken))).toBeUndefined()
    expect(firstErrorCode(await remove(acme.adminToken))).toBe('NOT_FOUND')
    const events = (await acme.events()).filter(({ action, subjectId }) => action === 'member:remove' && subjectId === memberId)
    expect(events.map(({ outcome }) => outcome)).toEqual(['DENIED', 'ALLOWED'])
  })
})
