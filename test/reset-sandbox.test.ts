/** resetSandbox: what it removes, and what it must not touch. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { AccessToken } from '../src/entities/access-token.js'
import { AuditEvent } from '../src/entities/audit-event.js'
import { EndUser } from '../src/entities/end-user.js'
import { startApp, type TestApp } from './support/app.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const counts = 'deletedServers revokedCredentials revokedTokens'
const reset = (credential: string, input: object | null = null, headers: Record<string, string> = {}): Promise<Payloads['resetSandbox']> =>
  app.mutate(credential, 'resetSandbox', input, counts, headers)
const exchange = (credential: string, externalUserId: string, expiresIn = 3600): Promise<Payloads['exchangeApiKey']> =>
  app.mutate(credential, 'exchangeApiKey', { audience: 'https://api.example.com', externalUserId, expiresIn }, 'accessToken { id }')

async function unrevoked(acme: SeededOrganization): Promise<string[]> {
  const { data } = await app.run(acme.adminToken, '{ accessTokens(first: 100) { nodes { id status } } }')
  return data.accessTokens.nodes.filter(({ status }) => status !== 'REVOKED').map(({ id }) => id)
}
/** Where the tokens are that were not revoked, and the end users. */
const world = async (acme: SeededOrganization): Promise<string[][]> => [
  (await acme.em.find(AccessToken, { id: { $in: await unrevoked(acme) } }, { orderBy: { id: 'ASC' } })).map(
    ({ projectId, environment }) => `${projectId} ${environment}`,
  ),
  (await acme.em.find(EndUser, { id: { $ne: '' } }, { orderBy: { id: 'ASC' } })).map(
    ({ projectId, environment }) => `${projectId} ${environment}`,
  ),
]

describe('resetSandbox', () => {
  test('wipes the sandbox of one project, and nothing of production, of another project or organization', async () => {
    const [acme, globex] = [await organization(app), await organization(app)]
    const projectId = await acme.project()
    const production = await acme.apiKey({ environment: 'PRODUCTION' })
    const neighbour = await acme.apiKey({ projectId })
    for (const key of [acme.sandboxKey, production.secret, neighbour.secret, globex.sandboxKey]) await exchange(key, 'ada')
    await exchange(acme.sandboxKey, 'bob')
    await exchange(acme.sandboxKey, 'ada', 300)
    app.clock.advance(300_000)
    expect(await reset(acme.sandboxKey)).toEqual({ deletedServers: 0, revokedCredentials: 0, revokedTokens: 2, userErrors: [] })
    const left = [`${acme.projectId} PRODUCTION`, `${projectId} SANDBOX`]
    expect((await world(acme)).map((rows) => rows.filter((row) => row !== `${acme.projectId} SANDBOX`).toSorted())).toEqual([
      left.toSorted(),
      left.toSorted(),
    ])
    // The one that had expired was not counted, and no end user of the sandbox is left.
    expect((await world(acme)).map((rows) => rows.length)).toEqual([2, 2])
    expect((await world(globex)).map((rows) => rows.length)).toEqual([1, 1])
    // Keys stay, and the sandbox can be filled again.
    expect((await exchange(acme.sandboxKey, 'ada')).userErrors).toEqual([])
    expect((await reset(acme.sandboxKey)).revokedTokens).toBe(1)
    const events = await acme.em.find(AuditEvent, { action: 'sandbox:reset' }, { orderBy: { seq: 'ASC' } })
    expect(events.map(({ subjectId, environment, details }) => ({ subjectId, environment, details }))[0]).toEqual({
      subjectId: acme.projectId,
      environment: 'SANDBOX',
      details: { deletedServers: 0, revokedCredentials: 0, revokedTokens: 2 },
    })
  })

  test('is for sandbox callers and members: production callers are told so, whatever they name', async () => {
    const acme = await organization(app)
    const production = await acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })
    await exchange(acme.sandboxKey, 'ada')
    for (const input of [null, {}, { projectId: acme.projectId }, { projectId: 'prj_none' }]) {
      expect((await reset(production.secret, input)).userErrors).toEqual([expect.objectContaining({ code: 'PRODUCTION_NOT_SUPPORTED' })])
    }
    expect((await world(acme)).map((rows) => rows.length)).toEqual([1, 1])
    expect(await reset(acme.adminToken, { projectId: acme.projectId })).toMatchObject({ revokedTokens: 1, userErrors: [] })
  })

  test("needs the permission, in a project that is the caller's, and not while acting for an end user", async () => {
    const acme = await organization(app)
    const globex = await organization(app)
    const weak = await acme.apiKey({ permissions: ['api_key:read'] })
    const codes = async (credential: string, input: object | null, headers = {}): Promise<string[]> =>
      (await reset(credential, input, headers)).userErrors.map(({ code }: { code: string }) => code)
    expect(await codes(weak.secret, null)).toEqual(['FORBIDDEN'])
    expect(await codes(acme.sandboxKey, null, { 'x-on-behalf-of': 'ada' })).toEqual(['FORBIDDEN'])
    expect(await codes(acme.sandboxKey, { projectId: globex.projectId })).toEqual(['NOT_FOUND'])
    expect(await codes(acme.sandboxKey, { projectId: await acme.project() })).toEqual(['NOT_FOUND'])
    expect(await codes(acme.adminToken, { projectId: globex.projectId })).toEqual(['NOT_FOUND'])
    expect(await codes((await acme.member('READER')).token, { projectId: acme.projectId })).toEqual(['FORBIDDEN'])
    expect(await codes(acme.sandboxKey, { projectId: acme.projectId })).toEqual([])
  })
})
