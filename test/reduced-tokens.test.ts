/**
 * Nothing that a RESTRICTED or EPHEMERAL token makes outlives it: whatever is tried with it, and with all that it made, at
 * its end no new credential works, and nobody and nothing may more than before.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'

import { missingKeyPermissions, expandKeyWildcard } from '../src/access/permissions.js'
import { AccessToken } from '../src/entities/access-token.js'
import { ApiKey } from '../src/entities/api-key.js'
import { Invitation } from '../src/entities/invitation.js'
import { McpServer } from '../src/entities/mcp-server.js'
import { Member } from '../src/entities/member.js'
import { PersonalToken } from '../src/entities/personal-token.js'
import { Project } from '../src/entities/project.js'
import { SignInToken } from '../src/entities/sign-in-token.js'
import { startApp, type TestApp } from './support/app.js'
import { mutationNames } from './support/id-variables.js'
import { createIdIn, newMcpServer, type ResourceScope } from './support/resources.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { hour, timestampAfter, minute, firstErrorCode, isAccepted } from './support/users.js'

jest.setTimeout(120_000)

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** How each mutation keeps to it; what it makes that is no right (a server, a stored credential) is data, and stays. */
const kept: Readonly<Record<string, 'refused' | 'ends with it' | 'takes away' | 'asks' | 'data' | 'not with such a token'>> = {
  acceptInvitation: 'not with such a token',
  approveSignIn: 'not with such a token',
  createApiKey: 'ends with it',
  createMcpCredential: 'data',
  createMcpOAuthClient: 'data',
  createMcpServer: 'data',
  createPersonalToken: 'ends with it',
  createProject: 'refused',
  createSignInToken: 'refused',
  decideMcpToolCall: 'ends with it',
  deleteMcpOAuthClient: 'takes away',
  deleteMcpServer: 'takes away',
  deleteOAuthConfiguration: 'takes away',
  exchangeApiKey: 'not with such a token',
  forgetEndUser: 'takes away',
  importApiKeys: 'ends with it',
  introspectToken: 'asks',
  inviteMember: 'refused',
  removeMember: 'takes away',
  reportLeakedApiKey: 'takes away',
  resetSandbox: 'takes away',
  revealPersonalToken: 'ends with it',
  revokeAccessToken: 'takes away',
  revokeAllPersonalTokens: 'takes away',
  resumeApiKey: 'ends with it',
  revokeApiKey: 'takes away',
  revokeInvitation: 'takes away',
  revokeMcpCredential: 'takes away',
  revokeOrganizationToken: 'takes away',
  revokePersonalToken: 'takes away',
  revokeOAuthGrant: 'takes away',
  rotateApiKey: 'ends with it',
  setOAuthConfiguration: 'refused',
  startMcpConnection: 'not with such a token',
  suspendApiKey: 'takes away',
  signIn: 'not with such a token',
  testMcpServer: 'asks',
  updateApiKey: 'ends with it',
  updateMcpCredential: 'data',
  updateMcpOAuthClient: 'data',
  // Looser rules are refused; the rest is data.
  updateMcpServer: 'data',
  updateMember: 'refused',
  updateOrganization: 'data',
  updateProject: 'data',
  updateViewer: 'refused',
  verifyApiKey: 'asks',
}

test('every mutation is decided about', () => {
  expect(Object.keys(kept).toSorted()).toEqual([...mutationNames].toSorted())
})

