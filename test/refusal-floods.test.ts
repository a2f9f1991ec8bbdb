/** Floods of refusals: at most eleven audit events a minute, which contain the count. */
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import { chainFaults, refusalsIn } from './support/audit-trail.js'
import { measureStall } from './support/event-loop-stall.js'
import { statusAndBody } from './support/id-variables.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { exchange } from './support/tokens.js'
import { startReplica } from './support/users.js'
import { waitFor } from './support/wait-for.js'

jest.setTimeout(60_000)

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
beforeEach(async () => {
  acme = await organization(app)
})

const flood = 173
const revoke = 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id } userErrors { code message path } } }'

/** An end user that holds nothing, asking as often as it can. @returns how many different answers it got */
async function flooded(at: TestApp, token: string): Promise<number> {
  const ask = async (i: number): Promise<string> =>
    JSON.stringify(statusAndBody(await at.run(token, revoke, { input: { id: `key_${String(i).padStart(32, '0')}` } })))
  const answers = await Promise.all(Array.from({ length: flood }, (_, i) => ask(i)))
  return new Set(answers).size
}

const endUsersToken = async (): Promise<string> => {
  const { secret } = await acme.apiKey({ permissions: ['agent:read'] })
  return (await exchange(app, secret, { audience: app.config.url })).token
}

const denied = async (): ReturnType<SeededOrganization['events']> =>
  (await acme.events('api_key:revoke')).filter(({ outcome }) => outcome === 'DENIED')

test('ten events, and one for all others at the end of the minute', async () => {
  const token = await endUsersToken()
  const first = app.clock.at.toISOString()
  expect(await flooded(app, token)).toBe(1)
  expect(await denied()).toHaveLength(10)
  app.clock.advance(60_000)
  await waitFor(async () => (await denied()).length > 10)
  const events = await denied()
  expect(events.map(refusalsIn)).toEqual([...Array(10).fill(1), flood - 10])
  const [single] = events
  expect(events.at(-1)).toMatchObject({
    projectId: acme.projectId,
    environment: 'SANDBOX',
    actorId: single!.actorId,
    endUserId: single!.endUserId,
    subjectId: null,
    details: { code: 'FORBIDDEN', count: flood - 10, first, last: first, targetIds: [] },
  })
  expect(single!.endUserId).toMatch(/^eu_/)
  expect(await chainFaults(app.services.orm, acme.id)).toEqual([])
})

test('names what the caller could see, and is found by whoever reads the trail', async () => {
  const { id } = await acme.apiKey()
  const reader = await acme.apiKey({ permissions: ['api_key:read'] })
  for (let i = 0; i < 12; i++) await app.mutate(reader.secret, 'revokeApiKey', { id }, 'apiKey { id }')
  await app.services.refusalJournal.flush()
  const query = 'query ($id: ID!) { auditEvents(filter: { subjectId: $id, outcome: DENIED }) { nodes { details } } }'
  const { data } = await app.run(acme.sandboxKey, query, { id })
  expect(data.auditEvents.nodes.map(refusalsIn)).toEqual([2, ...Array(10).fill(1)])
  expect(data.auditEvents.nodes[0]!.details).toMatchObject({ count: 2, targetIds: [id] })
})

test('a shutdown writes what it has gathered', async () => {
  const token = await endUsersToken()
  const other = await startReplica(app)
  await flooded(other, token)
  expect(await denied()).toHaveLength(10)
  await other.close()
  expect((await denied()).map(refusalsIn)).toEqual([...Array(10).fill(1), flood - 10])
  expect(await chainFaults(app.services.orm, acme.id)).toEqual([])
})

test('each process gathers its own', async () => {
  const token = await endUsersToken()
  const other = await startReplica(app)
  await flooded(other, token)
  await other.close()
  await flooded(app, token)
  await app.services.refusalJournal.flush()
  expect((await denied()).map(refusalsIn)).toEqual([...Array(10).fill(1), flood - 10, ...Array(10).fill(1), flood - 10])
})

test('writing all that one organization can have gathered does not hold up the event loop', async () => {
  const refuse = (actor: number): Promise<void> =>
    app.services.refusalJournal.record({
      organizationId: acme.id,
      projectId: acme.projectId,
      environment: 'SANDBOX',
      action: 'api_key:create',
      outcome: 'DENIED',
      actorId: `actor_${actor}`,
      endUserId: null,
      subjectId: null,
      details: { code: 'FORBIDDEN' },
      requestId: 'req_1',
      ipAddress: null,
      at: app.clock.now(),
    })
  for (let actor = 0; actor < 1000; actor++) await Promise.all(Array.from({ length: 11 }, () => refuse(actor)))
  const { longestMs } = await measureStall(() => app.services.refusalJournal.flush())
  expect(longestMs).toBeLessThanOrEqual(250)
  const written = (await acme.events('api_key:create')).filter(({ details }) => details['count'] !== undefined)
  expect(written).toHaveLength(1000)
  expect(await chainFaults(app.services.orm, acme.id)).toEqual([])
})
