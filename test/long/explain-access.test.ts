/** Ten thousand random access chains: explanations agree with what requests really get. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { accessLinkKinds } from '../../src/access-review/access-links.js'
import { AccessWorld, chains } from '../support/access-chains.js'

let world: AccessWorld
beforeAll(async () => {
  world = await AccessWorld.start()
})
afterAll(() => world.close())

test('an explanation allows what the request does, and names the link that refuses it', async () => {
  const agrees = fc.asyncProperty(chains, async (chain) => expect(await world.difference(chain)).toBeUndefined())
  await fc.assert(agrees, { numRuns: 10_000 })
  // Each kind of link but the membership, which a caller cannot see without being a member.
  expect([...world.refusals.keys()].toSorted()).toEqual([...accessLinkKinds.filter((kind) => kind !== 'MEMBER'), 'nothing'].toSorted())
}, 3_600_000)