const lifetime = hour
const lasting = fc.constantFrom<string | null | undefined>(undefined, undefined, null, 'shorter', 'as long', 'longer')
const grants = fc.constantFrom<string[] | undefined>(
  undefined,
  ['*'],
  ['api_key:create', 'api_key:update', 'api_key:rotate'],
  ['agent:read'],
)
const which = fc.nat({ max: 1000 })
const step = fc.record({
  kind: fc.constantFrom(
    'createApiKey',
    'createApiKey',
    'updateApiKey',
    'rotateApiKey',
    'suspendApiKey',
    'resumeApiKey',
    'exchangeApiKey',
    'createPersonalToken',
    'createPersonalToken',
    'revealPersonalToken',
    'inviteMember',
    'updateMember',
    'createSignInToken',
    'createProject',
    'updateMcpServer',
  ),
  by: which,
  of: which,
  lasting,
  grants,
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

let slugs = 0

/** An organization, and somebody who got hold of a reduced token of its ADMIN. */
/** Payload members that a thief gains from. */
type Made = Partial<Payloads['createApiKey'] & Payloads['exchangeApiKey'] & Payloads['inviteMember'] & Payloads['createSignInToken']>

class Thief {
  readonly credentials: string[]
  private readonly keyIds: string[]
  private readonly tokenIds: string[]

  private constructor(
    private readonly world: SeededOrganization,
    root: { id: string; token: string },
    private readonly readerId: string,
    private readonly memberId: string,
    keyIds: string[],
    private readonly serverId: string,
    tokenIds: string[],
  ) {
    this.credentials = [root.token]
    this.keyIds = keyIds
    this.tokenIds = [...tokenIds, root.id]
  }

  static async of(type: 'RESTRICTED' | 'EPHEMERAL', permissions: string[]): Promise<Thief> {
    const world = await organization(app)
    const admin = await world.member('ADMIN')
    const reader = await world.member('READER')
    const root = await world.personalToken(admin.userId, type, permissions, lifetime)
    const full = await world.personalToken(admin.userId, 'FULL_ACCESS')
    const weak = await world.apiKey({
      permissions: ['agent:read'],
      rateLimits: [{ window: 'MINUTE', max: 5 }],
      endUsers: { externalIds: ['jane'] },
      allowedIps: ['203.0.113.0/24'],
    })
    const leaked = await world.apiKey({ permissions: ['agent:read'] })
    await app.mutate(world.adminToken, 'suspendApiKey', { id: leaked.id }, 'apiKey { id }')
    const brief = await world.apiKey({ permissions: ['*'], expiresAt: new Date(app.clock.now().getTime() + lifetime / 2) })
    const server = await app.mutate(world.sandboxKey, 'createMcpServer', { ...newMcpServer(), allowedTools: ['echo'] }, 'server { id }')
    return new Thief(world, root, reader.memberId, admin.memberId, [weak.id, brief.id, leaked.id], server.server.id, [full.id])
  }

  private end(lasts: Step['lasting']): { expiresAt?: string | null } {
    if (lasts === undefined) return {}
    const offsets: Readonly<Record<string, number>> = { shorter: -minute, 'as long': 0, longer: 1 }
    return { expiresAt: lasts === null ? null : timestampAfter(app, lifetime + offsets[lasts]!) }
  }

  async take({ kind, by, of, lasting: lasts, grants: permissions }: Step): Promise<void> {
    const credential = this.credentials[by % this.credentials.length]!
    const keyId = this.keyIds[of % this.keyIds.length]!
    // Of a key that is rotated twice the first secret is dead, and gains nothing.
    const run = (input: object, selection: string): Promise<Made> =>
      (app.mutate(credential, kind, input, selection) as Promise<Made>).catch((error: unknown) => {
        if (error instanceof Error && /"(UNAUTHENTICATED|CREDENTIAL_SUSPENDED)"/.test(error.message)) return {}
        throw error
      })
    const held = permissions === undefined ? {} : { permissions }
    if (kind === 'createApiKey') {
      const made = await run({ ...held, ...this.end(lasts) }, 'secret apiKey { id }')
      if (made.secret) this.gain(made.secret, made.apiKey?.id)
    } else if (kind === 'updateApiKey')
      await run(
        { id: keyId, ...held, rateLimits: [], allowedAudiences: null, endUsers: { preset: 'ANYONE' }, allowedIps: null },
        'apiKey { id }',
      )
    else if (kind === 'rotateApiKey') this.gain((await run({ id: keyId, overlapSeconds: 604_800 }, 'secret')).secret)
    else if (kind === 'suspendApiKey' || kind === 'resumeApiKey') await run({ id: keyId }, 'apiKey { id }')
    else if (kind === 'exchangeApiKey') {
      const input = { audience: app.config.url, externalUserId: 'jane', ...(lasts === 'longer' ? { expiresIn: 2_592_000 } : {}) }
      this.gain((await run(input, 'token')).token)
    } else if (kind === 'createPersonalToken') {
      const type = permissions ? 'RESTRICTED' : 'FULL_ACCESS'
      this.gain((await run({ type, ...held, ...this.end(lasts) }, 'token')).token)
    } else if (kind === 'revealPersonalToken') this.gain((await run({ id: this.tokenIds[of % this.tokenIds.length]! }, 'token')).token)
    else if (kind === 'createProject') await run({ name: 'mine', slug: `mine-${++slugs}` }, 'project { id }')
    else if (kind === 'updateMcpServer') await run({ id: this.serverId, requireApproval: 'NEVER', allowedTools: null }, 'server { id }')
    else if (kind === 'updateMember') await run({ id: this.readerId, role: 'ADMIN' }, 'member { id }')
    else if (kind === 'inviteMember') {
      const { invitationToken } = await run({ email: `thief-${++slugs}@example.com`, role: of % 2 ? 'ADMIN' : 'READER' }, 'invitationToken')
      if (invitationToken) this.gain((await app.mutate(null, 'acceptInvitation', { invitationToken, name: 'Mallory' }, 'token')).token)
    } else {
      const { signInToken } = await run({ memberId: of % 2 ? this.readerId : this.memberId }, 'signInToken')
      if (signInToken) this.gain((await app.mutate(null, 'signIn', { signInToken }, 'token')).token)
    }
  }

  private gain(credential: string | null | undefined, keyId?: string): void {
    if (credential != null) this.credentials.push(credential)
    if (keyId !== undefined) this.keyIds.push(keyId)
  }

  /** All rights that there are at this moment. */
  async rights(): Promise<Record<string, readonly (readonly [string, ...unknown[]])[]>> {
    const { em } = this.world
    const now = app.clock.now()
    const all = { orderBy: { id: 'ASC' as const } }
    const live = { expiresAt: { $gt: now }, revokedAt: null }
    const keys = (await em.find(ApiKey, { revokedAt: null }, all)).filter((key) => key.status(now) === 'ACTIVE')
    return {
      members: (await em.find(Member, { id: { $ne: '' } }, all)).map(({ id, role, projectIds }) => [id, role, projectIds]),
      invitations: (await em.find(Invitation, { ...live, acceptedAt: null }, all)).map(({ id }) => [id]),
      projects: (await em.find(Project, { id: { $ne: '' } }, all)).map(({ id }) => [id]),
      keys: keys.map((key) => [
        key.id,
        key.digest,
        key.previousDigest,
        key.permissions,
        key.rateLimits,
        key.allowedAudiences,
        key.endUserScope,
        key.allowedIps,
      ]),
      personalTokens: (await em.find(PersonalToken, live, all)).map(({ id }) => [id]),
      accessTokens: (await em.find(AccessToken, live, all)).map(({ id }) => [id]),
      signInTokens: (await em.find(SignInToken, { usedAt: null, expiresAt: { $gt: now } }, all)).map(({ id }) => [id]),
      servers: (await em.find(McpServer, { id: { $ne: '' } }, all)).map((one) => [one.id, one.requireApproval, one.allowedTools]),
    }
  }
}

type Rights = Awaited<ReturnType<Thief['rights']>>

/** Everything that is there was there; a key's permissions may have become fewer. */
function expectNoMore(after: Rights, before: Rights): void {
  for (const [what, rows] of Object.entries(after)) {
    for (const row of rows) {
      const same = before[what]!.find(([id]) => id === row[0])
      if (what !== 'keys') expect([what, row]).toEqual([what, same])
      else {
        const [, digest, previous, permissions, ...limits] = row as [string, string, string | null, string[], ...unknown[]]
        expect([row[0], same === undefined]).toEqual([row[0], false])
        const [, ownDigest, ownPrevious, own, ...ownLimits] = same as typeof row as [string, string, string | null, string[], ...unknown[]]
        expect([digest, previous, limits]).toEqual([ownDigest, ownPrevious, ownLimits])
        expect(missingKeyPermissions(expandKeyWildcard(own), permissions)).toEqual([])
      }
    }
  }
}

test('whatever is made with a reduced token, and with what was made with it, has ended when the token has', async () => {
  let gained = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('RESTRICTED' as const, 'EPHEMERAL' as const),
      fc.constantFrom(['*'], ['api_key:*', 'member:*', 'project:*', 'mcp_server:*', 'mcp_approval:*']),
      fc.array(step, { minLength: 5, maxLength: 25 }),
      async (type, permissions, steps) => {
        const thief = await Thief.of(type, [...permissions])
        const before = await thief.rights()
        for (const one of steps) await thief.take(one)
        gained += thief.credentials.length - 1
        app.clock.advance(lifetime)
        for (const credential of thief.credentials) expect(await isAccepted(app, credential)).toBe(false)
        expectNoMore(await thief.rights(), before)
      },
    ),
    { numRuns: 25 },
  )
  // Or it would prove nothing. Random steps gain 37 on average, and rarely fewer than 20.
  expect(gained).toBeGreaterThan(5)
})

