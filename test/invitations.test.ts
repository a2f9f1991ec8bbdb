/** Invitations and sign-in tokens: joining an organization and signing in again. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { signInByEmail } from '../src/commands/sign-in.js'
import { startApp, type TestApp } from './support/app.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'
import {
  acceptInvitation,
  day,
  hour,
  invite,
  timestampAfter,
  createPersonalToken,
  minute,
  uniqueEmail,
  firstErrorCode,
  isAccepted,
} from './support/users.js'

interface InvitationNode {
  readonly node: { readonly acceptedAt: string; readonly revokedAt: string }
}

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

/** The first admin is signed in anew where a test moved the clock by days. */
const signedIn = async (): Promise<string> => (await acme.member('ADMIN')).token
const record = 'id email role projects { id } invitedBy { id } createdAt expiresAt acceptedAt revokedAt'
const inviteRaw = (by: string, input: object): Promise<Payloads['inviteMember']> =>
  app.mutate(by, 'inviteMember', input, `invitationToken invitation { ${record} }`)

describe('inviteMember', () => {
  test('shows the token once, and lets who has it in', async () => {
    const inviter = await acme.member('ADMIN')
    const made = await inviteRaw(inviter.token, { email: 'Grace@Example.com', role: 'MEMBER', projectIds: [acme.projectId] })
    expect(made.userErrors).toEqual([])
    expect(made.invitation).toMatchObject({
      email: 'Grace@Example.com',
      role: 'MEMBER',
      projects: [{ id: acme.projectId }],
      invitedBy: { id: inviter.userId },
      expiresAt: timestampAfter(app, 14 * day),
      acceptedAt: null,
      revokedAt: null,
    })
    const listed = await app.run(acme.adminToken, `{ invitations { totalCount nodes { ${record} } } }`)
    expect(listed.data.invitations.nodes).toContainEqual(made.invitation)
    for (const text of [listed.text, app.log, JSON.stringify(await acme.events())]) expect(text).not.toContain(made.invitationToken)

    const accepted = await acceptInvitation(app, made.invitationToken)
    expect(accepted.personalToken).toMatchObject({
      type: 'LOGIN',
      expiresAt: timestampAfter(app, 12 * hour),
      user: { email: 'Grace@Example.com', name: 'Grace' },
    })
    const { data } = await app.run(
      accepted.token,
      '{ viewer { permissions user { id } } projects { id } members(first: 1) { nodes { role user { name } } } }',
    )
    expect(data.viewer.user.id).toBe(accepted.personalToken.user.id)
    expect(data.projects).toEqual([{ id: acme.projectId }])
    expect(data.members.nodes).toEqual([{ role: 'MEMBER', user: { name: 'Grace' } }])
    const again = await app.run<InvitationNode>(
      acme.adminToken,
      'query ($id: ID!) { node(id: $id) { ... on Invitation { acceptedAt } } }',
      {
        id: made.invitation.id,
      },
    )
    expect(again.data.node.acceptedAt).toBe(timestampAfter(app, 0))
  })

  test.each([
    [{ email: 'nobody' }, ['input', 'email']],
    [{ email: 'a b@example.com' }, ['input', 'email']],
    [{ email: `${'x'.repeat(309)}@example.com` }, ['input', 'email']],
    [{ role: 'ADMIN', projectIds: [] }, ['input', 'projectIds']],
    [{ projectIds: ['prj_1', 'prj_1'] }, ['input', 'projectIds']],
    [{ projectIds: Array.from({ length: 101 }, (_, i) => `prj_${i}`) }, ['input', 'projectIds']],
  ])('refuses %j', async (input, path) => {
    const made = await inviteRaw(acme.adminToken, { email: uniqueEmail(), role: 'MEMBER', ...input })
    expect(made).toMatchObject({ invitation: null, invitationToken: null, userErrors: [{ code: 'INVALID', path }] })
  })

  test('takes an address of 320 characters, but none of 321', async () => {
    const of = (length: number): string => `${'x'.repeat(length - 12)}@example.com`
    expect(firstErrorCode(await inviteRaw(acme.adminToken, { email: of(320), role: 'READER' }))).toBeUndefined()
    expect(firstErrorCode(await inviteRaw(acme.adminToken, { email: of(321), role: 'READER' }))).toBe('INVALID')
  })

  test('knows no project of another organization', async () => {
    const stranger = await organization(app)
    const foreign = await inviteRaw(acme.adminToken, {
      email: uniqueEmail(),
      role: 'MEMBER',
      projectIds: [acme.projectId, stranger.projectId],
    })
    const never = await inviteRaw(acme.adminToken, {
      email: uniqueEmail(),
      role: 'MEMBER',
      projectIds: [acme.projectId, 'prj_00000000000070008000000000000000'],
    })
    expect(foreign.userErrors).toMatchObject([{ code: 'NOT_FOUND', path: ['input', 'projectIds', '1'] }])
    expect(foreign.userErrors).toEqual(never.userErrors)
  })

  test('nobody grants a role or project that they do not hold', async () => {
    const member = await acme.member('MEMBER')
    expect((await inviteRaw(member.token, { email: uniqueEmail(), role: 'READER' })).userErrors).toMatchObject([
      { code: 'FORBIDDEN', message: expect.stringContaining('member:invite') },
    ])
  })

  test('of a member is a CONFLICT, whatever the case of the address', async () => {
    const email = uniqueEmail()
    await acceptInvitation(app, (await invite(app, acme.adminToken, { email })).invitationToken)
    const again = await inviteRaw(acme.adminToken, { email: email.toUpperCase(), role: 'READER' })
    expect(again.userErrors).toMatchObject([{ code: 'CONFLICT', path: ['input', 'email'] }])
    const elsewhere = await organization(app)
    expect(
      firstErrorCode(await app.mutate(elsewhere.adminToken, 'inviteMember', { email, role: 'READER' }, 'invitation { id }')),
    ).toBeUndefined()
  })
})

