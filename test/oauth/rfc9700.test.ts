/** Recommendations of RFC 9700 that forbid what this authorization server never had: other grants, tokens in URLs, pages for scripts. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { GrantWorld } from '../support/oauth-grants.js'

let world: GrantWorld
beforeAll(async () => {
  world = await GrantWorld.start()
})
afterAll(() => world.close())

test.each(['token', 'id_token', 'code token', 'none'])('the response type %s does not exist (§2.1.2)', async (type) => {
  const { text, location } = await world.authorize(await world.signIn('ada'), { response_type: type })
  expect(`${location?.href ?? ''}${text}`).toContain('unsupported_response_type')
})

test('the metadata has codes and S256 alone, and no password (§2.1.1, §2.1.2, §2.4)', async () => {
  const metadata = (await (await fetch(`${world.issuer}/.well-known/openid-configuration`)).json()) as Record<string, string[]>
  expect(metadata).toMatchObject({
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    code_challenge_methods_supported: ['S256'],
  })
  expect(metadata['grant_types_supported']).not.toEqual(expect.arrayContaining(['password']))
  const { status, body } = await world.token({ grant_type: 'password', username: 'ada', password: 'x', client_id: await world.clientId() })
  expect([status, body]).toMatchObject([400, { error: 'unsupported_grant_type' }])
})

test('a token in a URL or in a form is no credential (§4.3.2)', async () => {
  const { access_token: token } = await world.tokens('ada')
  const call = (query: string, init: RequestInit): Promise<Response> => fetch(`${world.at}/mcp/${world.serverId}${query}`, init)
  const message = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }
  expect((await call(`?access_token=${token}`, message)).status).toBe(401)
  expect((await call('', { method: 'POST', body: new URLSearchParams({ access_token: token }) })).status).toBe(415)
})

test.each(['authorize', 'consent'])('no page of another origin reads or calls %s (§2.6, §4.17)', async (endpoint) => {
  const origin = 'https://app.example'
  const url = `${world.issuer}/oauth/${endpoint}`
  for (const init of [{ headers: { origin } }, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } }]) {
    const { headers } = await fetch(url, init)
    expect(headers.get('access-control-allow-origin')).toBeNull()
  }
})
