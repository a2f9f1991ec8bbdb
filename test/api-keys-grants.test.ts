/** Limits of granting: nobody grants permissions that they lack, and nothing outlives its creator. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import type { Payloads, AnyPayload } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const create = (by: string, input: object): Promise<Payloads['createApiKey']> =>
  app.mutate(
    by,
    'createApiKey',
    input,
    'secret apiKey { id label permissions expiresAt environment rateLimits { window max } allowedAudiences }',
  )
const faultsOf = ({ userErrors }: Pick<AnyPayload, 'userErrors'>): [string, string | null][] =>
  userErrors.map(({ code, path }) => [code, path && path.join('.')])
const inMs = (ms: number): Date => new Date(app.clock.now().getTime() + ms)

describe('permissions', () => {
  test("omitted permissions default to the creator's, an empty list grants none, and null is INVALID", async () => {
    const { secret } = await acme.apiKey({ permissions: ['api_key:create', 'agent:read', 'application:*'] })
    expect((await create(secret, {})).apiKey.permissions).toEqual(['api_key:create', 'agent:read', 'application:*'])
    expect((await create(secret, { permissions: [] })).apiKey.permissions).toEqual([])
    expect(faultsOf(await create(secret, { permissions: null }))).toEqual([['INVALID', 'input.permissions']])
  })

  test.each([
    [['agent:read'], ['agent:read'], []],
    [['agent:*'], ['agent:read', 'agent:*'], []],
    [['application:*'], ['agent:read', 'agent:*', 'application:*'], []],
    [['application:*'], ['project:read'], ['project:read']],
    [['agent:read'], ['agent:read', 'agent:*', 'robot:read'], ['agent:*', 'robot:read']],
    [['mcp_tool:search'], ['mcp_tool:*'], ['mcp_tool:*']],
    [['mcp_tool:*'], ['mcp_tool:Some.Tool-1', 'mcp_tool:*'], []],
    [['usage:read'], ['application:*'], ['application:*']],
  ])('who holds %j and grants %j is refused by the names of %j', async (held, wanted, excess) => {
    const { secret } = await acme.apiKey({ permissions: ['api_key:create', ...held].filter((one, i, all) => all.indexOf(one) === i) })
    const { userErrors, apiKey } = await create(secret, { permissions: wanted })
    if (excess.length === 0) return expect([userErrors, apiKey.permissions]).toEqual([[], wanted])
    expect([userErrors.length, userErrors[0]!.code, userErrors[0]!.path]).toEqual([1, 'PERMISSION_NOT_HELD', ['input', 'permissions']])
    expect([...userErrors[0]!.message.matchAll(/"([^"]+)"/g)].map(([, name]) => name)).toEqual(excess)
  })

  test('a MEMBER cannot grant "*": it names what they lack; an ADMIN can', async () => {
    const { token } = await acme.member('MEMBER')
    const { userErrors } = await create(token, { permissions: ['*'] })
    expect(userErrors).toMatchObject([{ code: 'PERMISSION_NOT_HELD', message: expect.stringContaining('"audit_event:read"') }])
    expect((await create(acme.adminToken, { permissions: ['*'] })).apiKey.permissions).toEqual(['*'])
    expect((await create(token, {})).userErrors).toEqual([])
  })

  test('a misspelled Keyhouse permission is refused with a suggestion', async () => {
    const { userErrors } = await create(acme.adminToken, { permissions: ['agent:raed', 'api_key:raed', 'usage:write'] })
    expect(userErrors.map(({ path, message }) => [path.at(-1), /did you mean "([^"]+)"\?$/.exec(message)?.[1]])).toEqual([
      ['1', 'api_key:read'],
      ['2', 'usage:read'],
    ])
  })

  test('omitted permissions are refused when the creator holds permissions that no key can have', async () => {
    const { userId } = await acme.member('ADMIN')
    const { token } = await acme.personalToken(userId, 'RESTRICTED', ['api_key:create', 'member:invite', 'signing_key:*'])
    const message = '"permissions" must be set: this credential holds permissions that no API key can hold (member:invite, signing_key:*).'
    expect((await create(token, {})).userErrors).toEqual([{ code: 'INVALID', message, path: ['input', 'permissions'] }])
    expect((await create(token, { permissions: ['api_key:create'] })).userErrors).toEqual([])
  })

  test.each([
    'member:invite',
    'member:update',
    'member:remove',
    'personal_token:read',
    'personal_token:*',
    'signing_key:read',
    'project:create',
    'project:*',
  ])('no key can hold %s, whoever grants it', async (permission) => {
    const { userErrors } = await create(acme.adminToken, { permissions: ['agent:read', permission] })
    expect(faultsOf({ userErrors })).toEqual([['INVALID', 'input.permissions']])
    expect(userErrors[0]!.message).toContain(permission)
  })

  test.each([
    [100, 150, undefined],
    [101, 10, 'INVALID'],
    [1, 151, 'INVALID'],
  ])('%p permissions of %p characters: %p', async (count, length, code) => {
    const permissions = Array.from({ length: count }, (_, i) => `agent:a${String(i).padStart(length - 7, 'x')}`)
    expect(permissions.every((one) => one.length === length)).toBe(true)
    expect((await create(acme.adminToken, { permissions })).userErrors[0]?.code).toBe(code)
  })

  test('nobody rotates or updates a key that holds more than they do; a key rotates itself and does not update itself', async () => {
    const rich = await acme.apiKey({ permissions: ['agent:read', 'agent:write'] })
    const poor = await acme.apiKey({ permissions: ['api_key:rotate', 'api_key:update', 'agent:read'] })
    const rotate = (id: string): Promise<Payloads['rotateApiKey']> => app.mutate(poor.secret, 'rotateApiKey', { id }, 'secret')
    const update = (id: string): Promise<Payloads['updateApiKey']> =>
      app.mutate(poor.secret, 'updateApiKey', { id, permissions: [] }, 'apiKey { permissions }')
    for (const answer of [await rotate(rich.id), await update(rich.id)]) {
      const message = 'You cannot rotate, update or resume a key with permissions that this credential does not hold: "agent:write".'
      expect(answer.userErrors).toEqual([{ code: 'PERMISSION_NOT_HELD', message, path: null }])
    }
    expect(faultsOf(await update(poor.id))).toEqual([['FORBIDDEN', null]])
    expect((await rotate(poor.id)).userErrors).toEqual([])
  })
})

describe('expiry', () => {
  const hour = 3_600_000

  test('a key with expiry: omitted is its own, later and never are refused', async () => {
    const end = inMs(hour)
    const { secret } = await acme.apiKey({ permissions: ['api_key:create'], expiresAt: end })
    expect((await create(secret, {})).apiKey.expiresAt).toBe(end.toISOString())
    expect((await create(secret, { expiresAt: end })).apiKey.expiresAt).toBe(end.toISOString())
    expect(faultsOf(await create(secret, { expiresAt: inMs(hour + 1) }))).toEqual([['INVALID', 'input.expiresAt']])
    expect(faultsOf(await create(secret, { expiresAt: null }))).toEqual([['INVALID', 'input.expiresAt']])
  })

  test.each([
    ['RESTRICTED', ['api_key:create', 'api_key:rotate'], true],
    ['EPHEMERAL', ['api_key:create', 'api_key:rotate'], true],
    ['FULL_ACCESS', null, false],
    ['LOGIN', null, false],
  ] as const)('a %s token (%j): bound by its end: %p', async (type, permissions, isBound) => {
    const { userId } = await acme.member('ADMIN')
    const { token } = await acme.personalToken(userId, type, permissions, hour)
    const made = await create(token, { permissions: [] })
    expect(made.apiKey.expiresAt).toBe(isBound ? inMs(hour).toISOString() : null)
    for (const expiresAt of [inMs(hour + 1), null]) {
      expect((await create(token, { permissions: [], expiresAt })).userErrors.length > 0).toBe(isBound)
    }
    expect((await create(token, { permissions: [], expiresAt: inMs(hour) })).userErrors).toEqual([])
    const lasting = await acme.apiKey({ expiresAt: inMs(hour + 1) })
    expect((await app.mutate(token, 'rotateApiKey', { id: lasting.id }, 'secret')).userErrors.length > 0).toBe(isBound)
  })

  describe('a permission that a key gains cannot outlast the credential that grants it', () => {
    const gains = [
      ['endUsers', { endUsers: { preset: 'ANYONE' } }],
      ['endUsers', { endUsers: { externalIds: ['tenant-7:jane', 'bob'] } }],
      ['endUsers', { endUsers: { prefix: 'tenant-' } }],
      ['allowedIps', { allowedIps: null }],
      ['allowedIps', { allowedIps: ['203.0.112.0/23'] }],
      ['permissions', { permissions: ['agent:read', 'agent:write'] }],
      ['permissions', { permissions: ['agent:*'] }],
      ['rateLimits', { rateLimits: [] }],
      ['rateLimits', { rateLimits: [{ window: 'HOUR', max: 11 }] }],
      ['rateLimits', { rateLimits: [{ window: 'DAY', max: 10 }] }],
      ['allowedAudiences', { allowedAudiences: null }],
      ['allowedAudiences', { allowedAudiences: ['https://a.example', 'https://b.example'] }],
    ] as const
    const losses = [
      { endUsers: { preset: 'NOBODY' as const } },
      { endUsers: { externalIds: ['tenant-7:jane'] } },
      { endUsers: { prefix: 'tenant-7:a' } },
      { allowedIps: ['203.0.113.128/25'] },
      { label: 'x' },
      { permissions: [] },
      { permissions: ['agent:read'] },
      { rateLimits: [{ window: 'HOUR' as const, max: 10 }] },
      {
        rateLimits: [
          { window: 'SECOND' as const, max: 1 },
          { window: 'HOUR' as const, max: 9 },
        ],
      },
      { allowedAudiences: ['https://a.example'] },
    ]
    const weak = (expiresAt: Date | null): ReturnType<typeof acme.apiKey> =>
      acme.apiKey({
        permissions: ['agent:read'],
        rateLimits: [{ window: 'HOUR', max: 10 }],
        allowedAudiences: ['https://a.example'],
        endUsers: { prefix: 'tenant-7:' },
        allowedIps: ['203.0.113.0/24'],
        expiresAt,
      })
    const update = async (by: string, id: string, change: object): Promise<[string, string | null][]> =>
      faultsOf(await app.mutate(by, 'updateApiKey', { id, ...change }, 'apiKey { id }'))

    test.each(gains)('%s: %j is not for a key that lasts longer', async (field, change) => {
      const { secret } = await acme.apiKey({ permissions: ['api_key:update', 'agent:*'], expiresAt: inMs(hour) })
      for (const end of [null, inMs(hour + 1)])
        expect(await update(secret, (await weak(end)).id, change)).toEqual([['INVALID', `input.${field}`]])
      expect(await update(secret, (await weak(inMs(hour))).id, change)).toEqual([])
    })

    test.each(losses)('%j may be made of any', async (change) => {
      const { secret } = await acme.apiKey({ permissions: ['api_key:update', 'agent:*'], expiresAt: inMs(hour) })
      expect(await update(secret, (await weak(null)).id, change)).toEqual([])
    })

    test('"*" that stays is no gain', async () => {
      const { secret } = await acme.apiKey({ permissions: ['*'], expiresAt: inMs(hour) })
      expect(await update(secret, (await acme.apiKey({ permissions: ['*'] })).id, { permissions: ['*'] })).toEqual([])
    })

    test.each([
      ['RESTRICTED', true],
      ['EPHEMERAL', true],
      ['FULL_ACCESS', false],
      ['LOGIN', false],
    ] as const)('a %s token: bound by its end: %p', async (type, isBound) => {
      const { userId } = await acme.member('ADMIN')
      const { token } = await acme.personalToken(userId, type, isBound ? ['api_key:update', 'agent:*'] : null, hour)
      expect((await update(token, (await weak(null)).id, { permissions: ['agent:*'] })).length > 0).toBe(isBound)
    })
  })

  test('expiresAt must be in the future', async () => {
    expect(faultsOf(await create(acme.adminToken, { expiresAt: inMs(0) }))).toEqual([['INVALID', 'input.expiresAt']])
    expect(faultsOf(await create(acme.adminToken, { expiresAt: inMs(1) }))).toEqual([])
  })
})

test.each([
  { rateLimits: [{ window: 'DAY' as const, max: 1_000_000 }] },
  { allowedAudiences: ['https://a.example'] },
  { endUsers: { preset: 'NOBODY' as const } },
  { endUsers: { externalIds: ['jane'] } },
  { endUsers: { prefix: 'j' } },
  { allowedIps: ['127.0.0.0/8', '::1'] },
])('a key limited by %j makes, rotates, updates and resumes no other key, and rotates itself', async (limits) => {
  const limited = await acme.apiKey({ permissions: ['*'], ...limits })
  const other = await acme.apiKey()
  const attempts = [
    await create(limited.secret, { permissions: [] }),
    await app.mutate(limited.secret, 'rotateApiKey', { id: other.id }, 'secret'),
    await app.mutate(limited.secret, 'updateApiKey', { id: other.id, label: 'x' }, 'apiKey { id }'),
    await app.mutate(limited.secret, 'resumeApiKey', { id: other.id }, 'apiKey { id }'),
  ]
  for (const answer of attempts) expect(faultsOf(answer)).toEqual([['FORBIDDEN', null]])
  expect((await app.mutate(limited.secret, 'rotateApiKey', { id: limited.id }, 'secret')).userErrors).toEqual([])
})

test.each([
  [{ label: '' }, 'input.label'],
  [{ label: 'x'.repeat(255) }, undefined],
  [{ label: 'x'.repeat(256) }, 'input.label'],
  [{ label: 'a\0b' }, 'input.label'],
  [{ label: '\ud800' }, 'input.label'],
  [{ label: `'"\\ ? $1 :a %s \u{1f511} \\' --` }, undefined],
  [{ label: null }, undefined],
  [{ rateLimits: [{ window: 'SECOND', max: 0 }] }, 'input.rateLimits.0.max'],
  [
    {
      rateLimits: [
        { window: 'SECOND', max: 1 },
        { window: 'DAY', max: 1_000_000_000 },
      ],
    },
    undefined,
  ],
  [{ rateLimits: [{ window: 'SECOND', max: 1_000_000_001 }] }, 'input.rateLimits.0.max'],
  [
    {
      rateLimits: [
        { window: 'SECOND', max: 1 },
        { window: 'SECOND', max: 2 },
      ],
    },
    'input.rateLimits',
  ],
  [{ rateLimits: null }, 'input.rateLimits'],
  [{ allowedAudiences: [] }, 'input.allowedAudiences'],
  [{ allowedAudiences: null }, undefined],
  [{ allowedAudiences: Array.from({ length: 20 }, (_, i) => `https://a.example/${i}`) }, undefined],
  [{ allowedAudiences: Array.from({ length: 21 }, (_, i) => `https://a.example/${i}`) }, 'input.allowedAudiences'],
  [{ allowedAudiences: [`https://a.example/${'x'.repeat(2048 - 18)}`] }, undefined],
  [{ allowedAudiences: [`https://a.example/${'x'.repeat(2049 - 18)}`] }, 'input.allowedAudiences.0'],
  [{ allowedAudiences: ['https://a.example/#top'] }, 'input.allowedAudiences.0'],
  [{ allowedAudiences: ['ftp://a.example'] }, 'input.allowedAudiences.0'],
  [{ permissions: ['Agent:read'] }, 'input.permissions.0'],
  [{ permissions: ['agent:read', 'agent:read'] }, 'input.permissions'],
])('createApiKey %j: %p', async (input, path) => {
  const { userErrors, apiKey } = await create(acme.adminToken, { permissions: [], ...input })
  expect(faultsOf({ userErrors })).toEqual(path === undefined ? [] : [['INVALID', path]])
  if (path === undefined) expect(apiKey).toMatchObject(input)
})
