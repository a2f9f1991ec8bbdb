/** The client types the viewer by its kind: the server's answers have exactly the fields that those types promise. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { startApp, type TestApp } from '../support/app.js'
import { organization, type SeededOrganization } from '../support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const query = `{
  viewer {
    kind environment issuer expiresAt
    apiKey { id } endUser { id } personalToken { id } project { id } user { id }
  }
}`
const onBehalfOf = { 'x-on-behalf-of': 'new-user' }

const accessToken = async (): Promise<string> => {
  const { token } = await app.mutate(acme.sandboxKey, 'exchangeApiKey', { audience: app.config.url, externalUserId: 'jane' }, 'token')
  return token
}

// As in client/src/viewer.ts, whose fields that can be either are left out.
test.each([
  ['an API key', 'API_KEY', ['environment', 'issuer', 'project', 'apiKey'], ['personalToken', 'user', 'endUser']],
  ['an API key for an end user', 'API_KEY', ['environment', 'issuer', 'project', 'endUser'], ['personalToken', 'user', 'apiKey']],
  ['an access token', 'ACCESS_TOKEN', ['environment', 'issuer', 'project', 'endUser', 'expiresAt'], ['personalToken', 'user', 'apiKey']],
  ['a personal token', 'PERSONAL_TOKEN', ['personalToken', 'user', 'expiresAt'], ['environment', 'issuer', 'project', 'apiKey', 'endUser']],
] as const)('%s', async (caller, kind, present, absent) => {
  const token = { ACCESS_TOKEN: accessToken, API_KEY: () => acme.sandboxKey, PERSONAL_TOKEN: () => acme.adminToken }
  const { data } = await app.run<{ viewer: Record<string, unknown> }>(
    await token[kind](),
    query,
    {},
    caller === 'an API key for an end user' ? onBehalfOf : {},
  )
  expect(data.viewer['kind']).toBe(kind)
  for (const field of present) expect([field, data.viewer[field]]).toEqual([field, expect.anything()])
  for (const field of absent) expect([field, data.viewer[field]]).toEqual([field, null])
})
