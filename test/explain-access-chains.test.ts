/** Explanations of access agree with what requests really get: forty random chains, ten thousand in test/long. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { AccessWorld, chains } from './support/access-chains.js'

let world: AccessWorld
beforeAll(async () => {
  world = await AccessWorld.start()
})
afterAll(() => world.close())

test('an explanation allows what the request does, and names the link that refuses it', async () => {
  const agrees = fc.asyncProperty(chains, async (chain) => expect(await world.difference(chain)).toBeUndefined())
  await fc.assert(agrees, { numRuns: 40 })
})
