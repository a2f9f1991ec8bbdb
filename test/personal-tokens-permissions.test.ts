/**
 * Reduced tokens cannot climb: whatever chain of minting, revealing and changes of role, what a token can do is within what
 * its maker could when it was made, and within what its user can now. Wildcards included.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'

import { rolePermissions } from '../src/access/permissions.js'
import type { MemberRole } from '../src/entities/enums.js'
import { startApp, type TestApp } from './support/app.js'
import { expandPatterns, patterns } from './support/permission-sets.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { day, hour, timestampAfter, createPersonalToken, minute, firstErrorCode } from './support/users.js'

// Long chains take their time on a busy machine.
jest.setTimeout(90_000)

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

type Meaning = ReadonlySet<string>
const isWithin = (small: Meaning, large: Meaning): boolean => [...small].every((one) => large.has(one))
const both = (a: Meaning, b: Meaning): Meaning => new Set([...a].filter((one) => b.has(one)))
const everything = expandPatterns(['*'])

/** What the model knows of a token: all that follows from how it was made. */
interface Known {
  readonly id: string
  readonly token: string
  readonly isReduced: boolean
  readonly isLogin: boolean
  readonly expiresAt: number
  readonly carries: Meaning
  /** What its maker could when it was made. */
  readonly ceiling: Meaning
}

const roles = ['ADMIN', 'MEMBER', 'READER'] as const
const permissionSet = fc.uniqueArray(fc.constantFrom(...patterns), { minLength: 1, maxLength: 4 })
const which = fc.nat({ max: 1000 })
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('mint' as const),
      by: which,
      type: fc.constantFrom('RESTRICTED' as const, 'EPHEMERAL' as const, 'FULL_ACCESS' as const),
      permissions: permissionSet,
      /** Half of the time what the maker carries itself, so that chains grow long. */
      isOwn: fc.boolean(),
      lasts: fc.constantFrom(undefined, minute, hour, day),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('reveal' as const), by: which, of: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('role' as const), role: fc.constantFrom(...roles) }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** One user with a growing heap of tokens, held against the rule after each step. */
class Heap {
  readonly tokens: Known[] = []

  constructor(
    private readonly memberId: string,
    private role: MemberRole,
    login: { id: string; token: string },
  ) {
    const expiresAt = app.clock.now().getTime() + 12 * hour
    this.tokens.push({ ...login, isReduced: false, isLogin: true, expiresAt, carries: everything, ceiling: everything })
  }

  private can({ carries }: Known): Meaning {
    return both(carries, expandPatterns(rolePermissions[this.role]))
  }

  private at(index: number): Known {
    return this.tokens[index % this.tokens.length]!
  }

  async take(one: Step): Promise<void> {
    if (one.kind === 'mint') await this.mint(one)
    else if (one.kind === 'reveal') await this.reveal(this.at(one.by), this.at(one.of))
    else {
      await app.mutate(acme.adminToken, 'updateMember', { id: this.memberId, role: one.role }, 'member { id }')
      this.role = one.role
    }
  }

  private async mint({ by, type, permissions, isOwn, lasts }: Extract<Step, { kind: 'mint' }>): Promise<void> {
    const maker = this.at(by)
    const held = await this.viewerPermissions(maker)
    const wanted = isOwn && held.length > 0 ? held.slice(0, 100) : permissions
    const isReduced = type !== 'FULL_ACCESS'
    const input = { type, ...(isReduced ? { permissions: wanted } : {}), ...(lasts ? { expiresAt: timestampAfter(app, lasts) } : {}) }
    const answer = await app.mutate(maker.token, 'createPersonalToken', input, 'token personalToken { id expiresAt }')
    const isWithinReach = isReduced ? isWithin(expandPatterns(wanted), this.can(maker)) : !maker.isReduced
    const isInTime = maker.isLogin || lasts === undefined || app.clock.now().getTime() + lasts <= maker.expiresAt
    expect(answer.token !== null).toBe(isWithinReach && isInTime)
    if (answer.token === null) return
    const expiresAt = Date.parse(answer.personalToken.expiresAt)
    if (!maker.isLogin) expect(expiresAt).toBeLessThanOrEqual(maker.expiresAt)
    const carries = isReduced ? expandPatterns(wanted) : everything
    // What is not reduced follows its user, whatever their role becomes.
    const ceiling = isReduced ? this.can(maker) : everything
    this.tokens.push({ id: answer.personalToken.id, token: answer.token, isReduced, isLogin: false, expiresAt, carries, ceiling })
  }

  private async reveal(by: Known, of: Known): Promise<void> {
    const answer = await app.mutate(by.token, 'revealPersonalToken', { id: of.id }, 'token')
    const isReached = !by.isReduced || (of.isReduced && isWithin(of.carries, this.can(by)) && of.expiresAt <= by.expiresAt)
    // The first one was made by nobody, so it has no creator who could see it again.
    expect(answer.token).toBe(isReached && !of.isLogin ? of.token : null)
  }

  private async viewerPermissions({ token }: Known): Promise<string[]> {
    return (await app.run(token, '{ viewer { permissions } }')).data.viewer.permissions
  }