describe('what makes lasting rights', () => {
  const inputs = async (world: SeededOrganization): Promise<[field: keyof Payloads, input: object, selection: string][]> => {
    const { memberId } = await world.member('READER')
    const key = await world.apiKey()
    return [
      ['createProject', { name: 'made', slug: `made-${++slugs}` }, 'project { id }'],
      ['inviteMember', { email: `grace-${++slugs}@example.com`, role: 'READER' }, 'invitation { id }'],
      ['updateMember', { id: memberId, role: 'MEMBER' }, 'member { id }'],
      ['createSignInToken', { memberId }, 'expiresAt'],
      ['updateViewer', { name: 'made' }, 'user { id }'],
      [
        'setOAuthConfiguration',
        { apiKeyId: key.id, signIn: { product: { signInUrl: 'https://product.example' } } },
        'configuration { id }',
      ],
    ]
  }

  test.each(['RESTRICTED', 'EPHEMERAL', 'FULL_ACCESS', 'LOGIN'] as const)('asks for LOGIN or FULL_ACCESS: %s', async (type) => {
    const world = await organization(app)
    const { userId } = await world.member('ADMIN')
    const isReduced = type === 'RESTRICTED' || type === 'EPHEMERAL'
    const { token } = await world.personalToken(userId, type, isReduced ? ['*'] : null)
    for (const [field, input, selection] of await inputs(world)) {
      const { userErrors } = await app.mutate(token, field, input, selection)
      const refused = { code: 'FORBIDDEN', message: expect.stringContaining('Use a LOGIN or FULL_ACCESS token'), path: null }
      expect([field, userErrors]).toEqual([field, isReduced ? [refused] : []])
    }
    expect(Object.entries(kept).filter(([, how]) => how === 'refused')).toHaveLength(6)
  })
})

