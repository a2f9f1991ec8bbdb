/** The methods of the entities and the conditions of the database agree on which credentials are live. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { EntityManager } from '@mikro-orm/core'

import {
  accessTokensWithStatus,
  apiKeysWithStatus,
  liveMcpCredentials,
  pendingInvitations,
  unrevokedTokens,
  unusedSignInTokens,
  mcpCredentialsWithStatus,
} from '../src/database/queries/live-credentials.js'
import { liveCredentialVersion } from '../src/database/queries/mcp.js'
import { AccessToken } from '../src/entities/access-token.js'
import { ApiKey } from '../src/entities/api-key.js'
import { Invitation } from '../src/entities/invitation.js'
import { McpCredential } from '../src/entities/mcp-credential.js'
import { PersonalToken } from '../src/entities/personal-token.js'
import { SignInToken } from '../src/entities/sign-in-token.js'
import { SigningKey } from '../src/entities/signing-key.js'
import { startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { exchange } from './support/tokens.js'
import { invite } from './support/users.js'

const statuses = ['ACTIVE', 'SUSPENDED', 'EXPIRED', 'REVOKED'] as const
const expiresAt = new Date('2027-01-01T00:00:00.000Z')
const around = (at: Date): Date[] => [-1, 0, 1].map((ms) => new Date(at.getTime() + ms))

interface Stored {
  readonly id: string
}

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

function scoped(): EntityManager {
  const em = app.services.orm.em.fork()
  em.setFilterParams('tenant', { organizationId: acme.id, projectIds: null, environment: null })
  em.setFilterParams('owner', { allOwners: true })
  return em
}

const store = (entity: new () => Stored, id: string, change: object): Promise<number> => scoped().nativeUpdate(entity, { id }, change)
const isFound = async (entity: new () => Stored, id: string, condition: object): Promise<boolean> =>
  (await scoped().count(entity, { $and: [{ id }, condition] })) === 1

/** The one status whose condition finds the row. */
async function foundStatus(
  entity: new () => Stored,
  id: string,
  conditionOf: (status: (typeof statuses)[number]) => object,
): Promise<string> {
  const found = await Promise.all(statuses.map((status) => isFound(entity, id, conditionOf(status))))
  return statuses.filter((_, i) => found[i]).join(' ')
}

let servers = 0
const newCredential = async (): Promise<string> => {
  const input = {
    name: 'x',
    serverLabel: `server${++servers}`,
    serverUrl: 'https://a.example',
  }
  const { server } = await app.mutate(acme.sandboxKey, 'createMcpServer', input, 'server { id }')
  const auth = { bearerToken: 'a secret' }
  return (await app.mutate(acme.sandboxKey, 'createMcpCredential', { serverId: server.id, auth }, 'credential { id }')).credential.id
}

