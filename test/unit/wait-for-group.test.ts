/** How long a group waits: as long as each turn of the loop brings more, and never for nothing. */
import { expect, test } from '@jest/globals'

import { waitForGroup } from '../../src/journal/wait-for-group.js'

/** After how many turns a group is complete whose size is given for its beginning and for each turn. */
async function turnsOf(sizes: readonly number[], enough = 200): Promise<number> {
  let looks = 0
  await new Promise<void>((resolve) => waitForGroup(() => sizes[Math.min(looks++, sizes.length - 1)]!, enough, resolve))
  return looks - 1
}

test.each<[string, number[], number]>([
  ['one that came alone is written in the next turn', [1], 1],
  ['several that came in one turn wait for one more', [1, 5], 2],
  ['as long as more comes', [1, 5, 9], 3],
  ['but not for ever', [1, 5, 9, 12, 15, 20], 3],
  ['nor when there is enough', [1, 200], 1],
  ['one less than enough waits', [1, 199], 2],
])('%s', async (_name, sizes, turns) => {
  expect(await turnsOf(sizes)).toBe(turns)
})