describe('the rules of a server', () => {
  test.each([
    ['a LOGIN token', 'LOGIN', undefined],
    ['a FULL_ACCESS token', 'FULL_ACCESS', undefined],
    ['a RESTRICTED token', 'RESTRICTED', 'FORBIDDEN'],
    ['an EPHEMERAL token', 'EPHEMERAL', 'FORBIDDEN'],
    ['a key without expiry', 'key', undefined],
    ['a key with expiry', 'key that ends', 'FORBIDDEN'],
  ] as const)('are loosened, or not, by %s', async (_, by, code) => {
    const world = await organization(app)
    const { userId } = await world.member('ADMIN')
    const expiresAt = by === 'key that ends' ? new Date(app.clock.now().getTime() + hour) : null
    const credential = by.startsWith('key')
      ? (await world.apiKey({ permissions: ['*'], expiresAt })).secret
      : (await world.personalToken(userId, by as 'LOGIN', by === 'RESTRICTED' || by === 'EPHEMERAL' ? ['*'] : null)).token
    const made = await app.mutate(world.sandboxKey, 'createMcpServer', { ...newMcpServer(), allowedTools: ['a'] }, 'server { id }')
    const update = (input: object): Promise<Payloads['updateMcpServer']> =>
      app.mutate(credential, 'updateMcpServer', { id: made.server.id, ...input }, 'server { id }')
    // What does not loosen is open to all of them.
    expect(firstErrorCode(await update({ name: 'renamed', allowedTools: [] }))).toBeUndefined()
    for (const loose of [{ requireApproval: 'NEVER' }, { allowedTools: ['b'] }, { allowedTools: null }]) {
      const answer = await update(loose)
      expect([loose, firstErrorCode(answer)]).toEqual([loose, code])
      if (code) expect(answer.userErrors[0]!.message).toContain('Use a LOGIN or FULL_ACCESS token')
    }
  })
})

describe('an approval', () => {
  test.each([
    [10 * minute - 1, 10 * minute - 1],
    [10 * minute, 10 * minute],
    [10 * minute + 1, 10 * minute],
  ])('by a token that ends in %i ms ends in %i ms', async (left, lasts) => {
    const world = await organization(app)
    const { userId } = await world.member('ADMIN')
    const place: ResourceScope = { app, organization: world, projectId: world.projectId, environment: 'SANDBOX', externalUserId: null }
    const { token } = await world.personalToken(userId, 'RESTRICTED', ['mcp_approval:*'], left)
    const decide = async (decision: string): Promise<string> =>
      (await app.mutate(token, 'decideMcpToolCall', { id: await createIdIn('mcp_apr', place), decision }, 'approval { expiresAt }'))
        .approval.expiresAt
    expect(await decide('APPROVE')).toBe(timestampAfter(app, lasts))
    // A denial is no right.
    expect(await decide('DENY')).toBe(timestampAfter(app, 10 * minute))
  })
})
