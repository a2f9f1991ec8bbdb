/** Every change that wipes the tokens of a connected account also revokes them at their authorization server (RFC 7009). */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'

import { deleteById } from '../../src/commands/organization-delete.js'
import { listAllOrganizations } from '../../src/commands/organization-suspension.js'
import { ConnectionWorld } from '../support/oauth-connections.js'
import { waitFor } from '../support/wait-for.js'

let world: ConnectionWorld
let folder: string
beforeAll(async () => {
  world = await ConnectionWorld.start()
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-archive-'))
})
afterAll(async () => {
  await world.close()
  rmSync(folder, { recursive: true })
})
afterEach(() => {
  world.upstream.intercept = () => false
})

const user = 'jane'

interface Account {
  readonly serverId: string
  readonly credentialId: string
}

async function connectAccount(): Promise<Account> {
  const serverId = await world.server(world.upstream.serverUrl)
  await world.connect(user, serverId)
  return { serverId, credentialId: (await world.credential()).id }
}

const mutate = (name: Parameters<typeof world.app.mutate>[1], input: object, headers: Record<string, string> = {}): Promise<object> =>
  world.app.mutate(world.acme.sandboxKey, name, input, 'userErrors { code }', headers)

const liveTokens = async (): Promise<number> => {
  const found = await Promise.all([...world.upstream.tokens].map((token) => world.upstream.provider.RefreshToken.find(token)))
  return found.filter(Boolean).length
}

async function deleteOrganization(): Promise<void> {
  const { services } = world.app
  const { id } = world.acme
  const { name } = (await listAllOrganizations(services)).find(({ organizationId }) => organizationId === id)!
  await deleteById(services, id, { archive: join(folder, 'archive.ndjson'), confirm: name })
}

// The deletion of the organization is last: it leaves no world.
test.each<[string, (account: Account) => Promise<unknown>]>([
  ['revokeMcpCredential', ({ credentialId: id }) => mutate('revokeMcpCredential', { id }, { 'x-on-behalf-of': user })],
  [
    'updateMcpCredential with a new value',
    ({ credentialId: id }) => mutate('updateMcpCredential', { id, auth: { bearerToken: 'another' } }, { 'x-on-behalf-of': user }),
  ],
  ['updateMcpServer with a new origin', ({ serverId: id }) => mutate('updateMcpServer', { id, serverUrl: 'https://other.example/mcp' })],
  ['deleteMcpServer', ({ serverId: id }) => mutate('deleteMcpServer', { id })],
  ['forgetEndUser', () => mutate('forgetEndUser', { externalId: user })],
  ['resetSandbox', () => mutate('resetSandbox', {})],
  ['organization delete', deleteOrganization],
])('%s wipes the tokens here, and revokes them at their authorization server', async (_name, change) => {
  const account = await connectAccount()
  expect(await liveTokens()).toBe(1)
  const stored: unknown[] = []
  world.upstream.intercept = async ({ url }) => {
    if (url === '/token/revocation') stored.push(...(await world.acme.credentialRows()).map(({ sealedRefresh }) => sealedRefresh))
    return false
  }
  await change(account)
  await waitFor(async () => (await liveTokens()) === 0)
  // Wiped here before it is revoked there.
  expect(stored.filter(Boolean)).toEqual([])
})