describe('acceptInvitation', () => {
  const isDead = async (text: string): Promise<void> => {
    expect(await acceptInvitation(app, text)).toMatchObject({ token: null, personalToken: null, userErrors: [{ code: 'INVALID_STATE' }] })
  }

  test('works for 14 days, and not at their end', async () => {
    const by = await signedIn()
    const [one, two] = [await invite(app, by), await invite(app, by)]
    app.clock.advance(14 * day - 1)
    expect(firstErrorCode(await acceptInvitation(app, one.invitationToken))).toBeUndefined()
    app.clock.advance(1)
    await isDead(two.invitationToken)
  })

  test('works once', async () => {
    const { invitationToken } = await invite(app, await signedIn())
    expect(firstErrorCode(await acceptInvitation(app, invitationToken))).toBeUndefined()
    await isDead(invitationToken)
  })

  test('not after it was withdrawn, which may be repeated, nor is an accepted one withdrawn', async () => {
    const by = await signedIn()
    const { id, invitationToken } = await invite(app, by)
    const revoke = (which: string): Promise<Payloads['revokeInvitation']> =>
      app.mutate(by, 'revokeInvitation', { id: which }, 'invitation { id revokedAt }')
    const first = await revoke(id)
    expect(first.invitation).toEqual({ id, revokedAt: timestampAfter(app, 0) })
    app.clock.advance(minute)
    expect(await revoke(id)).toEqual(first)
    await isDead(invitationToken)
    const accepted = await invite(app, by)
    await acceptInvitation(app, accepted.invitationToken)
    expect(firstErrorCode(await revoke(accepted.id))).toBe('INVALID_STATE')
    const stranger = await organization(app)
    expect(firstErrorCode(await app.mutate(stranger.adminToken, 'revokeInvitation', { id }, 'invitation { id }'))).toBe('NOT_FOUND')
  })

  test('not after a second one for the same address, whatever its case', async () => {
    const by = await signedIn()
    const email = uniqueEmail()
    const first = await invite(app, by, { email })
    const second = await invite(app, by, { email: email.toLowerCase(), role: 'READER' })
    await isDead(first.invitationToken)
    expect(firstErrorCode(await acceptInvitation(app, second.invitationToken))).toBeUndefined()
  })

  test('not when the inviter has meanwhile lost the right', async () => {
    const demoted = await acme.member('ADMIN')
    const removed = await acme.member('ADMIN')
    const by = await signedIn()
    const [one, two, three] = [await invite(app, demoted.token), await invite(app, removed.token), await invite(app, demoted.token)]
    await app.mutate(by, 'updateMember', { id: demoted.memberId, role: 'MEMBER' }, 'member { id }')
    await app.mutate(by, 'removeMember', { id: removed.memberId }, 'removedMemberId')
    await isDead(one.invitationToken)
    await isDead(two.invitationToken)
    // The right is asked at acceptance, so one who has it back lets them in after all; a removal is for good.
    await app.mutate(by, 'updateMember', { id: demoted.memberId, role: 'ADMIN' }, 'member { id }')
    expect(firstErrorCode(await acceptInvitation(app, three.invitationToken))).toBeUndefined()
    const { data } = await app.run<InvitationNode>(by, 'query ($id: ID!) { node(id: $id) { ... on Invitation { revokedAt } } }', {
      id: two.id,
    })
    expect(data.node.revokedAt).toBe(timestampAfter(app, 0))
  })

  test('an unknown token leaves no event, a used one does', async () => {
    const before = (await acme.events()).length
    expect(firstErrorCode(await acceptInvitation(app, 'kh_invite_unknown'))).toBe('NOT_FOUND')
    expect(firstErrorCode(await acceptInvitation(app, 'kh_invite_unknown', ''))).toBe('INVALID')
    expect(await acme.events()).toHaveLength(before)
    const { invitationToken } = await invite(app, await signedIn())
    expect((await acceptInvitation(app, invitationToken, '')).userErrors).toMatchObject([{ code: 'INVALID', path: ['input', 'name'] }])
    expect(firstErrorCode(await acceptInvitation(app, invitationToken, 'x'.repeat(256)))).toBe('INVALID')
    expect(firstErrorCode(await acceptInvitation(app, invitationToken, 'x'.repeat(255)))).toBeUndefined()
    await isDead(invitationToken)
    const events = (await acme.events()).filter(({ action }) => action === 'invitation:accept').slice(-4)
    expect(events.map(({ outcome, details }) => [outcome, details['code']])).toEqual([
      ['DENIED', 'INVALID'],
      ['DENIED', 'INVALID'],
      ['ALLOWED', undefined],
      ['DENIED', 'INVALID_STATE'],
    ])
  })

  test('somebody who was removed comes back as the same user, and no old credential with them', async () => {
    const by = await signedIn()
    const email = uniqueEmail()
    const first = await acceptInvitation(app, (await invite(app, by, { email })).invitationToken)
    const memberOf = async (userId: string): Promise<string | undefined> => {
      const { data } = await app.run(by, '{ members(first: 100) { nodes { id user { id } } } }')
      return data.members.nodes.find((one) => one.user.id === userId)?.id
    }
    const userId = first.personalToken.user.id
    const memberId = await memberOf(userId)
    const { signInToken } = await app.mutate(by, 'createSignInToken', { memberId }, 'signInToken')
    await app.mutate(by, 'removeMember', { id: memberId }, 'removedMemberId')
    expect(await memberOf(userId)).toBeUndefined()
    const second = await acceptInvitation(app, (await invite(app, by, { email: email.toUpperCase() })).invitationToken, 'Grace again')
    expect(second.personalToken.user).toEqual({ id: userId, email: email.toUpperCase(), name: 'Grace again' })
    expect(await isAccepted(app, first.token)).toBe(false)
    expect(firstErrorCode(await app.mutate(null, 'signIn', { signInToken }, 'token'))).toBe('INVALID_STATE')
  })
})

