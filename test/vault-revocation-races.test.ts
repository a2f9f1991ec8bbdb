/** Races between storing credentials and the end of the access token: nothing is stored afterwards. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { EndUser } from '../src/entities/end-user.js'
import { codeOf, startApp, type TestApp } from './support/app.js'
import { chainFaults } from './support/audit-trail.js'
import type { AnyPayload, Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { exchange } from './support/tokens.js'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const stores = 60
const atOnce = 12

interface World {
  readonly acme: SeededOrganization
  readonly keyId: string
  readonly tokenId: string
}
interface Ending {
  readonly action: string
  readonly isWiped: boolean
  readonly refusals: readonly string[]
  readonly end: (world: World) => Promise<AnyPayload>
}
const by = ({ acme }: World, field: keyof Payloads, input: object, selection: string): Promise<AnyPayload> =>
  app.mutate(acme.sandboxKey, field, input, selection)

const endings: Readonly<Record<string, Ending>> = {
  'its token is revoked': {
    action: 'access_token:revoke',
    isWiped: false,
    refusals: ['UNAUTHENTICATED'],
    end: (world) => by(world, 'revokeAccessToken', { id: world.tokenId }, 'accessToken { status }'),
  },
  'the key of its token is revoked': {
    action: 'api_key:revoke',
    isWiped: false,
    refusals: ['UNAUTHENTICATED'],
    end: (world) => by(world, 'revokeApiKey', { id: world.keyId }, 'apiKey { status }'),
  },
  'the key of its token may no longer': {
    action: 'api_key:update',
    isWiped: false,
    refusals: ['FORBIDDEN'],
    end: (world) => by(world, 'updateApiKey', { id: world.keyId, permissions: ['mcp_server:read'] }, 'apiKey { id }'),
  },
  'it is forgotten': {
    action: 'end_user:forget',
    isWiped: true,
    refusals: ['UNAUTHENTICATED'],
    end: (world) => by(world, 'forgetEndUser', { externalId: 'jane' }, 'forgottenEndUserId'),
  },
  'the sandbox is reset': {
    action: 'sandbox:reset',
    isWiped: true,
    refusals: ['UNAUTHENTICATED'],
    end: (world) => by(world, 'resetSandbox', {}, 'revokedCredentials'),
  },
}

test.each(Object.entries(endings))('%s', async (_name, { action, isWiped, refusals, end }) => {
  const acme = await organization(app)
  const key = await acme.apiKey({ permissions: ['mcp_server:read', 'mcp_credential:create'] })
  const { token, accessToken } = await exchange(app, key.secret, { audience: app.config.url })
  const server = { name: 'x', serverLabel: 'x', serverUrl: 'https://mcp.example/mcp' }
  const { id: serverId } = (await app.mutate(acme.sandboxKey, 'createMcpServer', server, 'server { id }')).server
  const query = 'mutation ($input: CreateMcpCredentialInput!) { createMcpCredential(input: $input) { userErrors { code } } }'
  const codes: (string | undefined)[] = []
  let ended: Promise<AnyPayload> | undefined
  let next = 0
  const worker = async (): Promise<void> => {
    while (next++ < stores) {
      const answer = await app.run(token, query, { input: { serverId, auth: { bearerToken: 'a secret of jane' } } })
      codes.push(answer.errors ? codeOf(answer) : answer.data.createMcpCredential.userErrors[0]?.code)
      if (codes.length >= stores / 4) ended ??= end({ acme, keyId: key.id, tokenId: accessToken.id })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  expect((await ended)?.userErrors).toEqual([])

  const events = await acme.events()
  const cut = events.findIndex((event) => event.action === action && event.outcome === 'ALLOWED')
  const stored = events
    .map(({ outcome, ...event }, i) => ({ ...event, outcome, isAfter: i > cut }))
    .filter((event) => event.action === 'mcp_credential:create')
  const allowed = stored.filter(({ outcome }) => outcome === 'ALLOWED')
  expect(cut).toBeGreaterThan(0)
  expect(allowed.length).toBe(codes.filter((code) => code === undefined).length)
  expect(allowed.filter(({ isAfter }) => isAfter)).toEqual([])
  expect(new Set(codes.filter((code) => code !== undefined))).toEqual(new Set(refusals))
  const rows = await acme.credentialRows()
  expect(rows).toHaveLength(allowed.length)
  expect(rows.filter(({ sealedValue }) => sealedValue !== null)).toHaveLength(isWiped ? 0 : rows.length)
  expect(await acme.em.count(EndUser, { externalId: 'jane' })).toBe(isWiped ? 0 : 1)
  expect(await chainFaults(app.services.orm, acme.id)).toEqual([])
})
