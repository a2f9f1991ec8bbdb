/** Personal tokens through the API: types and expiries, the window in which they may be seen again, lists, revocation. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader } from 'jose'

import { codeOf, startApp, type TestApp } from './support/app.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { day, hour, timestampAfter, createPersonalToken, minute, firstErrorCode, isAccepted } from './support/users.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const record =
  'id type description permissions effectivePermissions status issuedAt expiresAt lastUsedOn visibleUntil revokedAt user { id }'
const create = (by: string, input: object): Promise<Payloads['createPersonalToken']> =>
  app.mutate(by, 'createPersonalToken', input, `token personalToken { ${record} }`)
const reveal = (by: string, id: string): Promise<Payloads['revealPersonalToken']> =>
  app.mutate(by, 'revealPersonalToken', { id }, `token personalToken { ${record} }`)

describe('createPersonalToken', () => {
  test('makes a JWT for Keyhouse alone, whose jti is its id', async () => {
    const { userId, token } = await acme.member('MEMBER')
    const made = await create(token, { description: 'laptop' })
    expect(made.userErrors).toEqual([])
    expect(made.personalToken).toMatchObject({
      type: 'FULL_ACCESS',
      description: 'laptop',
      permissions: null,
      status: 'ACTIVE',
      lastUsedOn: null,
      expiresAt: timestampAfter(app, 365 * day),
      visibleUntil: timestampAfter(app, 5 * minute),
      user: { id: userId },
    })
    expect(decodeProtectedHeader(made.token)).toMatchObject({ typ: 'kh-personal+jwt', alg: 'ES256' })
    const seconds = Math.floor(app.clock.now().getTime() / 1000)
    expect(decodeJwt(made.token)).toEqual({
      iss: app.config.url,
      aud: app.config.url,
      sub: userId,
      org: acme.id,
      jti: made.personalToken.id,
      type: 'FULL_ACCESS',
      iat: seconds,
      exp: seconds + 365 * 86_400,
    })
    const { data } = await app.run(made.token, '{ viewer { kind personalToken { id } user { id } } }')
    expect(data.viewer).toEqual({ kind: 'PERSONAL_TOKEN', personalToken: { id: made.personalToken.id }, user: { id: userId } })
  })

  test.each([
    ['FULL_ACCESS', 365 * day, 365 * day],
    ['RESTRICTED', 365 * day, 365 * day],
    ['EPHEMERAL', 24 * hour, hour],
  ])('%s lasts at most %d ms, and by itself %d', async (type, longest, usual) => {
    const permissions = type === 'FULL_ACCESS' ? {} : { permissions: ['api_key:read'] }
    for (const [expiresAt, code] of [
      [timestampAfter(app, longest - 1), undefined],
      [timestampAfter(app, longest), undefined],
      [timestampAfter(app, longest + 1), 'INVALID'],
      [timestampAfter(app, 1), undefined],
      [timestampAfter(app, 0), 'INVALID'],
      [null, 'INVALID'],
    ] as const) {
      const made = await create(acme.adminToken, { type, expiresAt, ...permissions })
      expect([expiresAt, firstErrorCode(made)]).toEqual([expiresAt, code])
      if (code) expect(made.userErrors[0]!.path).toEqual(['input', 'expiresAt'])
      else expect(made.personalToken.expiresAt).toBe(expiresAt)
    }
    const usually = await create(acme.adminToken, { type, ...permissions })
    expect(usually.personalToken.expiresAt).toBe(timestampAfter(app, usual))
  })

  test.each([
    [{ type: 'LOGIN' }, ['input', 'type']],
    [{ type: null }, ['input', 'type']],
    [{ type: 'RESTRICTED' }, ['input', 'permissions']],
    [{ type: 'EPHEMERAL', permissions: [] }, ['input', 'permissions']],
    [{ type: 'RESTRICTED', permissions: null }, ['input', 'permissions']],
    [{ type: 'RESTRICTED', permissions: ['api_key:raed'] }, ['input', 'permissions', '0']],
    [{ type: 'FULL_ACCESS', permissions: ['api_key:read'] }, ['input', 'permissions']],
    [{ permissions: null }, ['input', 'permissions']],
    [{ description: 'x'.repeat(129) }, ['input', 'description']],
  ])('refuses %j', async (input, path) => {
    const made = await create(acme.adminToken, input)
    expect(made).toMatchObject({ token: null, personalToken: null, userErrors: [{ code: 'INVALID', path }] })
  })

  test('takes a description of 128 characters, and none', async () => {
    for (const description of ['x'.repeat(128), 'x'.repeat(127), '', null]) {
      const made = await create(acme.adminToken, { description })
      expect(made.personalToken.description).toBe(description)
    }
  })

  test('nobody mints what they do not hold, by name', async () => {
    const { token } = await acme.member('MEMBER')
    const made = await create(token, { type: 'RESTRICTED', permissions: ['api_key:create', 'member:invite', 'project:*'] })
    expect(made.userErrors).toMatchObject([{ code: 'PERMISSION_NOT_HELD', path: ['input', 'permissions'] }])
    for (const name of ['member:invite', 'project:create', 'project:update']) expect(made.userErrors[0]!.message).toContain(`"${name}"`)
    expect(made.userErrors[0]!.message).not.toContain('api_key:create')
  })

  test('is for people: a key has no tokens of its own', async () => {
    expect(firstErrorCode(await create(acme.sandboxKey, {}))).toBe('FORBIDDEN')
    expect(firstErrorCode(await app.mutate(acme.sandboxKey, 'revokeAllPersonalTokens', null, 'revokedCount'))).toBe('FORBIDDEN')
    expect(codeOf(await app.run(acme.sandboxKey, '{ personalTokens { totalCount } }'))).toBe('FORBIDDEN')
    expect(codeOf(await app.run(acme.sandboxKey, '{ organizationTokens { totalCount } }'))).toBe('FORBIDDEN')
  })
})

describe('nothing outlives its maker', () => {
  test.each(['RESTRICTED', 'EPHEMERAL', 'FULL_ACCESS'])('but for what a LOGIN token makes: %s', async (type) => {
    const permissions = type === 'FULL_ACCESS' ? {} : { permissions: ['*'] }
    const maker = await createPersonalToken(app, acme.adminToken, { type, expiresAt: timestampAfter(app, hour), ...permissions })
    const reduced = { type: 'EPHEMERAL', permissions: ['api_key:read'] }
    expect(firstErrorCode(await create(maker.token, { ...reduced, expiresAt: timestampAfter(app, hour) }))).toBeUndefined()
    expect(firstErrorCode(await create(maker.token, { ...reduced, expiresAt: timestampAfter(app, hour - 1) }))).toBeUndefined()
    const longer = await create(maker.token, { ...reduced, expiresAt: timestampAfter(app, hour + 1) })
    expect(longer.userErrors).toMatchObject([{ code: 'INVALID', path: ['input', 'expiresAt'] }])
    const omitted = await create(maker.token, { type: 'RESTRICTED', permissions: ['api_key:read'] })
    expect(omitted.personalToken.expiresAt).toBe(timestampAfter(app, hour))
  })

  test('an invitation and a sign-in token end with the token that made them', async () => {
    const maker = await createPersonalToken(app, acme.adminToken, { expiresAt: timestampAfter(app, 10 * minute) })
    const invited = await app.mutate(maker.token, 'inviteMember', { email: 'soon@example.com', role: 'READER' }, 'invitation { expiresAt }')
    expect(invited.invitation.expiresAt).toBe(timestampAfter(app, 10 * minute))
    const { memberId } = await acme.member('READER')
    const back = await app.mutate(maker.token, 'createSignInToken', { memberId }, 'expiresAt')
    expect(back.expiresAt).toBe(timestampAfter(app, 10 * minute))
  })
})

describe('the window', () => {
  test('is open to its creator until visibleUntil, and not at it', async () => {
    const { token } = await acme.member('MEMBER')
    const made = await create(token, {})
    const { id } = made.personalToken
    const other = await createPersonalToken(app, token, {})
    app.clock.advance(299_999)
    expect(await reveal(token, id)).toMatchObject({ token: made.token, personalToken: { id }, userErrors: [] })
    expect((await reveal(other.token, id)).token).toBe(made.token)
    app.clock.advance(1)
    expect(await reveal(token, id)).toMatchObject({ token: null, userErrors: [{ code: 'ALREADY_REVEALED', path: ['input', 'id'] }] })
    expect(await isAccepted(app, made.token)).toBe(true)
  })

  test('each reveal is an event, allowed or refused', async () => {
    const { token, userId } = await acme.member('MEMBER')
    const { id } = await createPersonalToken(app, token, {})
    await reveal(token, id)
    await reveal(token, id)
    await reveal(acme.adminToken, id)
    const reveals = (await acme.events()).filter((event) => event.action === 'personal_token:reveal' && event.subjectId === id)
    expect(reveals.map(({ outcome, actorId }) => [outcome, actorId === userId])).toEqual([
      ['ALLOWED', true],
      ['ALLOWED', true],
      ['DENIED', false],
    ])
  })

  test('is shut to everybody else, ADMIN included', async () => {
    const { token } = await acme.member('MEMBER')
    const colleague = await acme.member('MEMBER')
    const stranger = await organization(app)
    const { id } = await createPersonalToken(app, token, {})
    for (const [by, code] of [
      [acme.adminToken, 'FORBIDDEN'],
      [colleague.token, 'FORBIDDEN'],
      [acme.sandboxKey, 'FORBIDDEN'],
      [stranger.adminToken, 'NOT_FOUND'],
    ] as const) {
      const answer = await reveal(by, id)
      expect([answer.token, firstErrorCode(answer)]).toEqual([null, code])
    }
    const never = await reveal(stranger.adminToken, 'pt_00000000000070008000000000000000')
    expect(never.userErrors).toEqual((await reveal(stranger.adminToken, id)).userErrors)
  })

  test('a token that its user did not make is seen by nobody', async () => {
    const { token } = await acme.member('MEMBER')
    const { data } = await app.run(token, '{ viewer { personalToken { id } } }')
    expect(firstErrorCode(await reveal(token, data.viewer.personalToken.id))).toBe('FORBIDDEN')
  })

  test('shuts at once on revocation, and the text is gone from the database', async () => {
    const { token } = await acme.member('MEMBER')
    const one = await createPersonalToken(app, token, {})
    expect((await acme.tokenRow(one.id)).sealedText).not.toBeNull()
    await app.mutate(token, 'revokePersonalToken', { id: one.id }, 'personalToken { id }')
    expect(firstErrorCode(await reveal(token, one.id))).toBe('INVALID_STATE')
    const two = await createPersonalToken(app, token, {})
    await app.mutate(acme.adminToken, 'revokeOrganizationToken', { id: two.id }, 'personalToken { id }')
    const three = await createPersonalToken(app, token, {})
    await app.mutate(token, 'revokeAllPersonalTokens', null, 'revokedCount')
    for (const { id } of [one, two, three]) expect((await acme.tokenRow(id)).sealedText).toBeNull()
  })
})

describe('lists', () => {
  const ids = async (by: string, field: 'personalTokens' | 'organizationTokens' = 'personalTokens'): Promise<string[]> =>
    (await app.run(by, `{ ${field}(first: 100) { totalCount nodes { id } } }`)).data[field].nodes.map(({ id }) => id)

  test('show own tokens newest first, and hide what has expired', async () => {
    const { token } = await acme.member('READER')
    const brief = await createPersonalToken(app, token, {
      type: 'EPHEMERAL',
      permissions: ['project:read'],
      expiresAt: timestampAfter(app, minute),
    })
    app.clock.advance(1)
    const lasting = await createPersonalToken(app, token, {})
    expect((await ids(token)).slice(0, 2)).toEqual([lasting.id, brief.id])
    app.clock.advance(minute - 2)
    expect(await ids(token)).toContain(brief.id)
    app.clock.advance(1)
    expect(await ids(token)).not.toContain(brief.id)
    expect(await ids(acme.adminToken, 'organizationTokens')).not.toContain(brief.id)
    const { data } = await app.run(token, 'query ($id: ID!) { personalToken(id: $id) { status } node(id: $id) { id } }', { id: brief.id })
    expect(data).toEqual({ personalToken: { status: 'EXPIRED' }, node: { id: brief.id } })
  })

  test("need no permission for one's own, and personal_token:read for others'", async () => {
    const fresh = await organization(app)
    const { token } = await fresh.member('READER')
    const mine = await createPersonalToken(app, token, {})
    const { token: reduced } = await createPersonalToken(app, token, { type: 'RESTRICTED', permissions: ['project:read'] })
    expect(await ids(reduced)).toContain(mine.id)
    expect(await ids(fresh.adminToken, 'organizationTokens')).toEqual(expect.arrayContaining([mine.id]))
    const query = 'query ($id: ID!) { personalToken(id: $id) { id } }'
    const node = 'query ($id: ID!) { node(id: $id) { id } }'
    const colleague = await fresh.member('MEMBER')
    for (const by of [token, reduced, fresh.adminToken])
      expect((await app.run(by, query, { id: mine.id })).data.personalToken).toEqual({ id: mine.id })
    expect(codeOf(await app.run(colleague.token, query, { id: mine.id }))).toBe('FORBIDDEN')
    expect((await app.run(colleague.token, node, { id: mine.id })).data.node).toBeNull()
    expect(codeOf(await app.run(colleague.token, '{ organizationTokens { totalCount } }'))).toBe('FORBIDDEN')
    expect((await app.run(acme.adminToken, query, { id: mine.id })).data.personalToken).toBeNull()
    const others = await ids(acme.adminToken, 'organizationTokens')
    expect(others).not.toContain(mine.id)
  })

  test('never show a text, nor does anything else but the three answers that carry it', async () => {
    const { token } = await acme.member('MEMBER')
    const made = await createPersonalToken(app, token, {})
    const page = await app.run(token, `{ personalTokens { nodes { ${record} } } }`)
    const all = await app.run(acme.adminToken, `{ organizationTokens { nodes { ${record} } } }`)
    const trail = JSON.stringify(await acme.events())
    for (const text of [page.text, all.text, trail, app.log]) expect(text).not.toContain(made.token.split('.')[2])
  })

  test('tell what each token can do now', async () => {
    const { token, memberId } = await acme.member('MEMBER')
    const { id } = await createPersonalToken(app, token, { type: 'RESTRICTED', permissions: ['api_key:create', 'api_key:read', 'agent:*'] })
    const query = 'query ($id: ID!) { personalToken(id: $id) { permissions effectivePermissions } }'
    expect((await app.run(token, query, { id })).data.personalToken.effectivePermissions.toSorted()).toEqual([
      'agent:*',
      'api_key:create',
      'api_key:read',
    ])
    await app.mutate(acme.adminToken, 'updateMember', { id: memberId, role: 'READER' }, 'member { id }')
    expect((await app.run(token, query, { id })).data.personalToken).toEqual({
      permissions: ['api_key:create', 'api_key:read', 'agent:*'],
      effectivePermissions: ['api_key:read'],
    })
  })
})

describe('revocation', () => {
  const revoke = (
    by: string,
    id: string,
    field: 'revokePersonalToken' | 'revokeOrganizationToken' = 'revokePersonalToken',
  ): Promise<Payloads['revokePersonalToken']> =>
    app.mutate(by, field, { id }, 'personalToken { status revokedAt revokedBy { ... on User { id } } }')

  test('is immediate, and answers the same when repeated', async () => {
    const { token, userId } = await acme.member('MEMBER')
    const made = await createPersonalToken(app, token, {})
    const first = await revoke(token, made.id)
    expect(first).toMatchObject({ userErrors: [], personalToken: { status: 'REVOKED', revokedBy: { id: userId } } })
    app.clock.advance(minute)
    expect(await revoke(token, made.id)).toEqual(first)
    const answer = await app.run(made.token, '{ viewer { kind } }')
    expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED'])
  })

  test("of one's own needs no permission, of others personal_token:revoke", async () => {
    const { token } = await acme.member('READER')
    const colleague = await acme.member('MEMBER')
    const made = await createPersonalToken(app, token, {})
    const { token: reduced } = await createPersonalToken(app, token, { type: 'EPHEMERAL', permissions: ['project:read'] })
    expect(firstErrorCode(await revoke(colleague.token, made.id))).toBe('FORBIDDEN')
    expect(firstErrorCode(await revoke(acme.adminToken, made.id))).toBe('FORBIDDEN')
    const refused = await revoke(colleague.token, made.id, 'revokeOrganizationToken')
    expect(refused.userErrors[0]).toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('personal_token:revoke') })
    const stranger = await organization(app)
    for (const field of ['revokePersonalToken', 'revokeOrganizationToken'] as const)
      expect(firstErrorCode(await revoke(stranger.adminToken, made.id, field))).toBe('NOT_FOUND')
    expect(await isAccepted(app, made.token)).toBe(true)
    expect(firstErrorCode(await revoke(reduced, made.id))).toBeUndefined()
    const second = await createPersonalToken(app, token, {})
    expect(firstErrorCode(await revoke(acme.adminToken, second.id, 'revokeOrganizationToken'))).toBeUndefined()
    for (const one of [made, second]) expect(await isAccepted(app, one.token)).toBe(false)
  })

  test('of all includes the calling token, and still answers', async () => {
    const { token } = await acme.member('MEMBER')
    const { token: other } = await acme.member('MEMBER')
    const made = await createPersonalToken(app, token, {})
    const reduced = await createPersonalToken(app, token, { type: 'RESTRICTED', permissions: ['api_key:read'] })
    await createPersonalToken(app, token, { expiresAt: timestampAfter(app, 1) })
    app.clock.advance(1)
    const answer = await app.mutate(token, 'revokeAllPersonalTokens', null, 'revokedCount')
    expect(answer).toEqual({ revokedCount: 3, userErrors: [] })
    for (const one of [token, made.token, reduced.token]) expect(await isAccepted(app, one)).toBe(false)
    expect(await isAccepted(app, other)).toBe(true)
  })
})

describe('a token works', () => {
  test('until the moment that it ends, and not at it', async () => {
    const { token: login } = await acme.member('READER')
    const brief = await createPersonalToken(app, login, { type: 'EPHEMERAL', permissions: ['project:read'] })
    app.clock.advance(hour - 1)
    expect(await isAccepted(app, brief.token)).toBe(true)
    app.clock.advance(1)
    const answer = await app.run(brief.token, '{ viewer { kind } }')
    expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED'])
    app.clock.advance(11 * hour - 1)
    expect(await isAccepted(app, login)).toBe(true)
    app.clock.advance(1)
    expect(await isAccepted(app, login)).toBe(false)
  })

  test('and the day of its last use is remembered, as a date', async () => {
    const { token } = await acme.member('READER')
    const { id, token: used } = await createPersonalToken(app, token, {})
    await isAccepted(app, used)
    await app.services.writeBehind.flush()
    const { data } = await app.run(token, 'query ($id: ID!) { personalToken(id: $id) { lastUsedOn } }', { id })
    expect(data.personalToken.lastUsedOn).toBe(`${timestampAfter(app, 0).slice(0, 10)}T00:00:00.000Z`)
  })
})

describe('what kind of token it is', () => {
  test('an access token is never taken for a personal one, nor one for another server', async () => {
    const { token, userId } = await acme.member('MEMBER')
    const { jti } = decodeJwt(token)
    const { url } = app.config
    const claims = { iss: url, aud: url, sub: userId, org: acme.id, jti, iat: 0, exp: 9e9 }
    const { keyring } = app.services
    expect(await isAccepted(app, (await keyring.sign('kh-personal+jwt', claims)).text)).toBe(true)
    for (const text of [
      (await keyring.sign('at+jwt', claims)).text,
      (await keyring.sign('kh-personal+jwt', { ...claims, aud: 'https://elsewhere.example' })).text,
      (await keyring.sign('kh-personal+jwt', { ...claims, iss: 'https://elsewhere.example' })).text,
      `${token.slice(0, -4)}AAAA`,
    ]) {
      const answer = await app.run(text, '{ viewer { kind } }')
      expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED'])
    }
  })

  test('an exchanged token for this server is no person', async () => {
    const exchanged = await app.mutate(acme.sandboxKey, 'exchangeApiKey', { audience: app.config.url, externalUserId: 'u' }, 'token')
    const answer = await app.run(exchanged.token, '{ personalTokens { totalCount } }')
    expect(answer.data ?? null).toBeNull()
  })
})