describe('one millisecond before the expiry, at it, and one after', () => {
  const expected = ['ACTIVE', 'EXPIRED', 'EXPIRED']

  test.each([null, expiresAt])('an API key that expires at %p has one status', async (at) => {
    const { id } = await acme.apiKey()
    await store(ApiKey, id, { expiresAt: at })
    const key = await acme.keyRow(id)
    for (const [i, now] of around(expiresAt).entries()) {
      const status = at ? expected[i] : 'ACTIVE'
      expect([key.status(now), await foundStatus(ApiKey, id, (asked) => apiKeysWithStatus(asked, now))]).toEqual([status, status])
    }
  })

  test('a suspended API key is suspended at each of them, and its access token until it expires', async () => {
    const { id: keyId, secret } = await acme.apiKey()
    const { id } = (await exchange(app, secret)).accessToken
    await store(ApiKey, keyId, { suspendedAt: expiresAt, expiresAt })
    await store(AccessToken, id, { expiresAt })
    const [key, token] = [await acme.keyRow(keyId), await scoped().findOneOrFail(AccessToken, { id })]
    for (const [i, now] of around(expiresAt).entries()) {
      expect([key.status(now), await foundStatus(ApiKey, keyId, (asked) => apiKeysWithStatus(asked, now))]).toEqual([
        'SUSPENDED',
        'SUSPENDED',
      ])
      const status = i === 0 ? 'SUSPENDED' : 'EXPIRED'
      const found = await foundStatus(AccessToken, id, (asked) => accessTokensWithStatus(asked, now))
      expect([token.status(now, key, null), found]).toEqual([status, status])
    }
  })

  test('an access token has one status', async () => {
    const { id } = (await exchange(app, acme.sandboxKey)).accessToken
    await store(AccessToken, id, { expiresAt })
    const token = await scoped().findOneOrFail(AccessToken, { id })
    for (const [i, now] of around(expiresAt).entries()) {
      const found = await foundStatus(AccessToken, id, (asked) => accessTokensWithStatus(asked, now))
      expect([token.status(now, null, null), found]).toEqual([expected[i], expected[i]])
    }
  })

  test('a personal token is live, then not', async () => {
    const { userId } = await acme.member('READER')
    const { id } = await acme.personalToken(userId, 'FULL_ACCESS')
    await store(PersonalToken, id, { expiresAt })
    const token = await scoped().findOneOrFail(PersonalToken, { id })
    for (const [i, now] of around(expiresAt).entries()) {
      expect(token.status(now)).toBe(expected[i])
      expect(await isFound(PersonalToken, id, unrevokedTokens(now))).toBe(i === 0)
    }
  })

  test.each([null, expiresAt])('an MCP credential that expires at %p is the same for the entity, the ORM and the gateway', async (at) => {
    const id = await newCredential()
    await store(McpCredential, id, { expiresAt: at })
    const credential = await scoped().findOneOrFail(McpCredential, { id })
    for (const [i, now] of around(expiresAt).entries()) {
      const isLive = at === null || i === 0
      expect(credential.status(now) === 'ACTIVE').toBe(isLive)
      expect(await foundStatus(McpCredential, id, (asked) => mcpCredentialsWithStatus(asked, now))).toBe(credential.status(now))
      expect(await isFound(McpCredential, id, liveMcpCredentials(now))).toBe(isLive)
      expect((await app.services.queryRunner.read(liveCredentialVersion, [id, now])) !== undefined).toBe(isLive)
    }
  })

  test('an invitation can be accepted, and a sign-in token used, then not', async () => {
    const { id } = await invite(app, acme.adminToken)
    await acme.signInToken()
    const [signInToken] = await scoped().find(SignInToken, { usedAt: null })
    await store(Invitation, id, { expiresAt })
    await store(SignInToken, signInToken!.id, { expiresAt })
    for (const [i, now] of around(expiresAt).entries()) {
      expect(await isFound(Invitation, id, pendingInvitations(now))).toBe(i === 0)
      expect(await isFound(SignInToken, signInToken!.id, unusedSignInTokens(now))).toBe(i === 0)
    }
  })
})

describe('before its expiry', () => {
  const now = new Date('2026-12-01T00:00:00.000Z')

  test.each(['itself', 'its key'])('an access token is revoked with %s, and no longer expires', async (what) => {
    const key = await acme.apiKey()
    const { id } = (await exchange(app, key.secret)).accessToken
    await store(AccessToken, id, { expiresAt })
    await (what === 'itself' ? store(AccessToken, id, { revokedAt: now }) : store(ApiKey, key.id, { revokedAt: now }))
    const token = await scoped().findOneOrFail(AccessToken, { id })
    for (const at of [now, expiresAt]) {
      expect(token.status(at, await acme.keyRow(key.id), null)).toBe('REVOKED')
      expect(await foundStatus(AccessToken, id, (asked) => accessTokensWithStatus(asked, at))).toBe('REVOKED')
    }
  })

  test('an access token is revoked by a sandbox reset at its issue or later', async () => {
    const key = await acme.apiKey()
    const { id } = (await exchange(app, key.secret)).accessToken
    await store(AccessToken, id, { expiresAt })
    const token = await scoped().findOneOrFail(AccessToken, { id })
    for (const [i, sandboxResetAt] of around(token.issuedAt).entries()) {
      await store(ApiKey, key.id, { sandboxResetAt })
      const status = i === 0 ? 'ACTIVE' : 'REVOKED'
      expect(token.status(now, await acme.keyRow(key.id), null)).toBe(status)
      expect(await foundStatus(AccessToken, id, (asked) => accessTokensWithStatus(asked, now))).toBe(status)
    }
  })

  test('an access token is revoked when its signing key was retired before the expiry', async () => {
    const { id } = (await exchange(app, acme.sandboxKey)).accessToken
    const { signingKeyId } = await scoped().findOneOrFail(AccessToken, { id })
    const kid = `retired-${id}`
    const em = scoped()
    const current = await em.findOneOrFail(SigningKey, { id: signingKeyId })
    await em.persist(Object.assign(new SigningKey(), current, { id: kid, state: 'RETIRED' })).flush()
    await store(AccessToken, id, { expiresAt, signingKeyId: kid })
    const token = await scoped().findOneOrFail(AccessToken, { id })
    for (const [i, retiredAt] of around(expiresAt).entries()) {
      await store(SigningKey, kid, { retiredAt })
      const status = i === 0 ? 'REVOKED' : 'ACTIVE'
      expect(token.status(now, null, retiredAt)).toBe(status)
      expect(await foundStatus(AccessToken, id, (asked) => accessTokensWithStatus(asked, now))).toBe(status)
    }
  })
})
