/** Revocations at authorization servers: how many at a time. */
import { setImmediate as turn } from 'node:timers/promises'

import { expect, test } from '@jest/globals'

import { SingleFlight } from '../../src/lib/single-flight.js'
import { revokeUpstreamGrants } from '../../src/mcp/connections/revoke-upstream.js'

test('the tokens of one client are revoked one after another, and those of at most 10 clients at a time', async () => {
  const inFlight: string[] = []
  const seen: string[] = []
  let most = 0
  const authorizationServer = async (_organizationId: string, issuer: string): Promise<never> => {
    expect(inFlight).not.toContain(issuer)
    inFlight.push(issuer)
    seen.push(issuer)
    most = Math.max(most, inFlight.length)
    await turn()
    inFlight.splice(inFlight.indexOf(issuer), 1)
    throw new Error('not reached')
  }
  const services = {
    tokenTasks: new SingleFlight(),
    clock: () => new Date(),
    log: { info: () => undefined },
    oauthDiscovery: { authorizationServer },
  }
  const clients = Array.from({ length: 11 }, (_, i) => ({ id: `client-${i}`, issuer: `https://${i}.example` }))
  const grants = clients.flatMap((client) => ['first', 'second'].map((refreshToken) => ({ client, refreshToken })))
  revokeUpstreamGrants(services as never, grants as never)
  await services.tokenTasks.settle(1000)
  expect([most, seen.length]).toEqual([10, 22])
})
