/** The consent page and its form (OAUTH.md E, AS 6): who asks, for what, until when, and whose answer counts. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { OAuthCode } from '../../src/entities/oauth-code.js'
import { OAuthGrant } from '../../src/entities/oauth-grant.js'
import { GrantWorld, redirectUri, ticketOf, wordsOf } from '../support/oauth-grants.js'

let world: GrantWorld
beforeAll(async () => {
  world = await GrantWorld.start()
})
afterAll(() => world.close())

const rows = async (): Promise<number[]> => {
  const { em } = world.gateway.acme
  return [await em.count(OAuthGrant), await em.count(OAuthCode)]
}

test('the page says who asks, for which server, what it will be able to do, where the answer goes, and until when', async () => {
  const page = await world.authorize(await world.signIn('ada'))
  expect(page.status).toBe(200)
  const words = wordsOf(page)
  expect(words).toContain('Let Acme Agent use server-1?')
  expect(words).toContain('You are signed in as ada . Sign out')
  expect(words).toContain('Application Acme Agent, which registered itself: nobody checked its name')
  expect(words).toContain('The answer goes to 127.0.0.1')
  expect(words).toContain('Until You or an administrator revoke it, or the application does not use it for 30 days.')
  expect(words).toContain('The application says that it runs on this device, and nobody can check that.')
  expect(words).toContain('Call every tool, also those that the server adds later')
  expect(page.text).not.toContain('<script')
})

test('the page is in no frame and no cache, sends no referrer, and its form goes here and to the redirect URI alone', async () => {
  const { headers } = await world.authorize(await world.signIn('ada'))
  const policy = headers.get('content-security-policy')
  expect(policy).toContain(`default-src 'none'`)
  expect(policy).toContain(`frame-ancestors 'none'`)
  expect(policy).toContain(`form-action 'self' http://127.0.0.1:7777;`)
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('cache-control')).toBe('no-store')
})

test('allowing redirects by 303 with code, state and issuer; denying with an error, and leaves no grant', async () => {
  const cookie = await world.signIn('ada')
  const allowed = await world.allow(cookie, await world.authorize(cookie))
  expect([allowed.status, allowed.location!.origin + allowed.location!.pathname]).toEqual([303, redirectUri])
  expect(Object.fromEntries(allowed.location!.searchParams)).toEqual({
    code: expect.stringMatching(/^kh_code_[\w-]{43}$/),
    state: 'state of the client',
    iss: world.issuer,
  })
  const before = await rows()
  const denied = await world.answer(cookie, { request: ticketOf(await world.authorize(cookie)), decision: 'deny' })
  expect([denied.status, Object.fromEntries(denied.location!.searchParams)]).toEqual([
    303,
    { error: 'access_denied', error_description: 'The end user denied the request.', state: 'state of the client', iss: world.issuer },
  ])
  expect(await rows()).toEqual(before)
})
