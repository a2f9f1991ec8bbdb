/** When a group is complete: it waits for more as long as more comes. */

/**
 * Turns of the loop that a group waits at most: what all entries of a commit share costs as much as ten of them. One that
 * comes alone waits for nobody.
 */
const maxTurns = 2

/** Calls when a turn has brought nothing more to what waits, or there is enough of it. */
export function waitForGroup(size: () => number, enough: number, done: () => void, known = size(), turns = 0): void {
  setImmediate(() => {
    const now = size()
    if (now > known && now < enough && turns < maxTurns) waitForGroup(size, enough, done, now, turns + 1)
    else done()
  })
}
