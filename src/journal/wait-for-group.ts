/** Decides when a group commit starts: after an event loop turn without new entries. */

/** Maximum further event loop turns that a group waits: a commit's fixed cost equals that of ten entries. A single entry waits none. */
const maxTurns = 2

/** Calls `done` after a turn without new entries, or when the group is full. @param size current number of entries */
export function waitForGroup(size: () => number, maxSize: number, done: () => void, previousSize = size(), turns = 0): void {
  setImmediate(() => {
    const currentSize = size()
    if (currentSize > previousSize && currentSize < maxSize && turns < maxTurns) waitForGroup(size, maxSize, done, currentSize, turns + 1)
    else done()
  })
}
