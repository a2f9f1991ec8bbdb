/** API keys through the API: made, listed, changed, rotated, revoked, verified. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

describe('createApiKey', () => {
  test('returns the secret once and stores only its digest', async () => {
    const made = await app.mutate(
      acme.sandboxKey,
      'createApiKey',
      { label: 'CI', permissions: ['agent:read'] },
      'secret apiKey { id label preview environment status }',
    )
    expect(made.userErrors).toEqual([])
    expect(made.secret).toMatch(/^kh_sand_[0-9A-Za-z]{38}$/)
    expect(made.apiKey).toMatchObject({
      label: 'CI',
      environment: 'SANDBOX',
      status: 'ACTIVE',
      preview: `kh_sand_****${made.secret.slice(-4)}`,
    })
    const { data } = await app.run(made.secret, '{ viewer { apiKey { id } permissions } }')
    expect(data.viewer).toEqual({ apiKey: { id: made.apiKey.id }, permissions: ['agent:read'] })
  })
})
