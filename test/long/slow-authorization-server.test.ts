/** An authorization server that accepts requests and does not answer: each request ends after 10 seconds, with its own code. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { startTimer } from '../../src/lib/clock.js'
import { ConnectionWorld } from '../support/oauth-connections.js'

let world: ConnectionWorld
beforeAll(async () => {
  world = await ConnectionWorld.start()
  for (const user of ['jane', 'bob']) await world.connect(user)
})
afterAll(() => world.close())

/** Path of the requests that get no answer. */
function silence(path: RegExp): () => number {
  let count = 0
  world.upstream.intercept = ({ url }) => {
    if (!path.test(url ?? '')) return false
    count++
    return true
  }
  return () => count
}

test('a renewal ends after 10 seconds, keeps the account connected, and is tried again 15 seconds later', async () => {
  world.app.clock.advance(3_600_000)
  const asked = silence(/^\/token$/)
  const elapsed = startTimer()
  const refusal = { reason: 'RENEWAL_FAILED', cause: 'TIMEOUT', retryAfterMs: 15_000 }
  expect(await Promise.all(['jane', 'jane', 'bob'].map((user) => world.refusal(user)))).toEqual([refusal, refusal, refusal])
  expect(elapsed()).toBeGreaterThanOrEqual(10)
  expect(elapsed()).toBeLessThan(13)
  // One renewal for each account, however many calls wait for it.
  expect(asked()).toBe(2)
  const waiting = startTimer()
  expect(await world.refusal('jane')).toEqual(refusal)
  expect(waiting()).toBeLessThan(2)
  for (const row of await world.acme.credentialRows()) expect(row).toMatchObject({ healthStatus: 'UNKNOWN', leaseUntil: null })
  world.upstream.intercept = () => false
  world.app.clock.advance(15_000)
  expect(await world.call('jane')).toBe('jane-upstream')
}, 30_000)

test('a connection whose metadata does not come is refused after 10 seconds, and starts when it does', async () => {
  world.app.clock.advance(600_000)
  silence(/^\/\.well-known\//)
  const headers = { 'x-on-behalf-of': 'eve' }
  const { userErrors } = await world.app.mutate(world.acme.sandboxKey, 'startMcpConnection', { serverId: world.serverId }, 'url', headers)
  expect(userErrors).toMatchObject([{ code: 'OAUTH_UNAVAILABLE', message: 'The authorization server did not respond in time.' }])
  world.upstream.intercept = () => false
  expect(await world.connect('eve')).toContain('is connected')
}, 30_000)