  /** The rule itself, of every token at this moment. */
  async hold(): Promise<void> {
    const now = expandPatterns(rolePermissions[this.role])
    for (const token of this.tokens) {
      const can = expandPatterns(await this.viewerPermissions(token))
      expect(can).toEqual(new Set(this.can(token)))
      expect(isWithin(can, both(token.ceiling, now))).toBe(true)
    }
  }
}

test('what a token can do, mint and reveal is within what its maker could, and its user can now', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...roles), fc.array(step, { minLength: 5, maxLength: 25 }), async (role, steps) => {
      const { memberId, token } = await acme.member(role)
      const { data } = await app.run(token, '{ viewer { personalToken { id } } }')
      const heap = new Heap(memberId, role, { id: data.viewer.personalToken.id, token })
      for (const one of steps) await heap.take(one)
      await heap.hold()
    }),
    { numRuns: 12 },
  )
})

describe('a reduced token', () => {
  const create = (by: string, input: object): Promise<Payloads['createPersonalToken']> =>
    app.mutate(by, 'createPersonalToken', input, 'token')
  const reveal = async (by: string, id: string): Promise<string | undefined> =>
    firstErrorCode(await app.mutate(by, 'revealPersonalToken', { id }, 'token'))

  test('with all that a key may hold does not mint "*"', async () => {
    const { data } = await app.run(null, '{ permissionDefinitions { permission grantableToApiKey } }')
    const forKeys = data.permissionDefinitions.filter((one) => one.grantableToApiKey).map((one) => one.permission)
    const { token } = await createPersonalToken(app, acme.adminToken, { type: 'RESTRICTED', permissions: ['application:*', ...forKeys] })
    const refused = await create(token, { type: 'EPHEMERAL', permissions: ['*'] })
    expect(refused.userErrors).toMatchObject([{ code: 'PERMISSION_NOT_HELD', message: expect.stringContaining('"member:invite"') }])
    expect((await create(token, { type: 'EPHEMERAL', permissions: ['application:*', ...forKeys] })).userErrors).toEqual([])
  })

  test('makes no FULL_ACCESS token, by name or by leaving the type out', async () => {
    const { token } = await createPersonalToken(app, acme.adminToken, { type: 'RESTRICTED', permissions: ['*'] })
    expect(firstErrorCode(await create(token, {}))).toBe('FORBIDDEN')
    expect(firstErrorCode(await create(token, { type: 'FULL_ACCESS' }))).toBe('FORBIDDEN')
  })

  test('sees again what it could have made, and nothing else of its user', async () => {
    const { token: login } = await acme.member('MEMBER')
    const by = await createPersonalToken(app, login, {
      type: 'RESTRICTED',
      permissions: ['agent:*', 'api_key:read'],
      expiresAt: timestampAfter(app, hour),
    })
    const reduced = (permissions: string[], lasts: number): object => ({
      type: 'RESTRICTED',
      permissions,
      expiresAt: timestampAfter(app, lasts),
    })
    const full = await createPersonalToken(app, login, { expiresAt: timestampAfter(app, hour) })
    const within = await createPersonalToken(app, login, reduced(['agent:read'], hour))
    const longer = await createPersonalToken(app, login, reduced(['agent:read'], hour + 1))
    const wider = await createPersonalToken(app, login, reduced(['agent:read', 'api_key:create'], hour))
    const wildcard = await createPersonalToken(app, login, reduced(['application:*'], hour))
    expect(await reveal(by.token, within.id)).toBeUndefined()
    expect(await reveal(by.token, by.id)).toBeUndefined()
    expect(await reveal(by.token, full.id)).toBe('FORBIDDEN')
    expect(await reveal(by.token, longer.id)).toBe('FORBIDDEN')
    expect(await reveal(by.token, wider.id)).toBe('PERMISSION_NOT_HELD')
    expect(await reveal(by.token, wildcard.id)).toBe('PERMISSION_NOT_HELD')
    for (const { id } of [full, within, longer, wider, wildcard]) expect(await reveal(login, id)).toBeUndefined()
  })

  test('makes keys within its reach only, that end with it; a FULL_ACCESS token is not bound by that', async () => {
    const key = (by: string, input: object): Promise<Payloads['createApiKey']> =>
      app.mutate(by, 'createApiKey', input, 'apiKey { permissions expiresAt }')
    const reduced = await createPersonalToken(app, acme.adminToken, {
      type: 'RESTRICTED',
      permissions: ['api_key:create', 'agent:read'],
      expiresAt: timestampAfter(app, hour),
    })
    expect(firstErrorCode(await key(reduced.token, { permissions: ['agent:create'] }))).toBe('PERMISSION_NOT_HELD')
    expect((await key(reduced.token, { permissions: ['agent:read'] })).apiKey.expiresAt).toBe(timestampAfter(app, hour))
    expect(firstErrorCode(await key(reduced.token, { permissions: [], expiresAt: timestampAfter(app, hour + 1) }))).toBe('INVALID')
    const full = await createPersonalToken(app, acme.adminToken, { expiresAt: timestampAfter(app, hour) })
    expect((await key(full.token, { permissions: [] })).apiKey.expiresAt).toBeNull()
  })
})
