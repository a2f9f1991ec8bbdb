/** An account is connected once through a link, and its tokens renew themselves. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'

import { ConnectionWorld } from '../support/oauth-connections.js'

let world: ConnectionWorld
beforeAll(async () => {
  world = await ConnectionWorld.start()
})
afterAll(() => world.close())
beforeEach(() => {
  world.upstream.intercept = () => false
  world.upstream.interceptResource = () => false
})

test('an end user connects an account, calls, and calls again after the token expired', async () => {
  expect(await world.connect('jane')).toContain('Notes is connected')
  expect(await world.call('jane')).toBe('jane-upstream')
  const { renewals } = world.upstream
  world.app.clock.advance(3_600_000)
  expect(await world.call('jane')).toBe('jane-upstream')
  expect(world.upstream.renewals).toBe(renewals + 1)
})