describe('createSignInToken', () => {
  const make = (by: string, memberId: string): Promise<Payloads['createSignInToken']> =>
    app.mutate(by, 'createSignInToken', { memberId }, 'signInToken expiresAt')
  const signIn = (signInToken: string): Promise<Payloads['signIn']> =>
    app.mutate(null, 'signIn', { signInToken }, 'token personalToken { type expiresAt user { id } }')

  test('lets a member back in, once', async () => {
    const { memberId, userId } = await acme.member('READER')
    const made = await make(await signedIn(), memberId)
    expect(made).toMatchObject({ userErrors: [], expiresAt: timestampAfter(app, 15 * minute) })
    const back = await signIn(made.signInToken)
    expect(back.personalToken).toEqual({ type: 'LOGIN', expiresAt: timestampAfter(app, 12 * hour), user: { id: userId } })
    expect(await isAccepted(app, back.token)).toBe(true)
    expect(firstErrorCode(await signIn(made.signInToken))).toBe('INVALID_STATE')
    expect(firstErrorCode(await signIn('kh_signin_unknown'))).toBe('NOT_FOUND')
    for (const text of [app.log, JSON.stringify(await acme.events())]) expect(text).not.toContain(made.signInToken)
  })

  test('for 15 minutes, and not at their end', async () => {
    const { memberId } = await acme.member('READER')
    const by = await signedIn()
    const [one, two] = [await make(by, memberId), await make(by, memberId)]
    app.clock.advance(15 * minute - 1)
    expect(firstErrorCode(await signIn(one.signInToken))).toBeUndefined()
    app.clock.advance(1)
    expect(firstErrorCode(await signIn(two.signInToken))).toBe('INVALID_STATE')
  })

  test('only an ADMIN with a token that is not reduced makes one', async () => {
    const { memberId } = await acme.member('READER')
    const admin = await signedIn()
    const full = await createPersonalToken(app, admin, {})
    const restricted = await createPersonalToken(app, admin, { type: 'RESTRICTED', permissions: ['*'] })
    const ephemeral = await createPersonalToken(app, admin, { type: 'EPHEMERAL', permissions: ['*'] })
    const { token: member } = await acme.member('MEMBER')
    const stranger = await organization(app)
    for (const [by, code] of [
      [full.token, undefined],
      [restricted.token, 'FORBIDDEN'],
      [ephemeral.token, 'FORBIDDEN'],
      [member, 'FORBIDDEN'],
      [acme.sandboxKey, 'FORBIDDEN'],
      [stranger.adminToken, 'NOT_FOUND'],
    ] as const) {
      expect(firstErrorCode(await make(by, memberId))).toBe(code)
    }
  })

  test('an ADMIN who was removed or demoted has kept no way in as somebody else', async () => {
    const by = await signedIn()
    const { memberId } = await acme.member('ADMIN')
    const removed = await acme.member('ADMIN')
    const demoted = await acme.member('ADMIN')
    const [one, two] = [await make(removed.token, memberId), await make(demoted.token, memberId)]
    await app.mutate(by, 'removeMember', { id: removed.memberId }, 'removedMemberId')
    await app.mutate(by, 'updateMember', { id: demoted.memberId, role: 'READER' }, 'member { id }')
    for (const { signInToken } of [one, two]) expect(firstErrorCode(await signIn(signInToken))).toBe('INVALID_STATE')
  })

  test('the command line makes one by the address, whatever its case', async () => {
    const email = uniqueEmail()
    const joined = await acceptInvitation(app, (await invite(app, await signedIn(), { email })).invitationToken)
    const { signInToken } = await signInByEmail(app.services, email.toUpperCase(), acme.id)
    expect((await signIn(signInToken)).personalToken.user.id).toBe(joined.personalToken.user.id)
    await expect(signInByEmail(app.services, uniqueEmail(), acme.id)).rejects.toThrow('No member has this e-mail address. Check --email.')
  })
})
