/** Explanations of access agree with what requests really get, over random chains: forty, and ten thousand in `npm run test:long`. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { accessLinkKinds } from '../src/access-review/access-links.js'
import { AccessWorld, chains } from './support/access-chains.js'

declare const accessChains: number

let world: AccessWorld
beforeAll(async () => {
  world = await AccessWorld.start()
})
afterAll(() => world.close())

test('an explanation allows what the request does, and names the link that refuses it', async () => {
  const agrees = fc.asyncProperty(chains, async (chain) => expect(await world.difference(chain)).toBeUndefined())
  await fc.assert(agrees, { numRuns: accessChains })
  // Only a member is told of its membership, which therefore refuses nobody.
  const decisive = [...accessLinkKinds.filter((kind) => kind !== 'MEMBER'), 'nothing']
  if (accessChains >= 1000) expect([...world.refusals.keys()].toSorted()).toEqual(decisive.toSorted())
}, 3_600_000)
