/** Suspending an organization: every credential of it is refused at once, and works again when it is resumed. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import {
  listAllOrganizations,
  resume as resumeOrganization,
  suspend as suspendOrganization,
} from '../src/commands/organization-suspension.js'
import { codeOf, startApp, type TestApp } from './support/app.js'
import { runKeyhouse } from './support/process.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const suspend = (acme: SeededOrganization): Promise<unknown> => suspendOrganization(app.services, acme.id)
const resume = (acme: SeededOrganization): Promise<unknown> => resumeOrganization(app.services, acme.id)
const viewer = '{ viewer { kind } }'
const exchange = `mutation ($input: ExchangeApiKeyInput!) { exchangeApiKey(input: $input) { token userErrors { code } } }`
const outcome = async (credential: string): Promise<unknown> => {
  const answer = await app.run(credential, viewer)
  return answer.status === 200 ? 'OK' : { status: answer.status, code: codeOf(answer) }
}
const suspended = { status: 403, code: 'CREDENTIAL_SUSPENDED' }

test('keys, exchanged tokens and personal tokens are refused while suspended, and those of other organizations are not', async () => {
  const [acme, other] = [await organization(app), await organization(app)]
  const { token } = await app.mutate(acme.sandboxKey, 'exchangeApiKey', { audience: app.config.url, externalUserId: 'jane' }, 'token')
  const credentials = [acme.sandboxKey, token, acme.adminToken]
  await suspend(acme)
  expect(await Promise.all(credentials.map(outcome))).toEqual([suspended, suspended, suspended])
  expect(await outcome(other.sandboxKey)).toBe('OK')
  await resume(acme)
  expect(await Promise.all(credentials.map(outcome))).toEqual(['OK', 'OK', 'OK'])
})

test('a revoked key stays revoked, and says so', async () => {
  const acme = await organization(app)
  const key = await acme.apiKey()
  await app.mutate(acme.sandboxKey, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
  await suspend(acme)
  expect(await outcome(key.secret)).toEqual({ status: 403, code: 'CREDENTIAL_REVOKED' })
})

test('nobody signs in or accepts an invitation meanwhile; afterwards both work', async () => {
  const acme = await organization(app)
  const signInToken = await acme.signInToken()
  const invited = await app.mutate(acme.adminToken, 'inviteMember', { email: 'grace@suspended.example', role: 'READER' }, 'invitationToken')
  const documents = [
    ['mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }', { signInToken }],
    [
      'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { token userErrors { code } } }',
      { invitationToken: invited.invitationToken, name: 'Grace' },
    ],
  ] as const
  await suspend(acme)
  for (const [document, input] of documents) expect(codeOf(await app.run(null, document, { input }))).toBe('CREDENTIAL_SUSPENDED')
  await resume(acme)
  for (const [document, input] of documents) {
    const { data } = await app.run(null, document, { input })
    expect(Object.values(data)[0]).toEqual({ token: expect.any(String), userErrors: [] })
  }
})

test('of a hundred exchanges in flight none is recorded after the suspension', async () => {
  const acme = await organization(app)
  const input = { audience: 'https://a.example', externalUserId: 'jane' }
  const answers = Array.from({ length: 100 }, (_, i) => {
    const answer = app.run(acme.sandboxKey, exchange, { input })
    return i === 50 ? [answer, suspend(acme)] : [answer]
  })
  await Promise.all(answers.flat())
  const actions = (await acme.events()).filter(({ outcome: one }) => one === 'ALLOWED').map(({ action }) => action)
  expect(actions).toContain('organization:suspend')
  expect(actions.slice(actions.indexOf('organization:suspend') + 1)).not.toContain('api_key:exchange')
})

test('suspending twice keeps the first time; both verbs leave an event', async () => {
  const acme = await organization(app)
  const { suspendedAt } = await suspendOrganization(app.services, acme.id)
  app.clock.advance(1000)
  expect((await suspendOrganization(app.services, acme.id)).suspendedAt).toBe(suspendedAt)
  expect((await listAllOrganizations(app.services)).find(({ organizationId }) => organizationId === acme.id)).toMatchObject({ suspendedAt })
  expect(await resume(acme)).toMatchObject({ suspendedAt: null })
  expect((await acme.events()).map(({ action }) => action).filter((action) => action.startsWith('organization:'))).toEqual([
    'organization:create',
    'organization:suspend',
    'organization:suspend',
    'organization:resume',
  ])
})

describe('the command line', () => {
  test('lists, suspends and resumes in words that say what follows', async () => {
    const acme = await organization(app)
    const suspension = await runKeyhouse(['organization', 'suspend', acme.id], app.env)
    expect(suspension).toMatchObject({ code: 0, stdout: expect.stringContaining('this server refuses all of its credentials') })
    const list = await runKeyhouse(['organization', 'list'], app.env)
    expect(list.stdout.split('\n').find((line) => line.includes(acme.id))).toMatch(/suspended since 20\d\d-/)
    const resumption = await runKeyhouse(['organization', 'resume', acme.id], app.env)
    expect(resumption).toMatchObject({ code: 0, stdout: expect.stringContaining('is active') })
  })

  test('an unknown id is refused in one sentence', async () => {
    const { code, stderr } = await runKeyhouse(['organization', 'suspend', 'org_none'], app.env)
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'No organization has the id "org_none". See "keyhouse organization list".\n' })
  })
})
